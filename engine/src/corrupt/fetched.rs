//! Which bytes of VM data one service has read, and nobody has written since.
//!
//! One bit a byte, in pages that are made when something in them is read: a collection of
//! garbage reads most of a heap.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::Range;

use crate::arena::PAGE;

const WORDS: usize = PAGE as usize / 64;

/// The bytes, and how many reads there were.
#[derive(Default)]
pub(super) struct Fetched {
    pages: BTreeMap<u64, Box<[u64; WORDS]>>,
    pub(super) loads: usize,
}

impl Fetched {
    /// Notes a read; tells whether a byte of it was noted before.
    pub(super) fn note(&mut self, range: Range<u64>) -> bool {
        self.loads += 1;
        let mut again = false;
        for byte in range {
            let page = self.pages.entry(byte / u64::from(PAGE));
            let (word, bit) = place(byte);
            let word = &mut page.or_insert_with(|| Box::new([0; WORDS]))[word];
            again |= *word & bit != 0;
            *word |= bit;
        }
        again
    }

    /// Forgets what was written.
    pub(super) fn forget(&mut self, range: &Range<u64>) {
        let page_bytes = u64::from(PAGE);
        let pages = range.start / page_bytes..range.end.div_ceil(page_bytes);
        for (page, words) in self.pages.range_mut(pages) {
            let start = range.start.max(page * page_bytes);
            let end = range.end.min((page + 1) * page_bytes);
            for byte in start..end {
                let (word, bit) = place(byte);
                words[word] &= !bit;
            }
        }
    }
}

/// The word of its page, and the bit of that, that stand for a byte.
fn place(byte: u64) -> (usize, u64) {
    let within = usize::try_from(byte % u64::from(PAGE)).expect("less than a page");
    (within / 64, 1 << (within % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_noted_until_it_is_written() {
        let mut fetched = Fetched::default();
        assert!(!fetched.note(4094..4098) && !fetched.note(4098..4100));
        assert!(fetched.note(4097..4099), "two of its bytes were read");
        fetched.forget(&(0..4097));
        assert!(!fetched.note(4090..4097));
        assert!(fetched.note(4097..4098));
        assert_eq!(fetched.loads, 5);
    }
}

//! Which bytes of VM data one service has read, and nobody has written since.
//!
//! One bit a byte, and a word of bits a lookup: a collection of garbage reads most of a heap.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes that one word has bits for.
const WORD: u64 = u64::BITS as u64;

/// The bytes, and how many reads there were.
#[derive(Default)]
pub(super) struct Fetched {
    /// By the number of the word.
    words: BTreeMap<u64, u64>,
    pub(super) loads: usize,
}

impl Fetched {
    /// Notes a read; tells whether a byte of it was noted before.
    pub(super) fn note(&mut self, range: &Range<u64>) -> bool {
        self.loads += 1;
        let mut again = false;
        for number in numbers(range) {
            let (word, bits) = (self.words.entry(number).or_default(), bits(number, range));
            again |= *word & bits != 0;
            *word |= bits;
        }
        again
    }

    /// Forgets what was written.
    pub(super) fn forget(&mut self, range: &Range<u64>) {
        for (&number, word) in self.words.range_mut(numbers(range)) {
            *word &= !bits(number, range);
        }
    }
}

/// The words that have bits for a range of bytes.
fn numbers(range: &Range<u64>) -> Range<u64> {
    range.start / WORD..range.end.div_ceil(WORD)
}

/// The bits of a range in one of its words.
fn bits(number: u64, range: &Range<u64>) -> u64 {
    let first = range.start.saturating_sub(number * WORD);
    let beyond = ((number + 1) * WORD).saturating_sub(range.end);
    u64::MAX << first & u64::MAX >> beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_noted_until_it_is_written() {
        let mut fetched = Fetched::default();
        assert!(!fetched.note(&(4094..4098)) && !fetched.note(&(4098..4100)));
        assert!(fetched.note(&(4097..4099)), "two of its bytes were read");
        fetched.forget(&(0..4097));
        assert!(!fetched.note(&(4090..4097)));
        assert!(fetched.note(&(4097..4098)));
        assert_eq!(fetched.loads, 5);
    }

    #[test]
    fn a_range_of_several_words_is_noted_and_forgotten_to_the_byte() {
        let range = 60..200;
        let mut fetched = Fetched::default();
        fetched.note(&range);
        for byte in 50..260 {
            assert_eq!(fetched.note(&(byte..byte + 1)), range.contains(&byte), "{byte}");
        }
        fetched.forget(&(70..70));
        fetched.forget(&(63..129));
        for byte in 50..260 {
            assert_eq!(fetched.note(&(byte..byte + 1)), !(63..129).contains(&byte), "{byte}");
        }
    }
}

//! Pages that only this process has, and only one owner: plain bytes, zeroed quickly.
//!
//! They come from the kernel itself, not from the allocator, which may zero what it gives
//! byte by byte, and that would commit memory for every page of an arena.

use std::io;
use std::slice;

use super::mapping::{Mapping, Protection};
use super::pagemap::Pagemap;

/// Readable and writable bytes of this process.
#[derive(Debug)]
pub struct OwnedPages {
    /// Readable and writable all over; zero from `len` on.
    pages: Mapping,
    len: usize,
    pagemap: Pagemap,
}

impl OwnedPages {
    /// `len` zeroes, a multiple of the page size. The host commits memory only for pages
    /// that are touched.
    pub(crate) fn new(len: usize) -> io::Result<OwnedPages> {
        Ok(OwnedPages { pages: OwnedPages::map(len)?, len, pagemap: Pagemap::default() })
    }

    /// Makes them `len` zeroes again. They move if they were never as many.
    pub(crate) fn reset(&mut self, len: usize) -> io::Result<()> {
        if len > self.pages.len() {
            self.pages = OwnedPages::map(len)?;
        } else {
            self.pages.zero(0..self.len, &mut self.pagemap)?;
        }
        self.len = len;
        Ok(())
    }

    fn map(len: usize) -> io::Result<Mapping> {
        // The kernel maps no empty range.
        let len = len.max(1 << 12);
        let pages = Mapping::reserve(len)?;
        pages.protect(0..len, Protection::ReadWrite)?;
        Ok(pages)
    }
}

impl AsRef<[u8]> for OwnedPages {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the pages are mapped and readable as long as `self` lives, nobody else has
        // their address, and whoever writes them borrows `self` mutably.
        unsafe { slice::from_raw_parts(self.pages.start(), self.len) }
    }
}

impl AsMut<[u8]> for OwnedPages {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_ref`; they are writable, too.
        unsafe { slice::from_raw_parts_mut(self.pages.start(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pagemap::MOST_PAGES;
    use super::*;

    const PAGE: usize = 4096;

    #[test]
    fn a_reset_zeroes_few_pages_and_many_at_any_length() {
        let mut pages = OwnedPages::new(4 * MOST_PAGES * PAGE).expect("memory");
        for (len, touched) in [(4, 1), (2, MOST_PAGES), (4, MOST_PAGES + 1), (9, 3), (0, 0), (9, 9)]
        {
            pages.reset(len * MOST_PAGES * PAGE).expect("memory");
            assert_eq!(pages.as_ref().len(), len * MOST_PAGES * PAGE);
            assert!(pages.as_ref().iter().all(|&byte| byte == 0), "{len} {touched}");
            let step = len * MOST_PAGES / touched.max(1) * PAGE;
            for at in (0..touched).map(|page| page * step) {
                pages.as_mut()[at..at + PAGE].fill(0xff);
            }
        }
    }

    #[test]
    fn bytes_are_where_they_were_unless_there_are_more() {
        let mut pages = OwnedPages::new(16 * PAGE).expect("memory");
        let before = pages.as_ref().as_ptr();
        for len in [16, 4, 16] {
            pages.reset(len * PAGE).expect("memory");
            assert_eq!(pages.as_ref().as_ptr(), before);
        }
    }

    #[test]
    fn few_touched_pages_stay_in_memory_and_many_do_not() {
        let resident = |pages: &mut OwnedPages| {
            let start = pages.as_ref().as_ptr().addr();
            let found = pages.pagemap.few(&(start..start + pages.len));
            found.map(|ranges| ranges.iter().map(|bytes| bytes.len() / PAGE).sum::<usize>())
        };
        let mut pages = OwnedPages::new(4 * MOST_PAGES * PAGE).expect("memory");
        if resident(&mut pages).is_none() {
            return; // this kernel does not say
        }
        for (touched, left) in [(3, 3), (MOST_PAGES, MOST_PAGES), (MOST_PAGES + 1, 0)] {
            assert!(pages.as_ref().iter().all(|&byte| byte == 0), "reading them does not count");
            pages.as_mut()[..touched * PAGE].fill(1);
            pages.reset(pages.len).expect("memory");
            assert_eq!(resident(&mut pages), Some(left), "{touched}");
        }
    }
}

//! Pages of an arena that hold something else than they did at first.
//!
//! A store writes its structures when it is made, and they follow from the program. So an
//! arena is told by the pages in which it differs from such a *pristine* one, and is had
//! again by writing them over another. Only pages that were ever touched are looked at:
//! most of an arena is reserved for growth and costs nothing.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::{Arena, NULL_PAGE, OutOfArena, PAGE};

const PAGE_LEN: usize = PAGE as usize;

/// Most pages that are kept: 256 MiB, as much as a memory may grow to by default.
pub const MAX_PAGES: usize = 1 << 16;

/// Whole pages of an arena, by offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Ascending multiples of [`PAGE`].
    offsets: Vec<u32>,
    /// [`PAGE`] bytes for each offset, in the same order.
    bytes: Vec<u8>,
}

/// Why pages are none, or are not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagesError {
    /// The offsets do not ascend, or lie between pages.
    #[error("page {position} at {offset:#x} is out of order or not aligned")]
    Offset {
        /// Position in the list.
        position: usize,
        /// The offset.
        offset: u32,
    },
    /// There is not one page of bytes for each offset.
    #[error("{bytes} bytes for {pages} pages")]
    Length {
        /// Bytes given.
        bytes: usize,
        /// Offsets given.
        pages: usize,
    },
    /// There are too many.
    #[error("more than {MAX_PAGES} pages")]
    TooMany,
    /// One lies outside the arena.
    #[error(transparent)]
    OutOfArena(#[from] OutOfArena),
}

impl Pages {
    /// Pages of bytes that come from outside.
    ///
    /// # Errors
    /// [`PagesError`], but for pages outside the arena that they are for.
    pub fn new(offsets: Vec<u32>, bytes: Vec<u8>) -> Result<Pages, PagesError> {
        if offsets.len() > MAX_PAGES {
            return Err(PagesError::TooMany);
        }
        if bytes.len() != offsets.len() * PAGE_LEN {
            return Err(PagesError::Length { bytes: bytes.len(), pages: offsets.len() });
        }
        let mut next = NULL_PAGE;
        for (position, &offset) in offsets.iter().enumerate() {
            if offset < next || !offset.is_multiple_of(PAGE) {
                return Err(PagesError::Offset { position, offset });
            }
            next = offset.saturating_add(PAGE);
        }
        Ok(Pages { offsets, bytes })
    }

    /// The pages in which an arena differs from a pristine one of the same length.
    ///
    /// # Errors
    /// [`PagesError::TooMany`]; [`PagesError::OutOfArena`] when the lengths differ.
    pub fn dirtied(arena: &dyn Arena, pristine: &dyn Arena) -> Result<Pages, PagesError> {
        let mut pages = Pages::default();
        let (mut page, mut before) = ([0; PAGE_LEN], [0; PAGE_LEN]);
        for offset in arena.touched().into_iter().flat_map(|range| range.step_by(PAGE_LEN)) {
            arena.read(offset, &mut page)?;
            pristine.read(offset, &mut before)?;
            if page != before {
                if pages.offsets.len() == MAX_PAGES {
                    return Err(PagesError::TooMany);
                }
                pages.offsets.push(offset);
                pages.bytes.extend_from_slice(&page);
            }
        }
        Ok(pages)
    }

    /// Writes the pages over an arena that is pristine.
    ///
    /// # Errors
    /// [`PagesError::OutOfArena`].
    pub fn write(&self, arena: &mut dyn Arena) -> Result<(), PagesError> {
        let pages = self.offsets.iter().zip(self.bytes.chunks_exact(PAGE_LEN));
        for (&offset, page) in pages {
            arena.write(offset, page)?;
        }
        Ok(())
    }

    /// Where the pages lie.
    #[must_use]
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// What they hold, one after the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The pages of an arena of length `len` that this process has touched, where its byte
/// [`NULL_PAGE`] lies at `address`; all of them if the kernel does not say.
pub(crate) fn touched(address: u64, len: u32) -> Vec<Range<u32>> {
    let all = NULL_PAGE..len;
    resident(address, all.len()).map_or_else(
        |_| vec![all],
        |ranges| merged(ranges.into_iter().map(|range| arena_pages(&range, len))),
    )
}

/// The arena pages that a range of bytes from [`NULL_PAGE`] on has a part in.
pub(crate) fn arena_pages(bytes: &Range<u64>, len: u32) -> Range<u32> {
    let page = u64::from(PAGE);
    let room = u64::from(len - NULL_PAGE);
    let start = (bytes.start / page * page).min(room);
    let end = bytes.end.next_multiple_of(page).min(room);
    let offset = |at: u64| NULL_PAGE + u32::try_from(at).expect("within a length, which is a u32");
    offset(start)..offset(end)
}

/// Ascending ranges of which neighbours may overlap, made disjoint.
pub(crate) fn merged(ranges: impl Iterator<Item = Range<u32>>) -> Vec<Range<u32>> {
    let mut all: Vec<Range<u32>> = Vec::new();
    for range in ranges {
        match all.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

/// Ranges of bytes from `address` on, relative to it, whose pages are in memory or in swap.
fn resident(address: u64, len: usize) -> io::Result<Vec<Range<u64>>> {
    if cfg!(not(target_arch = "x86_64")) {
        // The kernel counts in its own pages, which have other sizes elsewhere.
        return Err(io::ErrorKind::Unsupported.into());
    }
    const ENTRY: usize = 8;
    const PRESENT_OR_SWAPPED: u64 = 0b11 << 62;
    const AT_ONCE: usize = 512 * ENTRY;
    let page = u64::from(PAGE);
    let (first, end) = (address / page, (address + len as u64).div_ceil(page));
    let mut file = File::open("/proc/self/pagemap")?;
    file.seek(SeekFrom::Start(first * ENTRY as u64))?;
    let mut ranges = Vec::new();
    let mut buffer = [0; AT_ONCE];
    let mut number = first;
    while number < end {
        let wanted = usize::try_from(end - number).unwrap_or(usize::MAX).saturating_mul(ENTRY);
        let chunk = &mut buffer[..wanted.min(AT_ONCE)];
        file.read_exact(chunk)?;
        for (number, entry) in (number..).zip(chunk.chunks_exact(ENTRY)) {
            let entry = u64::from_le_bytes(entry.try_into().expect("8 bytes"));
            if entry & PRESENT_OR_SWAPPED != 0 {
                let start = (number * page).saturating_sub(address);
                ranges.push(start..(number + 1) * page - address);
            }
        }
        number += (chunk.len() / ENTRY) as u64;
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::OwnedArena;
    use crate::cage::{Cage, GuardMode};

    const LEN: u32 = NULL_PAGE + (64 << 20);

    fn arenas() -> [Box<dyn Arena>; 3] {
        let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
        let mut shared = Cage::shared(None).expect("a cage");
        cage.reset(LEN).expect("memory");
        shared.reset(LEN).expect("memory");
        [Box::new(OwnedArena::new(LEN)), Box::new(cage), Box::new(shared)]
    }

    #[test]
    fn pages_written_over_a_pristine_arena_make_the_same_arena() {
        for mut arena in arenas() {
            let pristine = OwnedArena::new(LEN);
            arena.store_u32(NULL_PAGE, 7).expect("inside");
            arena.store_u32(NULL_PAGE + 9 * PAGE - 2, 0x0102_0304).expect("inside");
            arena.store_u32(LEN - 4, 8).expect("inside");
            arena.store_u32(NULL_PAGE + 20 * PAGE, 0).expect("inside");
            let pages = Pages::dirtied(&*arena, &pristine).expect("few pages");
            let expected = [0, 8, 9].map(|page| NULL_PAGE + page * PAGE);
            assert_eq!(pages.offsets(), [&expected[..], &[LEN - PAGE]].concat());
            let mut again = OwnedArena::new(LEN);
            pages.write(&mut again).expect("inside");
            assert_eq!(
                again.digest(NULL_PAGE, LEN - NULL_PAGE),
                arena.digest(NULL_PAGE, LEN - NULL_PAGE)
            );
        }
    }

    #[test]
    fn a_page_that_became_zero_is_dirtied() {
        let mut pristine = OwnedArena::new(LEN);
        pristine.store_u32(NULL_PAGE, 7).expect("inside");
        let mut arena = OwnedArena::new(LEN);
        arena.store_u32(NULL_PAGE, 0).expect("inside");
        let pages = Pages::dirtied(&arena, &pristine).expect("few pages");
        assert_eq!(pages.offsets(), [NULL_PAGE]);
    }

    #[test]
    fn what_was_never_touched_is_not_looked_at() {
        for mut arena in arenas() {
            arena.store_u32(NULL_PAGE + (32 << 20), 1).expect("inside");
            let touched: u32 = arena.touched().iter().map(|range| range.end - range.start).sum();
            // The host may give huge pages, of 2 MiB.
            assert!((PAGE..=6 << 20).contains(&touched), "{touched:#x}");
        }
    }

    #[test]
    fn pages_from_outside_are_checked() {
        let page = vec![0; PAGE_LEN];
        let refused = |offsets: &[u32], bytes: &[u8]| {
            Pages::new(offsets.to_vec(), bytes.to_vec()).expect_err("refused").to_string()
        };
        assert_eq!(refused(&[0], &page), "page 0 at 0x0 is out of order or not aligned");
        assert_eq!(
            refused(&[NULL_PAGE + 1], &page),
            "page 0 at 0x10001 is out of order or not aligned"
        );
        let twice = [NULL_PAGE, NULL_PAGE];
        let pages = [&page[..], &page].concat();
        assert_eq!(refused(&twice, &pages), "page 1 at 0x10000 is out of order or not aligned");
        assert_eq!(refused(&[NULL_PAGE], &page[1..]), "4095 bytes for 1 pages");
        assert_eq!(refused(&vec![NULL_PAGE; MAX_PAGES + 1], &[]), "more than 65536 pages");
        let past = Pages::new(vec![NULL_PAGE + PAGE], page).expect("in order");
        let mut small = OwnedArena::new(NULL_PAGE + PAGE);
        assert!(matches!(past.write(&mut small), Err(PagesError::OutOfArena(_))));
    }
}

//! The cage: the address space that native code can reach from its one base pointer.
//!
//! ```text
//! base-20 GiB ...... base ........................ base+len ....... base+4 GiB ...... base+44 GiB
//! | guard or decoys | null page 64 KiB (no access) | accessible | guard | guard or decoys |
//! ```
//!
//! The reservation is as large as the reach of every address shape that a broken
//! backend was seen to make from a 32-bit offset, so that a wrong access meets a
//! guard (and faults) or a decoy (and leaves a trace), not the memory of the host.
//! Only a dropped extension or a wrong base reaches further.
//!
//! Invariants: nothing trusted lies in the reservation; `[NULL_PAGE, len)` is the
//! only part of the 4 GiB after the base that is ever accessible; the cage gives out
//! copies of bytes and raw addresses, never references into guest memory.
//!
//! A [shared](Cage::shared) cage holds its arena in a file, for a cell to map: there is
//! nothing else in the cell, so it needs no guards and no decoys, and the length of the
//! file is what ends the arena.

mod bytes;
mod decoy;
pub(crate) mod file;
pub(crate) mod mapping;
mod owned;
pub(crate) mod pagemap;

use std::io;
use std::ops::Range;
use std::os::fd::AsFd;

use crate::arena::{self, Arena, MAX_LEN, NULL_PAGE, OutOfArena, PAGE, width};
use crate::cell;
use crate::passes::Mode;

pub use decoy::{DECOY_LEN, DecoyTrace, recognise};

pub(crate) use bytes::{GuestBytes, Sharing};
pub use owned::OwnedPages;

use decoy::Decoy;
use file::MemoryFile;
use mapping::{Mapping, Protection};
use pagemap::{MOST_PAGES, Pagemap};

const GIB: usize = 1 << 30;

/// Reserved address space before the base.
const BEFORE: usize = 20 * GIB;

/// Reserved address space from the base on.
const AFTER: usize = 44 * GIB;

/// What one `u32` offset reaches.
const OFFSETS: usize = 4 * GIB;

/// How far as-shipped code may reach outside `[0, 4 GiB)` with the 32-bit
/// displacement of a native access, and still be correct.
const DISPLACEMENT: usize = 2 * GIB;

/// What lies in the reservation where correct code never reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuardMode {
    /// Pages without access.
    Guard,
    /// Decoys: accessible pages that keep traces.
    Decoy,
}

/// The bits in which the base of an [opposite](Base::Opposite) cage differs from another.
pub const OPPOSITE: u64 = 0x7fff_ffff_0000;

/// Where a cage lies in the address space of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Base {
    /// Wherever the kernel puts it.
    #[default]
    Any,
    /// Where every bit from 16 to 46 of the base, all that a base of 47 bits can differ in,
    /// is another than in a cage that the kernel has put somewhere.
    Opposite,
}

/// Why there is no cage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CageError {
    /// The host refused the address space.
    #[error("cannot reserve 64 GiB of address space: {0}")]
    Reserve(String),
    /// The host refused the decoys.
    #[error(
        "cannot map {count} decoys: {reason}; raise vm.max_map_count (now {limit}) above {needed}"
    )]
    Decoys {
        /// Mappings that one cage with decoys takes.
        count: usize,
        /// What the host said.
        reason: String,
        /// The limit on the mappings of a process, as the host states it.
        limit: String,
        /// A limit that suffices.
        needed: usize,
    },
    /// The host refused to change pages of the arena.
    #[error("cannot give the arena {len:#x} bytes: {reason}")]
    Resize {
        /// The length that was asked for.
        len: u32,
        /// What the host said.
        reason: String,
    },
}

/// The reservation, with an arena in it.
#[derive(Debug)]
pub struct Cage {
    reservation: Mapping,
    len: u32,
    /// Where accessible pages end: `len`, unless the cage is [closed](Cage::close).
    open: u32,
    pagemap: Pagemap,
    decoy: Option<Decoy>,
    decoys_for: Mode,
    /// The arena from [`NULL_PAGE`] on, where it is shared.
    file: Option<MemoryFile>,
}

impl Cage {
    /// A cage whose arena has no accessible byte yet, where the kernel puts it.
    ///
    /// # Errors
    /// [`CageError`] when the host refuses the address space.
    pub fn new(guard: GuardMode) -> Result<Cage, CageError> {
        Cage::with_base(None, guard)
    }

    /// A cage with a given base.
    ///
    /// # Errors
    /// [`CageError`] when the host refuses the address space, or something lies there.
    pub fn with_base(base: Option<u64>, guard: GuardMode) -> Result<Cage, CageError> {
        let reservation = match base {
            None => Mapping::reserve(BEFORE + AFTER),
            Some(base) => Mapping::reserve_at(base.saturating_sub(BEFORE as u64), BEFORE + AFTER),
        };
        let reservation = reservation.map_err(|e| CageError::Reserve(e.to_string()))?;
        let decoys_for = Mode::Exact;
        let mut cage = Cage {
            reservation,
            len: NULL_PAGE,
            open: NULL_PAGE,
            pagemap: Pagemap::default(),
            decoy: None,
            decoys_for,
            file: None,
        };
        if guard == GuardMode::Decoy {
            cage.decoy = Some(cage.lay_decoys().map_err(decoy_error)?);
        }
        Ok(cage)
    }

    /// A cage whose arena another process can map, without an accessible byte yet.
    ///
    /// # Errors
    /// As [`Cage::with_base`].
    pub(crate) fn shared(base: Option<u64>) -> Result<Cage, CageError> {
        let mut cage = Cage::with_base(base, GuardMode::Guard)?;
        cage.file = Some(cage.lay_file().map_err(|e| CageError::Reserve(e.to_string()))?);
        Ok(cage)
    }

    fn lay_file(&self) -> io::Result<MemoryFile> {
        let file = MemoryFile::new(c"fencepost-arena", 0)?;
        self.reservation.overlay(shared_part(), file.as_fd())?;
        Ok(file)
    }

    /// What a cell maps of it; nothing unless the cage is shared.
    pub(crate) fn memory(&self) -> Option<cell::Memory<'_>> {
        let range = shared_part();
        Some(cell::Memory {
            address: self.reservation.at(range.start) as u64,
            len: range.len(),
            protection: Protection::ReadWrite,
            file: self.file.as_ref()?.as_fd(),
        })
    }

    fn lay_decoys(&self) -> io::Result<Decoy> {
        let decoy = Decoy::new()?;
        for start in decoy_places() {
            self.reservation.overlay(start..start + DECOY_LEN, decoy.file())?;
        }
        Ok(decoy)
    }

    /// The address that every offset is relative to.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.reservation.at(BEFORE) as u64
    }

    /// What lies outside the reach of correct code.
    #[must_use]
    pub fn guard(&self) -> GuardMode {
        if self.decoy.is_some() { GuardMode::Decoy } else { GuardMode::Guard }
    }

    /// Leaves the arena without an accessible byte for trusted code, until the next reset. Its
    /// pages stay as they are: no guest code runs in between.
    pub(crate) fn close(&mut self) {
        self.len = NULL_PAGE;
    }

    /// Gives a zeroed arena of `len` bytes. Costs a system call, and time for the pages that
    /// were touched since the last reset; further calls if the length is another.
    ///
    /// # Errors
    /// [`CageError::Resize`] when the host has no memory left.
    ///
    /// # Panics
    /// When `len` is below [`NULL_PAGE`] or not a multiple of [`PAGE`].
    pub fn reset(&mut self, len: u32) -> Result<(), CageError> {
        assert!(
            (NULL_PAGE..=MAX_LEN).contains(&len) && len.is_multiple_of(PAGE),
            "length {len:#x}"
        );
        self.zero()
            .and_then(|()| self.resize(len))
            .map_err(|e| CageError::Resize { len, reason: e.to_string() })
    }

    fn zero(&mut self) -> io::Result<()> {
        self.len = self.open;
        let Some(file) = &self.file else {
            return self.reservation.zero(pages(NULL_PAGE, self.open), &mut self.pagemap);
        };
        let Some(touched) = file.few_data(MOST_PAGES as u64 * u64::from(PAGE))? else {
            self.open = NULL_PAGE;
            return file.set_len(0);
        };
        for range in touched {
            let range = arena::arena_pages(&range, self.len);
            self.fill(range.start, 0, range.end - range.start).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn resize(&mut self, len: u32) -> io::Result<()> {
        let before = self.open;
        if len != before
            && let Some(file) = &self.file
        {
            file.set_len((len - NULL_PAGE) as usize)?;
        } else if len < before {
            self.reservation.protect(pages(len, before), Protection::None)?;
        } else if len > before {
            self.reservation.protect(pages(before, len), Protection::ReadWrite)?;
        }
        (self.len, self.open) = (len, len);
        Ok(())
    }

    /// Arranges the decoys for a kind of run. As shipped, correct code may reach up to
    /// a displacement outside the 4 GiB of the arena, and must fault there.
    ///
    /// # Errors
    /// [`CageError::Decoys`] when the host refuses.
    pub fn arrange(&mut self, mode: Mode) -> Result<(), CageError> {
        if self.decoy.is_none() || self.decoys_for == mode {
            return Ok(());
        }
        let protection = match mode {
            Mode::Exact => Protection::ReadWrite,
            Mode::AsShipped => Protection::None,
        };
        let after = BEFORE + OFFSETS;
        for range in [BEFORE - DISPLACEMENT..BEFORE, after..after + DISPLACEMENT + DECOY_LEN] {
            self.reservation.protect(range, protection).map_err(decoy_error)?;
        }
        self.decoys_for = mode;
        Ok(())
    }

    /// Finds what was written to the decoys since the last look, and restores them.
    #[must_use]
    pub fn inspect(&self) -> Vec<DecoyTrace> {
        self.decoy.as_ref().map(Decoy::inspect).unwrap_or_default()
    }

    /// `width` accessible bytes.
    fn locate(&self, offset: u32, width: u32) -> Result<GuestBytes, OutOfArena> {
        let end = u64::from(offset) + u64::from(width);
        if width != 0 && (offset < NULL_PAGE || end > u64::from(self.len)) {
            return Err(OutOfArena { offset, width });
        }
        let start = self.reservation.at(BEFORE + offset as usize);
        let sharing = if self.file.is_some() { Sharing::Shared } else { Sharing::Private };
        // SAFETY: the bytes are mapped as long as the cage is, readable and writable, as
        // just checked; nothing else in this process accesses them while trusted code
        // runs, and another process only those of the file.
        Ok(unsafe { GuestBytes::new(start, width as usize, sharing) })
    }
}

impl Arena for Cage {
    fn len(&self) -> u32 {
        self.len
    }

    fn touched(&self) -> Vec<Range<u32>> {
        let Some(file) = &self.file else {
            return arena::touched(self.base() + u64::from(NULL_PAGE), self.len);
        };
        let pages = |range: Range<u64>| arena::arena_pages(&range, self.len);
        let all = NULL_PAGE..self.len;
        file.data().map_or_else(|_| vec![all], |data| arena::merged(data.into_iter().map(pages)))
    }

    fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), OutOfArena> {
        self.locate(offset, width(into))?.load(into);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfArena> {
        self.locate(offset, width(bytes))?.store(bytes);
        Ok(())
    }

    fn copy_within(&mut self, dst: u32, src: u32, len: u32) -> Result<(), OutOfArena> {
        let dst = self.locate(dst, len)?;
        self.locate(src, len)?.move_to(dst);
        Ok(())
    }

    fn fill(&mut self, offset: u32, byte: u8, len: u32) -> Result<(), OutOfArena> {
        self.locate(offset, len)?.fill(byte);
        Ok(())
    }
}

/// The part of the reservation that a shared cage keeps in its file.
fn shared_part() -> Range<usize> {
    BEFORE + NULL_PAGE as usize..BEFORE + OFFSETS
}

/// A range of arena offsets as a range of the reservation.
fn pages(start: u32, end: u32) -> Range<usize> {
    BEFORE + start as usize..BEFORE + end as usize
}

/// Where decoys stand in the reservation: all of it but the 4 GiB of the arena.
fn decoy_places() -> impl Iterator<Item = usize> {
    let before = (0..BEFORE).step_by(DECOY_LEN);
    before.chain((BEFORE + OFFSETS..BEFORE + AFTER).step_by(DECOY_LEN))
}

fn decoy_error(error: io::Error) -> CageError {
    let count = decoy_places().count();
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let limit = limit.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned());
    CageError::Decoys { count, reason: error.to_string(), limit, needed: 2 * count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessible_is_exactly_null_page_to_len() {
        let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
        cage.reset(NULL_PAGE + PAGE).expect("memory");
        let end = cage.len();
        for offset in [0, NULL_PAGE - 1, end - 3, end, u32::MAX - 1] {
            assert_eq!(cage.load_u32(offset), Err(OutOfArena { offset, width: 4 }), "{offset:#x}");
        }
        for offset in [NULL_PAGE, end - 4] {
            cage.store_u32(offset, 0x1234_5678).expect("inside");
            assert_eq!(cage.load_u32(offset), Ok(0x1234_5678));
        }
    }

    #[test]
    fn a_reset_zeroes_and_resizes() {
        let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
        for pages in [16, 4, 64, 0, 1] {
            cage.reset(NULL_PAGE + pages * PAGE).expect("memory");
            assert_eq!(cage.len(), NULL_PAGE + pages * PAGE);
            let mut bytes = vec![1; (pages * PAGE) as usize];
            cage.read(NULL_PAGE, &mut bytes).expect("inside");
            assert!(bytes.iter().all(|&byte| byte == 0), "{pages} pages");
            cage.fill(NULL_PAGE, 0xff, pages * PAGE).expect("inside");
        }
    }

    #[test]
    fn overlapping_copies_move_every_byte() {
        let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
        cage.reset(NULL_PAGE + PAGE).expect("memory");
        cage.write(NULL_PAGE, &[1, 2, 3, 4]).expect("inside");
        cage.copy_within(NULL_PAGE + 1, NULL_PAGE, 4).expect("inside");
        let mut bytes = [0; 5];
        cage.read(NULL_PAGE, &mut bytes).expect("inside");
        assert_eq!(bytes, [1, 1, 2, 3, 4]);
    }

    #[test]
    fn there_is_always_room_for_the_opposite_of_a_cage() {
        let cage = Cage::new(GuardMode::Guard).expect("a cage");
        let base = cage.base() ^ OPPOSITE;
        let opposite = Cage::with_base(Some(base), GuardMode::Guard).expect("another cage");
        assert_eq!(opposite.base(), base);
        let taken = Cage::with_base(Some(base), GuardMode::Guard).expect_err("no room for a third");
        assert!(matches!(taken, CageError::Reserve(_)), "{taken}");
    }

    #[test]
    fn decoys_surround_the_arena_as_far_as_the_reservation_goes() {
        let places: Vec<usize> = decoy_places().collect();
        assert_eq!(places.first(), Some(&0));
        assert_eq!(places.last(), Some(&(BEFORE + AFTER - DECOY_LEN)));
        assert!(!places.iter().any(|place| (BEFORE..BEFORE + OFFSETS).contains(place)));
        assert_eq!(places.len() * DECOY_LEN, BEFORE + AFTER - OFFSETS);
    }

    #[test]
    fn too_many_decoys_are_an_error_that_names_the_limit() {
        let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("a limit");
        let limit: usize = limit.trim().parse().expect("a number");
        let fit = limit / decoy_places().count();
        if fit > 8 {
            return; // this host has room for more than a test should map
        }
        let cages: Vec<_> = (0..=fit).map(|_| Cage::new(GuardMode::Decoy)).collect();
        let refused = cages.into_iter().find_map(Result::err).expect("one cage too many");
        assert!(matches!(refused, CageError::Decoys { .. }), "{refused}");
        assert!(refused.to_string().contains("vm.max_map_count"), "{refused}");
    }
}

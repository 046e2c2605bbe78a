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
mod error;
pub(crate) mod file;
pub(crate) mod mapping;
mod owned;
pub(crate) mod pagemap;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::os::fd::AsFd;

use crate::arena::{self, Arena, MAX_LEN, NULL_PAGE, OutOfArena, PAGE, width};
use crate::cell;
use crate::passes::Mode;

pub use decoy::{DECOY_LEN, DecoyTrace, recognise};
pub use error::CageError;

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
            cage.decoy = Some(cage.lay_decoys().map_err(decoy::error)?);
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

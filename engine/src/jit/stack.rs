//! The stack that guest code runs on: its own pages with guards at both ends.
//!
//! Two checks keep it whole. Lowered code compares the stack pointer with a limit at the
//! entry of every function that calls another, and traps; the limit lies [`RESERVE`] above
//! the lower guard, which covers the frames of the function that checks and of one that
//! calls nothing (at most [`FRAME_CAP`] each, else it is not loaded) and that of a gateway.
//! Whatever a broken backend does to the first, the guards catch the rest.

use std::io;
use std::os::fd::AsFd;

use crate::cage::file::MemoryFile;
use crate::cage::mapping::{Mapping, Protection};
use crate::cage::{GuestBytes, Sharing};
use crate::cell;
use crate::executor::Slot;

/// Largest frame that a function may have, in bytes.
pub(super) const FRAME_CAP: u32 = 64 << 10;

/// Bytes below the limit: two frames, a gateway with its slots, and room to spare.
const RESERVE: usize = 256 << 10;

const USABLE: usize = 8 << 20;

/// Bytes of each guard.
const GUARD: usize = 1 << 20;

/// The stack's pages.
#[derive(Debug)]
pub(super) struct GuestStack {
    pages: Mapping,
    file: Option<MemoryFile>,
}

impl GuestStack {
    pub(super) fn new() -> io::Result<GuestStack> {
        let pages = Mapping::reserve(GUARD + USABLE + GUARD)?;
        pages.protect(GUARD..GUARD + USABLE, Protection::ReadWrite)?;
        Ok(GuestStack { pages, file: None })
    }

    /// A stack that a cell runs on.
    pub(super) fn shared() -> io::Result<GuestStack> {
        let mut stack = GuestStack::new()?;
        let file = MemoryFile::new(c"fencepost-stack", USABLE)?;
        stack.pages.overlay(GUARD..GUARD + USABLE, file.as_fd())?;
        stack.file = Some(file);
        Ok(stack)
    }

    /// What a cell maps of it; nothing unless it is shared.
    pub(super) fn memory(&self) -> Option<cell::Memory<'_>> {
        Some(cell::Memory {
            address: self.pages.at(GUARD) as u64,
            len: USABLE,
            protection: Protection::ReadWrite,
            file: self.file.as_ref()?.as_fd(),
        })
    }

    /// Where the stack begins; it grows down.
    pub(super) fn top(&self) -> u64 {
        self.pages.at(GUARD + USABLE) as u64
    }

    /// The lowest stack pointer with which a function may run.
    pub(super) fn limit(&self) -> u64 {
        self.pages.at(GUARD + RESERVE) as u64
    }

    /// Whether an address lies in one of the guards.
    pub(super) fn in_guard(&self, address: u64) -> bool {
        let offset = address.wrapping_sub(self.pages.start() as u64);
        self.pages.contains(address) && !(GUARD as u64..(GUARD + USABLE) as u64).contains(&offset)
    }

    /// The word at an address, if it lies wholly in the usable part.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.bytes(address, bytes.len())?.load(&mut bytes);
        Some(u64::from_le_bytes(bytes))
    }

    /// The slots at an address, if they lie wholly in the usable part.
    pub(super) fn slots(&self, address: u64, count: usize) -> Option<Vec<Slot>> {
        let mut bytes = vec![0; count * SLOT];
        self.bytes(address, bytes.len())?.load(&mut bytes);
        let slot = |bytes: &[u8]| Slot::from_le_bytes(bytes.try_into().expect("a whole slot"));
        Some(bytes.chunks_exact(SLOT).map(slot).collect())
    }

    /// Writes slots to an address, if they lie wholly in the usable part.
    pub(super) fn set_slots(&self, address: u64, slots: &[Slot]) -> Option<()> {
        let bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.to_le_bytes()).collect();
        self.bytes(address, bytes.len())?.store(&bytes);
        Some(())
    }

    fn bytes(&self, address: u64, len: usize) -> Option<GuestBytes> {
        let offset = usize::try_from(address.checked_sub(self.pages.start() as u64)?).ok()?;
        if offset < GUARD || offset.checked_add(len)? > GUARD + USABLE {
            return None;
        }
        let sharing = if self.file.is_some() { Sharing::Shared } else { Sharing::Private };
        // SAFETY: the bytes lie in the usable part of the stack, as just checked, and
        // trusted code looks at it in no other way.
        Some(unsafe { GuestBytes::new(self.pages.at(offset), len, sharing) })
    }
}

/// Bytes of a slot.
pub(super) const SLOT: usize = size_of::<Slot>();

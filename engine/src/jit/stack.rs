//! The stack that guest code runs on: its own pages with guards at both ends.
//!
//! Two checks keep it whole. Lowered code compares the stack pointer with a limit at
//! every function's entry and traps; the limit lies [`RESERVE`] above the lower guard,
//! which covers the frame of the function that checks (at most [`FRAME_CAP`], else it
//! is not loaded) and that of a gateway. Whatever a broken backend does to the first,
//! the guards catch the rest.

use std::io;

use crate::cage::mapping::{Mapping, Protection};

/// Largest frame that a function may have, in bytes.
pub(super) const FRAME_CAP: u32 = 64 << 10;

/// Bytes below the limit: a frame, a gateway with its slots, and room to spare.
const RESERVE: usize = 256 << 10;

const USABLE: usize = 8 << 20;

/// Bytes of each guard.
const GUARD: usize = 1 << 20;

/// The stack's pages.
#[derive(Debug)]
pub(super) struct GuestStack(Mapping);

impl GuestStack {
    pub(super) fn new() -> io::Result<GuestStack> {
        let pages = Mapping::reserve(GUARD + USABLE + GUARD)?;
        pages.protect(GUARD..GUARD + USABLE, Protection::ReadWrite)?;
        Ok(GuestStack(pages))
    }

    /// Where the stack begins; it grows down.
    pub(super) fn top(&self) -> u64 {
        self.0.at(GUARD + USABLE) as u64
    }

    /// The lowest stack pointer with which a function may run.
    pub(super) fn limit(&self) -> u64 {
        self.0.at(GUARD + RESERVE) as u64
    }

    /// Whether an address lies in one of the guards.
    pub(super) fn in_guard(&self, address: u64) -> bool {
        let offset = address.wrapping_sub(self.0.start() as u64);
        self.0.contains(address) && !(GUARD as u64..(GUARD + USABLE) as u64).contains(&offset)
    }

    /// The word at an address, if it lies wholly in the usable part.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        let offset = usize::try_from(address.checked_sub(self.0.start() as u64)?).ok()?;
        if !(GUARD..=GUARD + USABLE - 8).contains(&offset) {
            return None;
        }
        // SAFETY: the word lies in the readable part of the stack, as just checked, and
        // guest code waits while trusted code looks at its stack.
        Some(unsafe { self.0.at(offset).cast::<u64>().read_unaligned() })
    }
}

//! Decoys: memory that looks accessible and tells on whoever touches it.
//!
//! A guard misses an escape that lands on memory which happens to be mapped. In
//! decoy mode the reach around the arena is covered by one small file, mapped again
//! and again, whose every word names itself: a write shows in the file, and a read
//! brings back a value that [`recognise`] knows.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::file::MemoryFile;
use super::mapping::{Mapping, Protection};
use super::{AFTER, BEFORE, Cage, CageError, GIB, OFFSETS};
use crate::passes::Mode;

/// Size of the file that stands everywhere around the arena, in 32-bit words.
const WORDS: u32 = 1 << 19;

/// The same in bytes.
pub const DECOY_LEN: usize = WORDS as usize * 4;

/// Upper byte of every 32-bit word of a decoy; the rest is the word's own index.
const MARK: u32 = 0xde00_0000;

/// Words that are compared at once.
const BLOCK: u32 = 1024;

/// How far as-shipped code may reach outside `[0, 4 GiB)` with the 32-bit
/// displacement of a native access, and still be correct.
const DISPLACEMENT: usize = 2 * GIB;

/// Most traces that are collected from one run.
const MAX_TRACES: usize = 16;

/// A word of the decoy that something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoyTrace {
    /// Where, in bytes from the arena's base modulo [`DECOY_LEN`]: all copies are
    /// one file, so the copy that was written through is not known.
    pub offset: u32,
    /// What stands there now.
    pub found: u32,
}

/// The place in the decoy, in bytes, that a value was read from, if it looks like
/// one of its aligned words.
#[must_use]
pub fn recognise(value: u32) -> Option<u32> {
    let index = value ^ MARK;
    (index < WORDS).then_some(index * 4)
}

/// The file, and the view of it through which trusted code checks it.
#[derive(Debug)]
pub(super) struct Decoy {
    file: MemoryFile,
    view: Mapping,
}

impl Decoy {
    pub(super) fn new() -> io::Result<Decoy> {
        let file = MemoryFile::new(c"fencepost-decoy", DECOY_LEN)?;
        let view = Mapping::share(file.as_fd(), DECOY_LEN)?;
        let decoy = Decoy { file, view };
        (0..WORDS).for_each(|index| decoy.set(index, MARK | index));
        Ok(decoy)
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Finds the words that changed since the last look, and restores them.
    pub(super) fn inspect(&self) -> Vec<DecoyTrace> {
        let mut traces = Vec::new();
        let mut words = [0; BLOCK as usize];
        for start in (0..WORDS).step_by(BLOCK as usize) {
            self.copy(start, &mut words);
            // Whole blocks at once: this runs after every batch.
            let changed =
                words.iter().zip(start..).fold(0, |all, (w, index)| all | (w ^ MARK ^ index));
            if changed != 0 {
                self.collect(start, &words, &mut traces);
            }
        }
        traces.truncate(MAX_TRACES);
        traces
    }

    /// Notes and restores what changed in the block that begins at word `start`.
    fn collect(&self, start: u32, words: &[u32], traces: &mut Vec<DecoyTrace>) {
        for (&found, index) in words.iter().zip(start..) {
            if found != MARK | index {
                self.set(index, MARK | index);
                traces.push(DecoyTrace { offset: index * 4, found });
            }
        }
    }

    fn word(&self, index: u32) -> *mut u32 {
        self.view.at(index as usize * 4).cast()
    }

    fn copy(&self, start: u32, into: &mut [u32]) {
        debug_assert!(start as usize + into.len() <= WORDS as usize);
        // SAFETY: the view spans `WORDS` words and is readable (`new`); no reference
        // to it exists.
        unsafe { into.as_mut_ptr().copy_from_nonoverlapping(self.word(start), into.len()) };
    }

    fn set(&self, index: u32, value: u32) {
        debug_assert!(index < WORDS);
        // SAFETY: the word lies in the view, which is writable (`new`).
        unsafe { self.word(index).write(value) }
    }
}

impl Cage {
    /// Covers the reservation with decoys.
    pub(super) fn lay_decoys(&self) -> io::Result<Decoy> {
        let decoy = Decoy::new()?;
        for start in places() {
            self.reservation.overlay(start..start + DECOY_LEN, decoy.file())?;
        }
        Ok(decoy)
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
            self.reservation.protect(range, protection).map_err(error)?;
        }
        self.decoys_for = mode;
        Ok(())
    }

    /// Finds what was written to the decoys since the last look, and restores them.
    #[must_use]
    pub fn inspect(&self) -> Vec<DecoyTrace> {
        self.decoy.as_ref().map(Decoy::inspect).unwrap_or_default()
    }
}

/// Where decoys stand in the reservation: all of it but the 4 GiB of the arena.
fn places() -> impl Iterator<Item = usize> {
    let before = (0..BEFORE).step_by(DECOY_LEN);
    before.chain((BEFORE + OFFSETS..BEFORE + AFTER).step_by(DECOY_LEN))
}

/// What a refusal by the host comes to.
pub(super) fn error(refused: io::Error) -> CageError {
    let count = places().count();
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let limit = limit.map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned());
    CageError::Decoys { count, reason: refused.to_string(), limit, needed: 2 * count }
}

#[cfg(test)]
mod tests {
    use super::super::GuardMode;
    use super::*;

    #[test]
    fn a_changed_word_is_found_once() {
        let decoy = Decoy::new().expect("memory for a decoy");
        assert_eq!(decoy.inspect(), []);
        decoy.set(WORDS - 1, 7);
        let offset = (WORDS - 1) * 4;
        assert_eq!(decoy.inspect(), [DecoyTrace { offset, found: 7 }]);
        assert_eq!(decoy.inspect(), []);
    }

    #[test]
    fn a_word_names_its_place_and_common_values_are_no_decoys() {
        let decoy = Decoy::new().expect("memory for a decoy");
        let mut word = [0];
        decoy.copy(1234, &mut word);
        assert_eq!(recognise(word[0]), Some(1234 * 4));
        for value in [0, 1, u32::MAX, 0xdead_beef, MARK + WORDS] {
            assert_eq!(recognise(value), None, "{value:#x}");
        }
    }

    #[test]
    fn decoys_surround_the_arena_as_far_as_the_reservation_goes() {
        let places: Vec<usize> = places().collect();
        assert_eq!(places.first(), Some(&0));
        assert_eq!(places.last(), Some(&(BEFORE + AFTER - DECOY_LEN)));
        assert!(!places.iter().any(|place| (BEFORE..BEFORE + OFFSETS).contains(place)));
        assert_eq!(places.len() * DECOY_LEN, BEFORE + AFTER - OFFSETS);
    }

    #[test]
    fn too_many_decoys_are_an_error_that_names_the_limit() {
        let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("a limit");
        let limit: usize = limit.trim().parse().expect("a number");
        let fit = limit / places().count();
        if fit > 8 {
            return; // this host has room for more than a test should map
        }
        let cages: Vec<_> = (0..=fit).map(|_| Cage::new(GuardMode::Decoy)).collect();
        let refused = cages.into_iter().find_map(Result::err).expect("one cage too many");
        assert!(matches!(refused, CageError::Decoys { .. }), "{refused}");
        assert!(refused.to_string().contains("vm.max_map_count"), "{refused}");
    }
}

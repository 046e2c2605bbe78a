//! Writes to the arena that wait for a builtin.
//!
//! Compiled code checks what it passes to a builtin before the call. A write that strikes
//! when the call has been made comes after that check, as one by another thread would.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

use crate::arena::{Arena, OutOfArena};
use crate::trap::Trap;

/// How many may wait at a time.
const MOST: usize = 64;

/// The writes of a store that have not struck yet.
#[derive(Debug, Default)]
pub struct Ambushes(Vec<Ambush>);

/// A write of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ambush {
    /// Calls of builtins that it lets pass.
    pub lets_pass: u32,
    /// Where it goes.
    pub offset: u32,
    /// What is written.
    pub value: u32,
}

impl Ambushes {
    /// Has a write of 32 bits wait, which lets so many calls of builtins pass.
    ///
    /// # Errors
    /// [`Trap::ArenaOutOfBounds`] if it lies outside, [`Trap::Host`] if too many wait.
    pub fn lay(
        &mut self,
        arena: &dyn Arena,
        lets_pass: u32,
        offset: u32,
        value: u32,
    ) -> Result<(), Trap> {
        arena.load_u32(offset)?;
        if self.0.len() >= MOST {
            return Err(Trap::Host);
        }
        self.0.push(Ambush { lets_pass, offset, value });
        Ok(())
    }

    /// The writes that wait, in the order in which they were laid.
    pub(super) fn waiting(&self) -> &[Ambush] {
        &self.0
    }

    /// A builtin is called: carries out what waited for it, in the order in which it was laid.
    pub(super) fn strike(&mut self, arena: &mut dyn Arena) -> Result<(), OutOfArena> {
        for waiting in self.0.extract_if(.., |waiting| waiting.lets_pass == 0) {
            arena.store_u32(waiting.offset, waiting.value)?;
        }
        for waiting in &mut self.0 {
            waiting.lets_pass -= 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{NULL_PAGE, OwnedArena, PAGE};

    #[test]
    fn a_write_strikes_once_and_at_its_builtin() {
        let mut arena = OwnedArena::new(NULL_PAGE + PAGE);
        let mut ambushes = Ambushes::default();
        ambushes.lay(&arena, 1, NULL_PAGE, 7).expect("inside");
        ambushes.strike(&mut arena).expect("inside");
        assert_eq!(arena.load_u32(NULL_PAGE), Ok(0));
        ambushes.strike(&mut arena).expect("inside");
        assert_eq!(arena.load_u32(NULL_PAGE), Ok(7));
        arena.store_u32(NULL_PAGE, 0).expect("inside");
        ambushes.strike(&mut arena).expect("inside");
        assert_eq!(arena.load_u32(NULL_PAGE), Ok(0));
    }

    #[test]
    fn writes_outside_and_too_many_are_refused() {
        let arena = OwnedArena::new(NULL_PAGE + PAGE);
        let mut ambushes = Ambushes::default();
        assert_eq!(ambushes.lay(&arena, 0, 0, 1), Err(Trap::ArenaOutOfBounds));
        assert_eq!(ambushes.lay(&arena, 0, arena.len() - 3, 1), Err(Trap::ArenaOutOfBounds));
        for _ in 0..MOST {
            ambushes.lay(&arena, 9, NULL_PAGE, 1).expect("room");
        }
        assert_eq!(ambushes.lay(&arena, 9, NULL_PAGE, 1), Err(Trap::Host));
    }
}

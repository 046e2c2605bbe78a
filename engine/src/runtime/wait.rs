//! Waiting in shared memories, and notifying, where there is one agent.
//!
//! Nobody else can change a word or notify while the only agent waits. So a wait for a
//! word that is as expected ends by its timeout, which nothing can tell from one that has
//! passed already: it returns at once, and runs repeat. A wait without a timeout never
//! ends; it traps as what an embedder has stopped. A notification meets nobody.
//!
//! Addresses are checked as Wasmtime's libcalls check them: alignment first, then bounds.
#![forbid(unsafe_code)]

use super::builtins::Args;
use super::state::{Memory, State};
use crate::arena::Arena;
use crate::executor::Slot;
use crate::trap::Trap;

/// What a wait returns when the word is not as expected.
const NOT_EQUAL: Slot = 1;

/// What it returns when its timeout has passed.
const TIMED_OUT: Slot = 2;

impl State {
    /// Wakes nobody: the number of those woken.
    pub(super) fn notify(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        self.word(args, 4).map(|_| 0)
    }

    /// Waits while a word of `N` bytes is as expected.
    pub(super) fn wait<const N: usize>(
        &self,
        arena: &mut dyn Arena,
        args: &Args<'_>,
    ) -> Result<Slot, Trap> {
        if !self.waited_memory(args)?.ty.shared {
            return Err(Trap::AtomicWaitNonSharedMemory);
        }
        let word = self.word(args, N as u64)?;
        let mut found = [0; N];
        arena.read(word, &mut found)?;
        let expected = args.u64(3).to_le_bytes();
        match args.u64(4).cast_signed() {
            _ if found != expected[..N] => Ok(NOT_EQUAL),
            0.. => Ok(TIMED_OUT),
            _ => Err(Trap::Interrupt),
        }
    }

    fn waited_memory(&self, args: &Args<'_>) -> Result<&Memory, Trap> {
        let id = self.caller(args)?.defined_memory(args.u32(1)).ok_or(Trap::Host)?;
        Ok(self.memory(id))
    }

    /// Arena offset of a word.
    fn word(&self, args: &Args<'_>, width: u64) -> Result<u32, Trap> {
        let memory = self.waited_memory(args)?;
        let address = args.u64(2);
        if !address.is_multiple_of(width) {
            return Err(Trap::HeapMisaligned);
        }
        let end = address.checked_add(width).ok_or(Trap::HeapOutOfBounds)?;
        if end > u64::from(memory.len_bytes()) {
            return Err(Trap::HeapOutOfBounds);
        }
        u32::try_from(address).map(|at| memory.base + at).map_err(|_| Trap::HeapOutOfBounds)
    }
}

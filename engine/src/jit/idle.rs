//! Processes that no executor uses at the moment, kept for the next one on their thread.

use std::cell::RefCell;

use super::process::Process;
use super::{JitError, Native};
use crate::cage::{Base, GuardMode, OPPOSITE};

/// What tells processes apart before anything is loaded into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) native: Native,
    pub(super) guard: GuardMode,
    /// The base of the cage, unless the kernel chose it.
    pub(super) base: Option<u64>,
}

impl Kind {
    /// Whether the two differ in nothing but where the kernel did not put them.
    fn is_opposite_of_another(self, wanted: Kind) -> bool {
        let both = self.base.is_some() && wanted.base.is_some();
        both && self != wanted && Kind { base: wanted.base, ..self } == wanted
    }
}

thread_local! {
    /// Processes that no executor uses at the moment, at most one of each kind.
    static IDLE: RefCell<Vec<Process>> = const { RefCell::new(Vec::new()) };
}

impl Process {
    /// An empty process: one that was used before, if there is one.
    pub(super) fn acquire(
        native: Native,
        guard: GuardMode,
        base: Base,
    ) -> Result<Process, JitError> {
        let guard = if native == Native::Cell { GuardMode::Guard } else { guard };
        let base = match base {
            Base::Any => None,
            Base::Opposite => {
                let here = Process::acquire(native, guard, Base::Any)?;
                let base = here.cage.base() ^ OPPOSITE;
                here.release();
                Some(base)
            }
        };
        let kind = Kind { native, guard, base };
        let idle = IDLE.with_borrow_mut(|idle| {
            idle.retain(|process| {
                // One whose opposite is gone is of no use, and in the way of others.
                let stale = process.kind.is_opposite_of_another(kind);
                process.owner == std::process::id() && !stale
            });
            let index = idle.iter().position(|process| process.kind == kind)?;
            Some(idle.swap_remove(index))
        });
        idle.map_or_else(|| Process::new(kind), Ok)
    }

    /// Keeps the process for the next [`Process::acquire`] on this thread.
    pub(super) fn release(self) {
        // At the end of its thread a process is dropped instead.
        let _ = IDLE.try_with(|idle| {
            let mut idle = idle.borrow_mut();
            if idle.iter().all(|process| process.kind != self.kind) {
                idle.push(self);
            }
        });
    }
}

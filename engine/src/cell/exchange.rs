//! The page through which a cell and its host take turns.
//!
//! Exactly one side runs at a time: [`Exchange::turn`] says whose turn it is, and each
//! waits for its own by looking for a while and then sleeping on the word. Guest code
//! that leaves its bounds can write here, so the host believes nothing: whatever it
//! reads is checked before it is used, and a page that makes no sense is a finding.

use std::sync::atomic::{AtomicU32, AtomicU64};

use super::x86_64::REGISTER_COUNT;

/// Values of [`Exchange::turn`].
pub(super) mod turn {
    pub(in crate::cell) const GUEST: u32 = 1;
    pub(in crate::cell) const HOST: u32 = 2;
}

/// Values of [`Exchange::command`]: what the cell does with its turn.
pub(super) mod command {
    /// Returns from the gateway that it waits in.
    pub(in crate::cell) const RESUME: u32 = 1;
    /// Begins a call, whatever it waits in.
    pub(in crate::cell) const CALL: u32 = 2;
    /// Goes on elsewhere than behind the gateway that it waits in.
    pub(in crate::cell) const REDIRECT: u32 = 3;
    /// Gives the turn back, to show that it waits for it.
    pub(in crate::cell) const ANSWER: u32 = 4;
}

/// Values of [`Exchange::reason`]: why the cell gives its turn away.
pub(super) mod reason {
    /// It is ready for a call.
    pub(in crate::cell) const READY: u32 = 1;
    /// The call returned.
    pub(in crate::cell) const RETURNED: u32 = 2;
    /// A gateway wants to be served.
    pub(in crate::cell) const ASKS: u32 = 3;
    /// An instruction faulted.
    pub(in crate::cell) const FAULTED: u32 = 4;
}

/// The words of the page. Zeroed is a valid state.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Exchange {
    pub(super) turn: AtomicU32,
    /// Not 0 while the host may be asleep on `turn`.
    pub(super) host_waits: AtomicU32,
    /// Not 0 while the cell may be asleep on `turn`.
    pub(super) cell_waits: AtomicU32,
    /// How often the cell looks at `turn` before it sleeps.
    pub(super) spins: AtomicU32,
    pub(super) command: AtomicU32,
    pub(super) reason: AtomicU32,
    /// For a call: where it begins, and with which arguments and stack.
    pub(super) trampoline: AtomicU64,
    /// For a call and for a gateway: address of the argument and result slots.
    pub(super) slots: AtomicU64,
    pub(super) callee: AtomicU64,
    pub(super) base: AtomicU64,
    pub(super) stack_top: AtomicU64,
    /// For a gateway: its number, and its frame pointer.
    pub(super) gateway: AtomicU64,
    pub(super) frame: AtomicU64,
    /// For going on elsewhere: program counter, stack pointer, frame pointer, and the
    /// first result register.
    pub(super) resume_pc: AtomicU64,
    pub(super) resume_stack: AtomicU64,
    pub(super) resume_frame: AtomicU64,
    pub(super) payload: AtomicU64,
    /// For a fault: the signal, its code, the address that it blames, and the
    /// registers in the kernel's order.
    pub(super) signal: AtomicU64,
    pub(super) signal_code: AtomicU64,
    pub(super) address: AtomicU64,
    pub(super) registers: [AtomicU64; REGISTER_COUNT],
}

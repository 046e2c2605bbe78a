//! Which system calls a cell may make: waiting and waking on the word that says whose
//! turn it is, and nothing else.
//!
//! Any other call of the 64-bit interface raises a signal instead, so that the host
//! learns where it was; a call through any other interface ends the process.

use super::x86_64::AUDIT_ARCH;

/// An instruction of the kernel's packet filter.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    operand: u32,
}

/// The kernel's `sock_fprog`.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Program {
    pub(super) len: u64,
    /// Address of the instructions.
    pub(super) instructions: u64,
}

/// Instructions of [`instructions`].
pub(super) const LEN: usize = 13;

/// Offsets in what the kernel tells a filter of a call (`seccomp_data`).
mod call {
    pub(super) const NUMBER: u32 = 0;
    pub(super) const ARCH: u32 = 4;
    pub(super) const FIRST: u32 = 16;
    pub(super) const SECOND: u32 = 24;
}

/// The filter, for a futex word at an address.
pub(super) fn instructions(futex: u64) -> [Instruction; LEN] {
    #[expect(clippy::cast_possible_truncation, reason = "a filter compares halves")]
    let (low, high) = (futex as u32, (futex >> 32) as u32);
    let number = u32::try_from(libc::SYS_futex).expect("a small number");
    let most = libc::FUTEX_WAIT.max(libc::FUTEX_WAKE).unsigned_abs();
    let first = load(call::ARCH);
    #[cfg(test)]
    let first = if off::is() { give(libc::SECCOMP_RET_ALLOW) } else { first };
    [
        first,
        unless_equal(AUDIT_ARCH, 10),
        load(call::NUMBER),
        unless_equal(number, 7),
        load(call::FIRST),
        unless_equal(low, 5),
        load(call::FIRST + 4),
        unless_equal(high, 3),
        load(call::SECOND),
        unless_at_most(most, 1),
        give(libc::SECCOMP_RET_ALLOW),
        give(libc::SECCOMP_RET_TRAP),
        give(libc::SECCOMP_RET_KILL_PROCESS),
    ]
}

fn load(offset: u32) -> Instruction {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset)
}

/// Skips some instructions unless the loaded word is `value`.
fn unless_equal(value: u32, skip: u8) -> Instruction {
    instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, skip, value)
}

/// Skips some instructions unless the loaded word is at most `value`.
fn unless_at_most(value: u32, skip: u8) -> Instruction {
    instruction(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, skip, 0, value)
}

fn give(verdict: u32) -> Instruction {
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, verdict)
}

fn instruction(code: u32, if_true: u8, if_false: u8, operand: u32) -> Instruction {
    let code = u16::try_from(code).expect("codes of the packet filter have 16 bits");
    Instruction { code, if_true, if_false, operand }
}

/// Cells without a filter, the control group of the tests that nothing gets past it.
#[cfg(test)]
pub(super) mod off {
    use std::cell::Cell;

    thread_local! {
        static OFF: Cell<bool> = const { Cell::new(false) };
    }

    /// As long as it lives, new cells of this thread may make every call.
    #[derive(Debug)]
    pub(crate) struct Off;

    impl Off {
        pub(in crate::cell) fn begin() -> Off {
            OFF.set(true);
            Off
        }
    }

    impl Drop for Off {
        fn drop(&mut self) {
            OFF.set(false);
        }
    }

    pub(super) fn is() -> bool {
        OFF.get()
    }
}

//! The stubs through which a thread changes between host and guest stack.
//!
//! They trust no register that guest code has had in its hands: each gets the control
//! block's address as a constant in the trusted code that calls it, and finds
//! everything else there.

use std::arch::naked_asm;
use std::mem::offset_of;

use super::super::control::Control;
use super::super::serve::serve;

/// How a call into guest code ended, as the value that [`enter`] returns.
pub(in crate::jit) mod status {
    /// The guest returned.
    pub(in crate::jit) const RETURNED: u32 = 0;
    /// What served a gateway ended the call.
    pub(in crate::jit) const STOPPED: u32 = 1;
    /// A signal handler ended the call after a fault.
    pub(in crate::jit) const FAULTED: u32 = 2;
    /// The deadline passed.
    pub(in crate::jit) const INTERRUPTED: u32 = 3;
    /// A gateway goes on in a handler: no end of the call.
    pub(in crate::jit) const THROWN: u32 = 4;
}

/// Enters guest code: saves what the host's calling convention wants preserved,
/// changes to the guest stack and calls `trampoline(slots, callee, base)`, which ends
/// by calling [`leave`]. Returns the status that [`leave`] is given.
///
/// # Safety
/// `control` is the control block of the calling thread, with `stack_top` and `server`
/// set; `trampoline` is an entry trampoline made for `callee`'s signature, whose
/// arguments and results fit `slots`.
#[unsafe(naked)]
pub(in crate::jit) unsafe extern "sysv64" fn enter(
    control: *const Control,
    trampoline: u64,
    slots: *mut u128,
    callee: u64,
    base: u64,
) -> u32 {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "stmxcsr [rsp]",
        "fnstcw [rsp + 4]",
        "mov [rdi + {host_stack}], rsp",
        "mov rsp, [rdi + {stack_top}]",
        "mov qword ptr [rdi + {in_guest}], 1",
        "mov rax, rsi",
        "mov rdi, rdx",
        "mov rsi, rcx",
        "mov rdx, r8",
        "xor ebp, ebp",
        "call rax",
        "ud2",
        host_stack = const offset_of!(Control, host_stack),
        stack_top = const offset_of!(Control, stack_top),
        in_guest = const offset_of!(Control, in_guest),
    )
}

/// Leaves guest code from any point: returns `status` from the [`enter`] that is
/// under way, with all that the host wants preserved restored.
///
/// # Safety
/// `control` is the control block that [`enter`] was given, and its call is under way.
#[unsafe(naked)]
pub(in crate::jit) unsafe extern "sysv64" fn leave(control: *const Control, status: u32) -> ! {
    naked_asm!(
        "mov qword ptr [rdi + {in_guest}], 0",
        "mov rsp, [rdi + {host_stack}]",
        "ldmxcsr [rsp]",
        "fldcw [rsp + 4]",
        "cld",
        "mov eax, esi",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        host_stack = const offset_of!(Control, host_stack),
        in_guest = const offset_of!(Control, in_guest),
    )
}

/// Serves a gateway: called by a gateway on the guest stack, it calls
/// [`serve`] on the host stack and returns, goes on in an exception's handler, or leaves
/// guest code when told to.
///
/// # Safety
/// As for [`leave`]; `slots` and `gateway` are as [`serve`] wants them.
#[unsafe(naked)]
pub(in crate::jit) unsafe extern "sysv64" fn serve_gateway(
    control: *const Control,
    slots: *mut u128,
    gateway: u32,
) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi + {guest_stack}], rsp",
        "mov [rdi + {guest_frame}], rbp",
        "mov rsp, [rdi + {host_stack}]",
        "mov qword ptr [rdi + {in_guest}], 0",
        "push rdi",
        "sub rsp, 8",
        "call {serve}",
        "mov rdi, [rsp + 8]",
        "mov esi, eax",
        "cmp eax, {thrown}",
        "je 2f",
        "test eax, eax",
        "jnz {leave}",
        "mov rsp, [rdi + {guest_stack}]",
        "mov qword ptr [rdi + {in_guest}], 1",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        "2:",
        "mov rsp, [rdi + {resume_stack}]",
        "mov rbp, [rdi + {resume_frame}]",
        "mov rax, [rdi + {payload}]",
        "xor edx, edx",
        "mov qword ptr [rdi + {in_guest}], 1",
        "jmp [rdi + {resume_pc}]",
        thrown = const status::THROWN,
        resume_pc = const offset_of!(Control, resume_pc),
        resume_stack = const offset_of!(Control, resume_stack),
        resume_frame = const offset_of!(Control, resume_frame),
        payload = const offset_of!(Control, payload),
        serve = sym serve,
        leave = sym leave,
        guest_stack = const offset_of!(Control, guest_stack),
        guest_frame = const offset_of!(Control, guest_frame),
        host_stack = const offset_of!(Control, host_stack),
        in_guest = const offset_of!(Control, in_guest),
    )
}

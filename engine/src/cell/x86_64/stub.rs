//! The code of a cell: how it starts, changes turns with the host, and faults.
//!
//! It is assembled into read-only data and never runs in the host; [`super::super::image`]
//! makes a program of it. Everything it needs lies at a fixed distance from itself, so
//! no register that guest code has had in its hands decides what it touches, and it
//! saves nothing: while the host has the turn, all state stays in registers. The
//! signal handler does not return either. It hands over, and the next call begins on
//! the guest stack, so no system call but the futex's is needed once the cell runs.

use std::arch::global_asm;
use std::mem::offset_of;
use std::ptr;

use super::super::exchange::{Exchange, command, reason, turn};
use super::super::plan::{IMAGE_TO_PLAN, Plan, STUB_TO_EXCHANGE, STUB_TO_IMAGE, SharedMemory};

global_asm!(
    ".pushsection .rodata.fencepost_cell, \"a\", @progbits",
    ".p2align 6",
    ".globl fencepost_cell_begin",
    ".hidden fencepost_cell_begin",
    "fencepost_cell_begin:",
    ".set .Lfp_plan, fencepost_cell_begin - {stub_to_image} + {image_to_plan}",
    ".set .Lfp_exchange, fencepost_cell_begin + {stub_to_exchange}",
    // A cell dies with its host, also if that died before it could ask for this.
    "mov edi, {pr_set_pdeathsig}",
    "mov esi, {sigkill}",
    "mov eax, {sys_prctl}",
    "syscall",
    "mov eax, {sys_getppid}",
    "syscall",
    "mov ebx, 1",
    "cmp rax, [rip + .Lfp_plan + {plan_parent}]",
    "jne 9f",
    "mov edi, {pr_set_name}",
    "lea rsi, [rip + .Lfp_plan + {plan_name}]",
    "mov eax, {sys_prctl}",
    "syscall",
    // Nothing of what the kernel mapped for a new program stays.
    "mov ebx, 2",
    "xor edi, edi",
    "lea rsi, [rip + fencepost_cell_begin - {stub_to_image}]",
    "mov eax, {sys_munmap}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "lea rdi, [rip + .Lfp_exchange]",
    "mov rsi, [rip + .Lfp_plan + {plan_top}]",
    "sub rsi, rdi",
    "mov eax, {sys_munmap}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "mov ebx, 3",
    "lea r12, [rip + .Lfp_plan + {plan_memories}]",
    "mov r13, [rip + .Lfp_plan + {plan_count}]",
    "2:",
    "test r13, r13",
    "jz 3f",
    "mov rdi, [r12 + {memory_address}]",
    "mov rsi, [r12 + {memory_len}]",
    "mov rdx, [r12 + {memory_protection}]",
    "mov r10, [r12 + {memory_flags}]",
    "mov r8, [r12 + {memory_fd}]",
    "xor r9d, r9d",
    "mov eax, {sys_mmap}",
    "syscall",
    "cmp rax, [r12 + {memory_address}]",
    "jne 9f",
    "add r12, {memory_size}",
    "dec r13",
    "jmp 2b",
    "3:",
    "mov ebx, 4",
    "xor edi, edi",
    "mov esi, -1",
    "xor edx, edx",
    "mov eax, {sys_close_range}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "mov ebx, 5",
    "xor edi, edi",
    "mov esi, {rlimit_core}",
    "lea rdx, [rip + .Lfp_plan + {plan_no_core}]",
    "xor r10d, r10d",
    "mov eax, {sys_prlimit}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "mov ebx, 6",
    "lea rdi, [rip + .Lfp_plan + {plan_signal_stack}]",
    "xor esi, esi",
    "mov eax, {sys_sigaltstack}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "mov ebx, 7",
    "mov r13, {signals}",
    "4:",
    "bsf rdi, r13",
    "jz 5f",
    "btr r13, rdi",
    "lea rsi, [rip + .Lfp_plan + {plan_action}]",
    "xor edx, edx",
    "mov r10d, 8",
    "mov eax, {sys_sigaction}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "jmp 4b",
    "5:",
    "mov ebx, 8",
    "mov edi, {pr_set_no_new_privs}",
    "mov esi, 1",
    "xor edx, edx",
    "xor r10d, r10d",
    "xor r8d, r8d",
    "mov eax, {sys_prctl}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "mov ebx, 9",
    "mov edi, {seccomp_set_mode_filter}",
    "mov esi, {seccomp_spec_allow}",
    "lea rdx, [rip + .Lfp_plan + {plan_filter}]",
    "mov eax, {sys_seccomp}",
    "syscall",
    "test eax, eax",
    "jnz 9f",
    "mov eax, {started}",
    "jmp .Lfp_hand_over",
    "9:",
    "mov edi, ebx",
    "mov eax, {sys_exit_group}",
    "syscall",
    "ud2",
    // What an entry trampoline calls when the guest has returned.
    ".globl fencepost_cell_leave",
    ".hidden fencepost_cell_leave",
    "fencepost_cell_leave:",
    "mov eax, {returned}",
    "jmp .Lfp_hand_over",
    // What a gateway calls: (control, slots, gateway).
    ".globl fencepost_cell_serve",
    ".hidden fencepost_cell_serve",
    "fencepost_cell_serve:",
    "mov [rip + .Lfp_exchange + {x_slots}], rsi",
    "mov edx, edx",
    "mov [rip + .Lfp_exchange + {x_gateway}], rdx",
    "mov [rip + .Lfp_exchange + {x_frame}], rbp",
    "mov eax, {asks}",
    "jmp .Lfp_hand_over",
    // The handler of every exception: (signal, siginfo, context).
    ".globl fencepost_cell_handler",
    ".hidden fencepost_cell_handler",
    "fencepost_cell_handler:",
    "mov [rip + .Lfp_exchange + {x_signal}], rdi",
    "mov eax, [rsi + 8]",
    "mov [rip + .Lfp_exchange + {x_signal_code}], rax",
    "mov rax, [rsi + 16]",
    "mov [rip + .Lfp_exchange + {x_address}], rax",
    "lea rsi, [rdx + {context_registers}]",
    "lea rdi, [rip + .Lfp_exchange + {x_registers}]",
    "mov ecx, {register_count}",
    "cld",
    "rep movsq",
    "mov eax, {faulted}",
    ".Lfp_hand_over:",
    "mov [rip + .Lfp_exchange + {x_reason}], eax",
    "mov eax, {host}",
    "xchg [rip + .Lfp_exchange + {x_turn}], eax",
    "cmp dword ptr [rip + .Lfp_exchange + {x_host_waits}], 0",
    "je 6f",
    "lea rdi, [rip + .Lfp_exchange + {x_turn}]",
    "mov esi, {futex_wake}",
    "mov edx, 1",
    "mov eax, {sys_futex}",
    "syscall",
    "6:",
    "mov ecx, [rip + .Lfp_exchange + {x_spins}]",
    "7:",
    "cmp dword ptr [rip + .Lfp_exchange + {x_turn}], {guest}",
    "je 8f",
    "pause",
    "dec ecx",
    "jns 7b",
    "mov eax, 1",
    "xchg [rip + .Lfp_exchange + {x_cell_waits}], eax",
    "lea rdi, [rip + .Lfp_exchange + {x_turn}]",
    "mov esi, {futex_wait}",
    "mov edx, {host}",
    "xor r10d, r10d",
    "mov eax, {sys_futex}",
    "syscall",
    "mov dword ptr [rip + .Lfp_exchange + {x_cell_waits}], 0",
    "jmp 6b",
    "8:",
    "cmp dword ptr [rip + .Lfp_exchange + {x_command}], {resume}",
    "jne .Lfp_call",
    "ret",
    // A new call, whatever went before: on a fresh stack, with fresh flags.
    ".Lfp_call:",
    "mov rsp, [rip + .Lfp_exchange + {x_stack_top}]",
    "push 0x202",
    "popfq",
    "fninit",
    "ldmxcsr [rip + .Lfp_plan + {plan_mxcsr}]",
    "mov rax, [rip + .Lfp_exchange + {x_trampoline}]",
    "mov rdi, [rip + .Lfp_exchange + {x_slots}]",
    "mov rsi, [rip + .Lfp_exchange + {x_callee}]",
    "mov rdx, [rip + .Lfp_exchange + {x_base}]",
    "xor ebp, ebp",
    "call rax",
    "ud2",
    ".globl fencepost_cell_end",
    ".hidden fencepost_cell_end",
    "fencepost_cell_end:",
    ".popsection",
    stub_to_image = const STUB_TO_IMAGE,
    image_to_plan = const IMAGE_TO_PLAN,
    stub_to_exchange = const STUB_TO_EXCHANGE,
    plan_parent = const offset_of!(Plan, parent),
    plan_name = const offset_of!(Plan, name),
    plan_top = const offset_of!(Plan, top),
    plan_count = const offset_of!(Plan, count),
    plan_memories = const offset_of!(Plan, memories),
    plan_no_core = const offset_of!(Plan, no_core),
    plan_signal_stack = const offset_of!(Plan, signal_stack),
    plan_action = const offset_of!(Plan, action),
    plan_filter = const offset_of!(Plan, filter),
    plan_mxcsr = const offset_of!(Plan, mxcsr),
    memory_address = const offset_of!(SharedMemory, address),
    memory_len = const offset_of!(SharedMemory, len),
    memory_protection = const offset_of!(SharedMemory, protection),
    memory_flags = const offset_of!(SharedMemory, flags),
    memory_fd = const offset_of!(SharedMemory, fd),
    memory_size = const size_of::<SharedMemory>(),
    x_turn = const offset_of!(Exchange, turn),
    x_host_waits = const offset_of!(Exchange, host_waits),
    x_cell_waits = const offset_of!(Exchange, cell_waits),
    x_spins = const offset_of!(Exchange, spins),
    x_command = const offset_of!(Exchange, command),
    x_reason = const offset_of!(Exchange, reason),
    x_trampoline = const offset_of!(Exchange, trampoline),
    x_slots = const offset_of!(Exchange, slots),
    x_callee = const offset_of!(Exchange, callee),
    x_base = const offset_of!(Exchange, base),
    x_stack_top = const offset_of!(Exchange, stack_top),
    x_gateway = const offset_of!(Exchange, gateway),
    x_frame = const offset_of!(Exchange, frame),
    x_signal = const offset_of!(Exchange, signal),
    x_signal_code = const offset_of!(Exchange, signal_code),
    x_address = const offset_of!(Exchange, address),
    x_registers = const offset_of!(Exchange, registers),
    register_count = const super::REGISTER_COUNT,
    context_registers = const offset_of!(libc::ucontext_t, uc_mcontext),
    host = const turn::HOST,
    guest = const turn::GUEST,
    resume = const command::RESUME,
    started = const reason::STARTED,
    returned = const reason::RETURNED,
    asks = const reason::ASKS,
    faulted = const reason::FAULTED,
    signals = const super::signal_mask(),
    pr_set_pdeathsig = const libc::PR_SET_PDEATHSIG,
    pr_set_name = const libc::PR_SET_NAME,
    pr_set_no_new_privs = const libc::PR_SET_NO_NEW_PRIVS,
    sigkill = const libc::SIGKILL,
    rlimit_core = const libc::RLIMIT_CORE,
    seccomp_set_mode_filter = const libc::SECCOMP_SET_MODE_FILTER,
    seccomp_spec_allow = const libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
    futex_wait = const libc::FUTEX_WAIT,
    futex_wake = const libc::FUTEX_WAKE,
    sys_prctl = const libc::SYS_prctl,
    sys_getppid = const libc::SYS_getppid,
    sys_munmap = const libc::SYS_munmap,
    sys_mmap = const libc::SYS_mmap,
    sys_close_range = const libc::SYS_close_range,
    sys_prlimit = const libc::SYS_prlimit64,
    sys_sigaltstack = const libc::SYS_sigaltstack,
    sys_sigaction = const libc::SYS_rt_sigaction,
    sys_seccomp = const libc::SYS_seccomp,
    sys_futex = const libc::SYS_futex,
    sys_exit_group = const libc::SYS_exit_group,
);

unsafe extern "C" {
    static fencepost_cell_begin: u8;
    static fencepost_cell_leave: u8;
    static fencepost_cell_serve: u8;
    static fencepost_cell_handler: u8;
    static fencepost_cell_end: u8;
}

/// The stub's bytes.
pub(in crate::cell) fn code() -> &'static [u8] {
    // SAFETY: the two labels delimit read-only data that lives as long as the program.
    unsafe {
        std::slice::from_raw_parts(
            &raw const fencepost_cell_begin,
            offset(&raw const fencepost_cell_end),
        )
    }
}

/// Where in the stub an entry trampoline goes when its function has returned.
pub(in crate::cell) fn leave() -> usize {
    offset(&raw const fencepost_cell_leave)
}

/// Where in the stub a gateway goes.
pub(in crate::cell) fn serve() -> usize {
    offset(&raw const fencepost_cell_serve)
}

/// Where in the stub a signal goes.
pub(in crate::cell) fn handler() -> usize {
    offset(&raw const fencepost_cell_handler)
}

fn offset(label: *const u8) -> usize {
    label as usize - ptr::from_ref(begin()) as usize
}

fn begin() -> &'static u8 {
    // SAFETY: the label stands before read-only data that lives as long as the program.
    unsafe { &fencepost_cell_begin }
}

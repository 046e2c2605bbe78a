//! Everything that is specific to x86-64 Linux: the three stubs through which a
//! thread changes between host and guest stack, the registers in a signal frame, and
//! the meaning of a faulting instruction.
//!
//! The stubs trust no register that guest code has had in its hands: each gets the
//! control block's address as a constant in the trusted code that calls it, and finds
//! everything else there.

use std::arch::naked_asm;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Formatter, Instruction, InstructionInfoFactory,
    IntelFormatter, OpAccess, Register, UsedMemory,
};

use super::control::Control;
use super::serve::serve;
use crate::executor::Access;

/// How a call into guest code ended, as the value that [`enter`] returns.
pub(super) mod status {
    /// The guest returned.
    pub(in super::super) const RETURNED: u32 = 0;
    /// What served a gateway ended the call.
    pub(in super::super) const STOPPED: u32 = 1;
    /// A signal handler ended the call after a fault.
    pub(in super::super) const FAULTED: u32 = 2;
    /// The deadline passed.
    pub(in super::super) const INTERRUPTED: u32 = 3;
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
pub(super) unsafe extern "sysv64" fn enter(
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
pub(super) unsafe extern "sysv64" fn leave(control: *const Control, status: u32) -> ! {
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
/// [`serve`] on the host stack and returns, or leaves guest code when told to.
///
/// # Safety
/// As for [`leave`]; `slots` and `gateway` are as [`serve`] wants them.
#[unsafe(naked)]
pub(super) unsafe extern "sysv64" fn serve_gateway(
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
        serve = sym serve,
        leave = sym leave,
        guest_stack = const offset_of!(Control, guest_stack),
        guest_frame = const offset_of!(Control, guest_frame),
        host_stack = const offset_of!(Control, host_stack),
        in_guest = const offset_of!(Control, in_guest),
    )
}

/// The instruction that Cranelift emits for an explicit trap.
pub(super) const TRAP_INSTRUCTION: &[u8] = &[0x0f, 0x0b];

/// The general registers, in the order of [`GPRS`].
const GPR_COUNT: usize = 16;

/// Each general register: its name, its place in a signal frame, and its number for
/// the decoder.
const GPRS: [(&str, i32, Register); GPR_COUNT] = [
    ("rax", libc::REG_RAX, Register::RAX),
    ("rcx", libc::REG_RCX, Register::RCX),
    ("rdx", libc::REG_RDX, Register::RDX),
    ("rbx", libc::REG_RBX, Register::RBX),
    ("rsp", libc::REG_RSP, Register::RSP),
    ("rbp", libc::REG_RBP, Register::RBP),
    ("rsi", libc::REG_RSI, Register::RSI),
    ("rdi", libc::REG_RDI, Register::RDI),
    ("r8", libc::REG_R8, Register::R8),
    ("r9", libc::REG_R9, Register::R9),
    ("r10", libc::REG_R10, Register::R10),
    ("r11", libc::REG_R11, Register::R11),
    ("r12", libc::REG_R12, Register::R12),
    ("r13", libc::REG_R13, Register::R13),
    ("r14", libc::REG_R14, Register::R14),
    ("r15", libc::REG_R15, Register::R15),
];

/// What a signal handler saw, written by it and read after the call has ended.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct FaultRecord {
    signal: AtomicU64,
    pc: AtomicU64,
    address: AtomicU64,
    vector: AtomicU64,
    error: AtomicU64,
    registers: [AtomicU64; GPR_COUNT],
}

/// What a signal handler saw, after the fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Address of the instruction, or of where a jump led.
    pub(super) pc: u64,
    /// What kind of exception the processor raised.
    pub(super) exception: Exception,
    /// The address that the processor blamed; meaningless unless a page fault.
    pub(super) address: u64,
    registers: [u64; GPR_COUNT],
}

/// The processor's exceptions, as far as guest code can raise them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exception {
    /// Division by zero, or a quotient that does not fit.
    Divide,
    /// An undefined instruction: a trap.
    Undefined,
    /// An access to a page that forbids it.
    Page(Access),
    /// Anything else that an instruction may do wrong: a non-canonical address, a
    /// misaligned vector operand.
    Other,
}

impl FaultRecord {
    /// Records a signal frame. Async-signal-safe.
    pub(super) fn record(&self, signal: i32, address: u64, frame: &libc::ucontext_t) {
        let word = |index: i32| register(frame, index);
        self.signal.store(u64::from(signal.unsigned_abs()), Relaxed);
        self.pc.store(program_counter(frame), Relaxed);
        self.address.store(address, Relaxed);
        self.vector.store(word(libc::REG_TRAPNO), Relaxed);
        self.error.store(word(libc::REG_ERR), Relaxed);
        for (to, (_, index, _)) in self.registers.iter().zip(GPRS) {
            to.store(word(index), Relaxed);
        }
    }

    /// Forgets what was recorded.
    pub(super) fn clear(&self) {
        self.pc.store(0, Relaxed);
    }

    /// What was recorded last.
    pub(super) fn read(&self) -> Fault {
        let mut registers = [0; GPR_COUNT];
        for (to, from) in registers.iter_mut().zip(&self.registers) {
            *to = from.load(Relaxed);
        }
        Fault {
            pc: self.pc.load(Relaxed),
            exception: exception(self.vector.load(Relaxed), self.error.load(Relaxed)),
            address: self.address.load(Relaxed),
            registers,
        }
    }
}

/// Vector numbers and error-code bits: Intel SDM volume 3, chapter 6.15.
fn exception(vector: u64, error: u64) -> Exception {
    const WRITE: u64 = 1 << 1;
    const FETCH: u64 = 1 << 4;
    match vector {
        0 => Exception::Divide,
        6 => Exception::Undefined,
        14 if error & FETCH != 0 => Exception::Page(Access::Execute),
        14 if error & WRITE != 0 => Exception::Page(Access::Write),
        14 => Exception::Page(Access::Read),
        _ => Exception::Other,
    }
}

fn register(frame: &libc::ucontext_t, index: i32) -> u64 {
    frame.uc_mcontext.gregs[index.unsigned_abs() as usize].cast_unsigned()
}

/// Where a signal met the thread.
pub(super) fn program_counter(frame: &libc::ucontext_t) -> u64 {
    register(frame, libc::REG_RIP)
}

/// Makes the thread continue in [`leave`] when the handler returns.
pub(super) fn resume_in_leave(frame: &mut libc::ucontext_t, control: &Control, status: u32) {
    let registers = &mut frame.uc_mcontext.gregs;
    let mut set = |index: i32, value: u64| {
        registers[index.unsigned_abs() as usize] = value.cast_signed();
    };
    set(libc::REG_RIP, leave as *const () as u64);
    set(libc::REG_RDI, std::ptr::from_ref(control) as u64);
    set(libc::REG_RSI, status.into());
}

impl Fault {
    /// Register names and values, the program counter last.
    pub(super) fn registers(&self) -> Vec<(&'static str, u64)> {
        let general = GPRS.iter().zip(self.registers).map(|(&(name, ..), value)| (name, value));
        general.chain([("rip", self.pc)]).collect()
    }

    fn register(&self, register: Register) -> Option<u64> {
        if register == Register::RIP {
            return Some(self.pc);
        }
        // Linux user code runs with flat segments; `fs` is not used by guest code.
        if register.is_segment_register() {
            return (register != Register::FS && register != Register::GS).then_some(0);
        }
        GPRS.iter().zip(self.registers).find(|((.., gpr), _)| *gpr == register).map(|(_, v)| v)
    }
}

/// What one instruction does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoryOperand {
    /// The effective address.
    pub(super) address: u64,
    /// Bytes accessed.
    pub(super) width: u32,
    /// Read or write.
    pub(super) access: Access,
    /// Whether the address is relative to the stack pointer or frame pointer.
    pub(super) on_stack: bool,
}

/// A decoded instruction.
#[derive(Debug)]
pub(super) struct Decoded {
    instruction: Instruction,
}

impl Decoded {
    /// Decodes the instruction at the start of `code`, which lies at `pc`.
    pub(super) fn new(code: &[u8], pc: u64) -> Decoded {
        let mut decoder = Decoder::with_ip(64, code, pc, DecoderOptions::NONE);
        Decoded { instruction: decoder.decode() }
    }

    /// Length in bytes; 0 if the code is no instruction.
    pub(super) fn len(&self) -> usize {
        if self.instruction.is_invalid() { 0 } else { self.instruction.len() }
    }

    /// Whether it transfers control.
    pub(super) fn is_branch(&self) -> bool {
        self.instruction.flow_control() != FlowControl::Next
    }

    /// Its text in Intel syntax.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        IntelFormatter::new().format(&self.instruction, &mut text);
        text
    }

    /// Its memory operands, with the registers as they were at `fault`.
    pub(super) fn memory(&self, fault: &Fault) -> Vec<MemoryOperand> {
        let mut factory = InstructionInfoFactory::new();
        let operands = factory.info(&self.instruction).used_memory();
        operands.iter().filter_map(|operand| memory_operand(operand, fault)).collect()
    }
}

fn memory_operand(operand: &UsedMemory, fault: &Fault) -> Option<MemoryOperand> {
    let access = match operand.access() {
        OpAccess::Read | OpAccess::CondRead => Access::Read,
        OpAccess::None | OpAccess::NoMemAccess => return None,
        _ => Access::Write,
    };
    let address = operand.virtual_address(0, |register, _, _| fault.register(register))?;
    let base = operand.base();
    let width = u32::try_from(operand.memory_size().size()).unwrap_or(0);
    let on_stack = matches!(base, Register::RSP | Register::RBP);
    Some(MemoryOperand { address, width, access, on_stack })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(set: &[(&str, u64)]) -> Fault {
        let mut registers = [0; GPR_COUNT];
        for (name, value) in set {
            let index = GPRS.iter().position(|gpr| gpr.0 == *name).expect("a register");
            registers[index] = *value;
        }
        Fault { pc: 0x1000, exception: Exception::Other, address: 0, registers }
    }

    #[test]
    fn effective_addresses_come_from_the_registers() {
        // mov edi, [rcx + 4*rsi - 16]
        let decoded = Decoded::new(&[0x8b, 0x7c, 0xb1, 0xf0], 0x1000);
        let fault = fault(&[("rcx", 0x10_0000), ("rsi", 0xffff_ffff)]);
        let address = 0x10_0000 + 4 * 0xffff_ffff_u64 - 16;
        let expected = MemoryOperand { address, width: 4, access: Access::Read, on_stack: false };
        assert_eq!(decoded.memory(&fault), [expected]);
        assert_eq!((decoded.len(), decoded.is_branch()), (4, false));
    }

    #[test]
    fn a_call_is_a_branch_that_writes_the_stack() {
        // call [rax]
        let decoded = Decoded::new(&[0xff, 0x10], 0x1000);
        let memory = decoded.memory(&fault(&[("rax", 0x2000), ("rsp", 0x9000)]));
        assert!(decoded.is_branch());
        assert!(memory.iter().any(|m| m.address == 0x2000 && m.access == Access::Read));
        assert!(memory.iter().any(|m| m.address == 0x8ff8 && m.on_stack));
    }

    #[test]
    fn a_vector_store_is_16_bytes_wide() {
        // movups [r8], xmm0
        let decoded = Decoded::new(&[0x41, 0x0f, 0x11, 0x00], 0x1000);
        let memory = decoded.memory(&fault(&[("r8", 1 << 40)]));
        let (address, access) = (1 << 40, Access::Write);
        assert_eq!(memory, [MemoryOperand { address, width: 16, access, on_stack: false }]);
    }
}

//! The registers in a signal frame: what a handler records, and how it redirects the
//! thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use iced_x86::Register;

use super::super::control::Control;
use super::stubs::leave;
use crate::cell::Faulted;
use crate::executor::Access;

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
pub(in crate::jit) struct FaultRecord {
    signal: AtomicU64,
    pc: AtomicU64,
    address: AtomicU64,
    vector: AtomicU64,
    error: AtomicU64,
    registers: [AtomicU64; GPR_COUNT],
}

/// What a signal handler saw, after the fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::jit) struct Fault {
    /// Address of the instruction, or of where a jump led.
    pub(in crate::jit) pc: u64,
    /// What kind of exception the processor raised.
    pub(in crate::jit) exception: Exception,
    /// The address that the processor blamed; meaningless unless a page fault.
    pub(in crate::jit) address: u64,
    registers: [u64; GPR_COUNT],
}

/// The processor's exceptions, as far as guest code can raise them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jit) enum Exception {
    /// Division by zero, or a quotient that does not fit.
    Divide,
    /// An undefined instruction: a trap.
    Undefined,
    /// An access to a page that forbids it.
    Page(Access),
    /// A system call that is not allowed.
    SystemCall,
    /// Anything else that an instruction may do wrong: a non-canonical address, a
    /// misaligned vector operand.
    Other,
}

impl FaultRecord {
    /// Records a signal frame. Async-signal-safe.
    pub(in crate::jit) fn record(&self, signal: i32, address: u64, frame: &libc::ucontext_t) {
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
    pub(in crate::jit) fn clear(&self) {
        self.pc.store(0, Relaxed);
    }

    /// What was recorded last.
    pub(in crate::jit) fn read(&self) -> Fault {
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

/// Bytes of each instruction that makes a system call.
const SYSTEM_CALL_LEN: u64 = 2;

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
pub(in crate::jit) fn program_counter(frame: &libc::ucontext_t) -> u64 {
    register(frame, libc::REG_RIP)
}

/// Makes the thread continue in [`leave`] when the handler returns.
pub(in crate::jit) fn resume_in_leave(
    frame: &mut libc::ucontext_t,
    control: &Control,
    status: u32,
) {
    let registers = &mut frame.uc_mcontext.gregs;
    let mut set = |index: i32, value: u64| {
        registers[index.unsigned_abs() as usize] = value.cast_signed();
    };
    set(libc::REG_RIP, leave as *const () as u64);
    set(libc::REG_RDI, std::ptr::from_ref(control) as u64);
    set(libc::REG_RSI, status.into());
}

impl Fault {
    /// What a cell's signal handler saw.
    pub(in crate::jit) fn of_cell(seen: &Faulted) -> Fault {
        let word = |index: i32| seen.registers[index.unsigned_abs() as usize];
        // The kernel lets one call past every filter, to refuse it with another signal:
        // the one that only its own probes may make.
        let is = |signal: libc::c_int| seen.signal == u64::from(signal.unsigned_abs());
        let refused = is(libc::SIGILL) && seen.code == u64::from(libc::SI_KERNEL.unsigned_abs());
        let called = is(libc::SIGSYS) || refused;
        let exception = if called {
            Exception::SystemCall
        } else {
            exception(word(libc::REG_TRAPNO), word(libc::REG_ERR))
        };
        // The signal comes when the instruction is over.
        let back = if called { SYSTEM_CALL_LEN } else { 0 };
        Fault {
            pc: word(libc::REG_RIP).wrapping_sub(back),
            exception,
            address: seen.address,
            registers: GPRS.map(|(_, index, _)| word(index)),
        }
    }

    /// Register names and values, the program counter last.
    pub(in crate::jit) fn registers(&self) -> Vec<(&'static str, u64)> {
        let general = GPRS.iter().zip(self.registers).map(|(&(name, ..), value)| (name, value));
        general.chain([("rip", self.pc)]).collect()
    }

    /// The value of a register as address computations use it.
    pub(super) fn value(&self, register: Register) -> Option<u64> {
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

#[cfg(test)]
impl Fault {
    /// A fault at 0x1000 with some registers set.
    pub(super) fn with_registers(set: &[(&str, u64)]) -> Fault {
        let mut registers = [0; GPR_COUNT];
        for (name, value) in set {
            let index = GPRS.iter().position(|gpr| gpr.0 == *name).expect("a register");
            registers[index] = *value;
        }
        Fault { pc: 0x1000, exception: Exception::Other, address: 0, registers }
    }
}

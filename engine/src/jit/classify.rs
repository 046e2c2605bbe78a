//! What a fault means: a trap of the guest, or an escape.
//!
//! A memory fault is contained when the address that the instruction computed, less
//! the base, lies in the 4 GiB that a 32-bit offset names. The address is recomputed
//! from the instruction and the registers: the processor reports the first byte that
//! failed, and nothing at all for a non-canonical address. As shipped, the site's
//! displacement is added by the native access, so it is taken off first. Everything
//! else is an escape, also inside a guard: there a broken backend got caught. Of raw
//! pointers, only null and its page are contained: no system maps them.

use super::process::{Ended, Process};
use super::programs::{Loaded, Location, locate};
use super::x86_64::{Decoded, Exception, Fault, MemoryOperand};
use crate::arena::NULL_PAGE;
use crate::cell::{self, Death};
use crate::executor::{Access, Escape, Stop, TrapReport};
use crate::layout::Addressing;
use crate::passes::Mode;
use crate::trap::Trap;

/// The signals by which the system ends a process that cannot handle an exception, or
/// calls it by a forbidden interface.
const CAUSED_BY_GUESTS: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];

/// What a 32-bit offset names.
const OFFSETS: i128 = 1 << 32;

/// Judges faults of one process with its programs.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) process: &'a Process,
    pub(super) programs: &'a [Loaded],
}

impl Judge<'_> {
    /// Why a call stopped, unless it returned.
    pub(super) fn judge(&self, ended: Ended) -> Option<Stop> {
        Some(match ended {
            Ended::Returned => return None,
            // The call ends where it returns to, so its last byte lies before.
            Ended::Raised { trap, caller } => self.trap_at(trap, caller.map(|pc| pc - 1)),
            Ended::Interrupted { pc } => {
                Stop::Trap(TrapReport { site: None, ..self.report(Trap::Interrupt, Some(pc)) })
            }
            Ended::Faulted(fault) => self.fault(&fault),
            Ended::Corrupted => self.unseen(
                Access::Write,
                cell::exchange_address(),
                "the exchange page was overwritten",
            ),
            Ended::Died(death) => self.died(death),
            Ended::Broken(message) => Stop::RuntimeFault(message),
        })
    }

    fn report(&self, trap: Trap, pc: Option<u64>) -> TrapReport {
        let location = pc.and_then(|pc| locate(self.programs, pc));
        TrapReport {
            trap,
            program: location.map(|l| l.program),
            function: location.map(|l| l.function),
            site: location.and_then(|l| l.site),
        }
    }

    /// The end of the process. What guest code can bring about is an escape; the rest
    /// was done to it from outside.
    fn died(&self, death: Death) -> Stop {
        match death {
            Death::Signal(signal) if CAUSED_BY_GUESTS.contains(&signal) => {
                self.unseen(Access::Execute, 0, &format!("the cell was killed by signal {signal}"))
            }
            Death::Signal(signal) => {
                Stop::RuntimeFault(format!("the cell was killed by signal {signal}"))
            }
            Death::Exit(status) => {
                Stop::RuntimeFault(format!("the cell ended with exit status {status}"))
            }
            Death::Unknown => Stop::RuntimeFault("the cell is gone".to_owned()),
        }
    }

    /// An escape that left no fault to look at.
    fn unseen(&self, access: Access, address: u64, what: &str) -> Stop {
        Stop::Escape(Box::new(Escape {
            access,
            offset: self.relative(address),
            program: None,
            function: None,
            site: None,
            instruction: Vec::new(),
            disassembly: format!("({what})"),
            registers: Vec::new(),
        }))
    }

    fn trap_at(&self, trap: Trap, pc: Option<u64>) -> Stop {
        Stop::Trap(self.report(trap, pc))
    }

    fn fault(&self, fault: &Fault) -> Stop {
        let pc = Some(fault.pc);
        let Some(location) = locate(self.programs, fault.pc) else {
            return self.outside(fault);
        };
        match (fault.exception, location.trap) {
            (Exception::Undefined | Exception::Divide, Some(trap)) => self.trap_at(trap, pc),
            (Exception::Page(_) | Exception::Other, trap) => self.memory(fault, &location, trap),
            _ => self.escape(fault, Access::Execute, fault.pc),
        }
    }

    /// A fault of an instruction that belongs to no function.
    fn outside(&self, fault: &Fault) -> Stop {
        if self.process.is_trap_stub(fault.pc) {
            return Stop::trap(Trap::BadCodeReference);
        }
        if self.process.stack.in_guard(fault.address) && self.in_code(fault.pc) {
            return Stop::trap(Trap::StackOverflow);
        }
        self.escape(fault, Access::Execute, fault.pc)
    }

    fn in_code(&self, pc: u64) -> bool {
        self.process.code_addresses().contains(&pc)
    }

    fn memory(&self, fault: &Fault, location: &Location<'_>, trap: Option<Trap>) -> Stop {
        let decoded = Decoded::new(location.code, fault.pc);
        // No page fault: the target cannot be an address at all.
        if fault.exception == Exception::Other
            && let Some(target) = decoded.target(fault, |address| self.process.stack.word(address))
        {
            return self.escape(fault, Access::Execute, target);
        }
        let operands = decoded.memory(fault);
        let on_stack = operands.iter().any(|operand| operand.on_stack);
        let paged = matches!(fault.exception, Exception::Page(_));
        if paged && on_stack && self.process.stack.in_guard(fault.address) {
            return self.trap_at(Trap::StackOverflow, Some(fault.pc));
        }
        let Some(operand) = blamed(&operands, fault) else {
            return self.escape(fault, Access::Execute, fault.pc);
        };
        if decoded.is_branch() || operand.on_stack || !self.contained(&operand, location) {
            let access = if decoded.is_branch() { Access::Execute } else { operand.access };
            return self.escape(fault, access, operand.address);
        }
        self.trap_at(trap.unwrap_or(Trap::ArenaOutOfBounds), Some(fault.pc))
    }

    fn contained(&self, operand: &MemoryOperand, location: &Location<'_>) -> bool {
        if location.addressing() == Addressing::Raw64 {
            return operand.address < NULL_PAGE.into();
        }
        let offset = self.relative(operand.address);
        match location.mode() {
            Mode::Exact => (0..OFFSETS).contains(&offset),
            Mode::AsShipped => {
                let mut displacements = location.displacements(operand.width);
                displacements.any(|d| (0..OFFSETS).contains(&(offset - i128::from(d))))
            }
        }
    }

    /// An address relative to the arena's base.
    fn relative(&self, address: u64) -> i128 {
        i128::from(address) - i128::from(self.process.cage.base())
    }

    fn escape(&self, fault: &Fault, access: Access, address: u64) -> Stop {
        let location = locate(self.programs, fault.pc);
        let decoded = location.map(|location| Decoded::new(location.code, fault.pc));
        let bytes = location.zip(decoded.as_ref()).map(|(l, d)| l.code[..d.len()].to_vec());
        Stop::Escape(Box::new(Escape {
            access,
            offset: self.relative(address),
            program: location.map(|l| l.program),
            function: location.map(|l| l.function),
            site: location.and_then(|l| l.site),
            instruction: bytes.unwrap_or_default(),
            disassembly: decoded.map(|d| d.text()).unwrap_or_default(),
            registers: fault.registers(),
        }))
    }
}

/// The operand that faulted: for a page fault the one that spans the address which the
/// processor blamed, else the one that is not on the stack, which is known to be good.
fn blamed(operands: &[MemoryOperand], fault: &Fault) -> Option<MemoryOperand> {
    let spans = |operand: &&MemoryOperand| {
        let last = u64::from(operand.width.max(1)) - 1;
        (operand.address..=operand.address.saturating_add(last)).contains(&fault.address)
    };
    let spanning = match fault.exception {
        Exception::Page(_) => operands.iter().find(spans),
        _ => None,
    };
    spanning.or_else(|| operands.iter().find(|o| !o.on_stack)).or(operands.first()).copied()
}

//! One call from the host: runs the machine, serves what it asks for at gateways,
//! and says how it ended.
#![forbid(unsafe_code)]

use super::abi::Frame;
use super::code::{Code, Origin};
use super::gateway::{Gateway, RETURN};
use super::machine::{Callee, Machine, State, Stop, run};
use super::operand::X;
use super::policy::Policy;
use super::registers::{Registers, SP};
use crate::arena::OwnedArena;
use crate::code_table::{CodeIndex, CodeTable, Target};
use crate::executor::{self, Escape, Services, Slot, TrapReport};
use crate::program::Builtin;
use crate::trap::Trap;

/// A way in which a builtin is called: with the signature that the caller declares.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BuiltinCall {
    pub builtin: Builtin,
    pub frame: Frame,
}

/// Bytes that a builtin moves in about the time of one operation.
const BYTES_PER_FUEL: u64 = 64;

/// All that one call needs.
pub(super) struct Session<'a> {
    pub code: &'a Code,
    pub callees: &'a [Callee],
    pub builtins: &'a [BuiltinCall],
    pub table: &'a CodeTable,
    pub arena: &'a mut OwnedArena,
    pub stack: &'a mut [u8],
    pub services: &'a mut dyn Services,
    pub registers: Registers,
    pub state: State,
    /// Scratch: the arguments of the gateway being served.
    pub arguments: Vec<Slot>,
}

impl Session<'_> {
    /// Runs until the outermost call returns.
    pub(super) fn run<P: Policy>(&mut self, policy: &mut P) -> Result<(), executor::Stop> {
        loop {
            let machine = Machine {
                state: self.state,
                registers: &mut self.registers,
                body: self.arena.body_mut(),
                stack: self.stack,
                callees: self.callees,
                constants: &self.code.constants,
                policy,
            };
            let (stop, state) = run(&self.code.instructions, machine);
            self.state = state;
            match (stop, Gateway::at(state.pc)) {
                (Stop::OutsideCode, Gateway::Return) => return Ok(()),
                (Stop::OutsideCode | Stop::Depth, Gateway::Builtin(position))
                    if self.throws(position) =>
                {
                    self.throw(stop, policy)?;
                }
                (Stop::OutsideCode, gateway @ (Gateway::Builtin(_) | Gateway::Host(_))) => {
                    self.serve(gateway)?;
                    policy.returns(state.pc, self.state.lr);
                    self.state.calls_left = self.state.calls_left.wrapping_add(1);
                }
                // Only guest functions nest; the count was exhausted, not taken from.
                (Stop::Depth, gateway @ (Gateway::Builtin(_) | Gateway::Host(_))) => {
                    self.serve(gateway)?;
                    policy.returns(state.pc, self.state.lr);
                }
                _ => return Err(self.stopped(stop, policy.escape())),
            }
        }
    }

    fn throws(&self, position: u32) -> bool {
        let call = self.builtins.get(position as usize);
        call.is_some_and(|call| call.builtin == Builtin::ThrowRef)
    }

    /// Throws the exception that guest code gave to `throw_ref`: drops frames until one of
    /// them handles it. Each call that it ends gives back what it took of the call depth;
    /// that of the throwing builtin took nothing where the depth was exhausted.
    fn throw<P: Policy>(&mut self, stop: Stop, policy: &mut P) -> Result<(), executor::Stop> {
        let thrower = self.state.lr.wrapping_sub(1);
        let exception = self.registers.x32(X(1));
        let thrown = self.services.thrown(self.arena, exception);
        let thrown = thrown.map_err(|trap| self.trapped(trap, thrower))?;
        policy.unwinds();
        if stop == Stop::OutsideCode {
            self.state.calls_left = self.state.calls_left.wrapping_add(1);
        }
        loop {
            let (returns_to, fp) = (self.state.lr, self.state.fp);
            let site = self.code.handlers.get(&returns_to);
            let sp = site.map_or(fp, |site| fp.wrapping_sub(site.frame_bytes));
            let word = |distance: u32| self.stack_word(sp.wrapping_add(distance));
            if let Some(to) = site.and_then(|site| site.catch(self.services, thrown, word)) {
                self.registers.set_x32(SP, sp);
                self.registers.set_x32(X(0), exception);
                self.state.pc = to;
                return Ok(());
            }
            self.state.fp = self.stack_word(fp).ok_or_else(|| broken("frame"))?;
            self.state.lr = self.stack_word(fp.wrapping_add(4)).ok_or_else(|| broken("frame"))?;
            if self.state.lr == RETURN {
                return Err(self.trapped(Trap::UncaughtException, thrower));
            }
            policy.unwinds();
            self.state.calls_left = self.state.calls_left.wrapping_add(1);
        }
    }

    /// 32 bits of the machine stack.
    fn stack_word(&self, offset: u32) -> Option<u32> {
        let bytes = self.stack.get(offset as usize..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }

    /// Does what a gateway stands for, and returns to `lr`.
    fn serve(&mut self, gateway: Gateway) -> Result<(), executor::Stop> {
        let host_frame;
        let (frame, builtin, host) = match gateway {
            Gateway::Builtin(position) => {
                let call = self.builtins.get(position as usize).ok_or_else(|| broken("builtin"))?;
                (&call.frame, Some(call.builtin), 0)
            }
            Gateway::Host(index) => {
                let (number, frame) = self.host(index).ok_or_else(|| broken("host function"))?;
                host_frame = frame;
                (&host_frame, None, number)
            }
            Gateway::Return | Gateway::Nothing => return Err(broken("gateway")),
        };
        let sp = self.registers.x32(SP);
        let stack = self.stack.get(sp as usize..).unwrap_or_default();
        self.arguments.clear();
        frame.read_arguments(&self.registers, stack, &mut self.arguments);
        let mut results = [0; MAX_RESULTS];
        let results = &mut results[..frame.results()];
        let served = match builtin {
            Some(builtin) => {
                let cost = bytes_moved(builtin, &self.arguments) / BYTES_PER_FUEL;
                self.state.fuel = self.state.fuel.saturating_sub(cost);
                let served = self.services.builtin(self.arena, builtin, &self.arguments);
                served.map(|result| results.first_mut().map(|slot| *slot = result)).map(drop)
            }
            None => self.services.host(self.arena, host, &self.arguments, results),
        };
        served.map_err(|trap| self.trapped(trap, self.state.lr.wrapping_sub(1)))?;
        frame.write_results(&mut self.registers, results);
        if frame.callee_pops {
            self.registers.set_x32(SP, sp.wrapping_add(frame.stack_bytes));
        }
        self.state.pc = self.state.lr;
        Ok(())
    }

    /// Number and frame of the host function at a code index.
    fn host(&self, index: CodeIndex) -> Option<(u32, Frame)> {
        let entry = self.table.get(index);
        let Target::Host(number) = entry.target else { return None };
        let signature = self.table.signature(entry.signature?)?;
        Some((number, Frame::of(signature).ok()?))
    }

    /// Turns the end of the loop into the executor's answer.
    fn stopped(&self, stop: Stop, escape: Option<(i64, executor::Access)>) -> executor::Stop {
        let pc = self.state.pc;
        let op = pc.wrapping_sub(1);
        let listed = || self.code.origin(op).and_then(|origin| origin.trap);
        match stop {
            Stop::OutsideCode => self.trapped(Trap::BadCodeReference, op),
            Stop::Fuel => self.trapped(Trap::OutOfFuel, pc),
            Stop::Depth => self.trapped(Trap::StackOverflow, pc),
            Stop::StackOverflow => self.trapped(Trap::StackOverflow, op),
            Stop::Access => self.trapped(listed().unwrap_or(Trap::ArenaOutOfBounds), op),
            Stop::Bound => self.trapped(Trap::ArenaOutOfBounds, op),
            Stop::NullBase => self.trapped(Trap::NullBase, op),
            Stop::DivisionByZero => self.trapped(Trap::IntegerDivisionByZero, op),
            Stop::IntegerOverflow => self.trapped(Trap::IntegerOverflow, op),
            Stop::BadConversion => self.trapped(Trap::BadConversionToInteger, op),
            Stop::BadCodeReference => self.trapped(Trap::BadCodeReference, op),
            Stop::Trap => match listed() {
                Some(trap) => self.trapped(trap, op),
                None => broken("trap code"),
            },
            Stop::Escape => match escape {
                Some((offset, access)) => self.escaped(offset, access, op),
                None => broken("escape"),
            },
            Stop::BadStack => broken("stack pointer"),
            Stop::BadConstant => broken("vector constant"),
        }
    }

    fn trapped(&self, trap: Trap, op: u32) -> executor::Stop {
        let origin = self.code.origin(op);
        executor::Stop::Trap(TrapReport {
            trap,
            program: origin.map(|origin| origin.program),
            function: origin.map(|origin| origin.function),
            site: origin.and_then(|origin| origin.site),
        })
    }

    fn escaped(&self, offset: i64, access: executor::Access, op: u32) -> executor::Stop {
        let origin: Option<&Origin> = self.code.origin(op);
        executor::Stop::Escape(Box::new(Escape {
            access,
            offset: offset.into(),
            program: origin.map(|origin| origin.program),
            function: origin.map(|origin| origin.function),
            site: origin.and_then(|origin| origin.site),
            instruction: Vec::new(),
            disassembly: String::new(),
            registers: Vec::new(),
        }))
    }
}

/// Most results of a signature: all registers that may hold one.
const MAX_RESULTS: usize = 47;

/// Something that only compiled code with a bug of ours could have reached.
fn broken(what: &str) -> executor::Stop {
    executor::Stop::RuntimeFault(format!("the interpreter met a {what} that cannot be"))
}

/// How many bytes a builtin is asked to move: the last argument of those that move any.
#[expect(clippy::cast_possible_truncation, reason = "an i32 argument")]
fn bytes_moved(builtin: Builtin, args: &[Slot]) -> u64 {
    let moved = match builtin {
        Builtin::MemoryCopy | Builtin::MemoryFill => args.last().map_or(0, |&len| len as u32),
        _ => 0,
    };
    u64::from(moved)
}

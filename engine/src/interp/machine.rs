//! The machine: its state, its loop, and how instructions reach memory.
//!
//! The loop keeps the whole [`Machine`] in locals of [`run`]: every method on it is
//! inlined, and what is not takes scalars. Nothing in the loop panics or allocates.
//!
//! Invariants:
//! - arena accesses go through [`Machine::load`] and [`Machine::store`] only;
//! - the machine stack is a buffer outside the arena, reached by the frame opcodes
//!   and the `stack_*` opcodes only, each of which checks its range;
//! - `pc` may hold any value: past the end of the code the loop stops with
//!   [`Stop::OutsideCode`], and `gateway` says what that value means;
//! - when an op fails, `pc` is one past it, but for [`Stop::Fuel`], where the op has
//!   not begun, and for [`Stop::Depth`], where the call has been made: `pc` is at the
//!   callee and `lr` one past the call.
#![forbid(unsafe_code)]

use super::instruction::{Instruction, execute};
use super::operand::{G32, G32Bne, O32, Z};
use super::policy::{Parts, Policy};
use super::registers::{Registers, SP};
use crate::arena::NULL_PAGE;
use crate::executor::Access;

/// Why the loop stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stop {
    /// `pc` is not the index of an op.
    OutsideCode,
    /// The fuel is used up.
    Fuel,
    /// A call was made that is nested too deeply.
    Depth,
    /// The machine stack ran out.
    StackOverflow,
    /// An access outside the arena, or past a bound: the trap listed for the op.
    Access,
    /// An access to where a bound should be found, outside the arena.
    Bound,
    /// An access through a null base whose effective address is accessible.
    NullBase,
    /// The trap listed for the op.
    Trap,
    /// A division by zero.
    DivisionByZero,
    /// A quotient or a converted float that does not fit.
    IntegerOverflow,
    /// A NaN converted to an integer.
    BadConversion,
    /// A code index of another signature than the call site expects.
    BadCodeReference,
    /// An access that left the arena's reach, by a planted fault.
    Escape,
    /// A stack access outside the machine stack: not from compiled code.
    BadStack,
    /// A constant outside the pool: not from compiled code.
    BadConstant,
}

/// What an instruction's method returns.
pub(super) type Flow = Result<(), Stop>;

/// What a code index means to this executor: where it leads, and the id of its
/// signature, 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Callee {
    pub signature: u32,
    pub entry: u32,
}

/// The part of the machine's state that lives from call to call of [`run`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// Op index of the next instruction.
    pub pc: u32,
    /// Return address, an op index.
    pub lr: u32,
    /// Frame pointer, an offset in the machine stack.
    pub fp: u32,
    /// Ops that may still be executed.
    pub fuel: u64,
    /// Calls that may still be nested.
    pub calls_left: u32,
    /// Accesses to the arena so far.
    pub accesses: u64,
    /// Calls through a code index so far.
    pub indirect_calls: u64,
}

/// The machine while it runs.
pub(super) struct Machine<'a, P> {
    pub state: State,
    pub registers: &'a mut Registers,
    /// The arena from the null page's end on: one comparison covers both ends.
    pub body: &'a mut [u8],
    pub stack: &'a mut [u8],
    pub callees: &'a [Callee],
    /// The pool of vector constants.
    pub constants: &'a [u128],
    pub policy: &'a mut P,
}

/// Runs until something other than an instruction must be done.
#[inline(never)]
pub(super) fn run<P: Policy>(code: &[Instruction], machine: Machine<'_, P>) -> (Stop, State) {
    // Each field becomes a local of its own here, which the optimiser can keep in
    // registers; the parameter itself lives in memory.
    let Machine { state, registers, body, stack, callees, constants, policy } = machine;
    let mut machine = Machine { state, registers, body, stack, callees, constants, policy };
    loop {
        let Some(instruction) = code.get(machine.state.pc as usize) else {
            return (Stop::OutsideCode, machine.state);
        };
        let Some(fuel) = machine.state.fuel.checked_sub(1) else {
            return (Stop::Fuel, machine.state);
        };
        machine.state.fuel = fuel;
        machine.state.pc += 1;
        if let Err(stop) = execute(&mut machine, instruction) {
            return (stop, machine.state);
        }
    }
}

/// An addressing mode.
///
/// Two steps, so that the loop handles a plain address without a `Result`.
pub(super) trait Address: Copy {
    /// The check that the mode makes before an access of `width` bytes.
    fn check<P: Policy>(self, machine: &mut Machine<'_, P>, width: u32) -> Flow;

    /// The parts of the address.
    fn parts(self, registers: &Registers) -> Parts;
}

impl<P: Policy> Machine<'_, P> {
    /// Reads `N` bytes of the arena.
    #[inline(always)]
    pub(super) fn load<const N: usize>(&mut self, address: impl Address) -> Result<[u8; N], Stop> {
        let offset = self.effective(address, width::<N>(), Access::Read)?;
        let bytes = self.read(offset).ok_or(Stop::Access)?;
        self.performed(offset, width::<N>(), Access::Read);
        self.loaded(offset, width::<N>(), false);
        Ok(self.policy.fetched(self.state.pc.wrapping_sub(1), offset, false, bytes))
    }

    /// Writes `N` bytes of the arena, all or none.
    #[inline(always)]
    pub(super) fn store<const N: usize>(&mut self, address: impl Address, bytes: [u8; N]) -> Flow {
        let offset = self.effective(address, width::<N>(), Access::Write)?;
        let start = offset.wrapping_sub(NULL_PAGE) as usize;
        let place = self.body.get_mut(start..start + N).and_then(|place| place.first_chunk_mut());
        *place.ok_or(Stop::Access)? = bytes;
        self.performed(offset, width::<N>(), Access::Write);
        Ok(())
    }

    #[inline(always)]
    fn effective(
        &mut self,
        address: impl Address,
        width: u32,
        access: Access,
    ) -> Result<u32, Stop> {
        address.check(self, width)?;
        self.policy.address(address.parts(self.registers), width, access)
    }

    #[inline(always)]
    fn read<const N: usize>(&self, offset: u32) -> Option<[u8; N]> {
        let start = offset.wrapping_sub(NULL_PAGE) as usize;
        self.body.get(start..start + N)?.first_chunk().copied()
    }

    #[inline(always)]
    fn performed(&mut self, offset: u32, width: u32, access: Access) {
        self.state.accesses += 1;
        self.policy.observe(self.state.pc.wrapping_sub(1), offset, width, access);
    }

    /// Between a load and the use of what was read.
    #[inline(always)]
    fn loaded(&mut self, offset: u32, width: u32, is_bound: bool) {
        let op = self.state.pc.wrapping_sub(1);
        let body = &mut *self.body;
        self.policy.watched(|monitor| monitor.loaded(op, offset, width, is_bound, body));
    }

    /// Reads `N` bytes of the machine stack at an offset from its start.
    #[inline(always)]
    pub(super) fn stack_read<const N: usize>(&self, offset: u32) -> Result<[u8; N], Stop> {
        let start = offset as usize;
        let bytes = self.stack.get(start..start + N).and_then(|bytes| bytes.first_chunk());
        bytes.copied().ok_or(Stop::BadStack)
    }

    /// Writes `N` bytes of the machine stack at an offset from its start.
    #[inline(always)]
    pub(super) fn stack_write<const N: usize>(&mut self, offset: u32, bytes: [u8; N]) -> Flow {
        let start = offset as usize;
        let place = self.stack.get_mut(start..start + N).and_then(|place| place.first_chunk_mut());
        *place.ok_or(Stop::BadStack)? = bytes;
        Ok(())
    }

    /// The check of an index against a bound. The difference wraps, as in the program.
    #[inline(always)]
    fn within(&mut self, index: u32, bound: u32, displacement: u32, width: u32) -> Flow {
        let last = bound.wrapping_sub(displacement + width);
        let slack = self.policy.slack(index, last, width);
        if index > last.wrapping_add(slack) { Err(Stop::Access) } else { Ok(()) }
    }

    /// Moves the stack pointer down.
    #[inline(always)]
    pub(super) fn push(&mut self, bytes: u32) -> Result<u32, Stop> {
        let sp = self.registers.x32(SP).checked_sub(bytes).ok_or(Stop::StackOverflow)?;
        self.registers.set_x32(SP, sp);
        Ok(sp)
    }

    /// The offset in the machine stack that lies `displacement` from its pointer.
    #[inline(always)]
    pub(super) fn at_sp(&self, displacement: i32) -> u32 {
        self.registers.x32(SP).wrapping_add_signed(displacement)
    }
}

/// The width of an access of `N` bytes.
#[expect(clippy::cast_possible_truncation, reason = "at most 16")]
const fn width<const N: usize>() -> u32 {
    N as u32
}

/// Why an access with a null base stops: the answer of the program's own trap unless
/// the access would have succeeded.
#[cold]
fn null_base(displacement: i32, width: u32, body_len: usize) -> Stop {
    let start = displacement.cast_unsigned().wrapping_sub(NULL_PAGE) as usize;
    if start + width as usize <= body_len { Stop::NullBase } else { Stop::Access }
}

impl Address for O32 {
    #[inline(always)]
    fn check<P: Policy>(self, _: &mut Machine<'_, P>, _: u32) -> Flow {
        Ok(())
    }

    #[inline(always)]
    fn parts(self, registers: &Registers) -> Parts {
        Parts { base: registers.x32(self.base), index: 0, displacement: self.displacement }
    }
}

impl Address for Z {
    #[inline(always)]
    fn check<P: Policy>(self, machine: &mut Machine<'_, P>, width: u32) -> Flow {
        if machine.registers.x32(self.base) == 0 {
            return Err(null_base(self.displacement, width, machine.body.len()));
        }
        Ok(())
    }

    #[inline(always)]
    fn parts(self, registers: &Registers) -> Parts {
        Parts { base: registers.x32(self.base), index: 0, displacement: self.displacement }
    }
}

impl Address for G32 {
    #[inline(always)]
    fn check<P: Policy>(self, machine: &mut Machine<'_, P>, width: u32) -> Flow {
        let bound = machine.registers.x32(self.bound);
        machine.within(machine.registers.x32(self.index), bound, self.displacement.into(), width)
    }

    #[inline(always)]
    fn parts(self, registers: &Registers) -> Parts {
        let [base, index] = [self.base, self.index].map(|register| registers.x32(register));
        Parts { base, index, displacement: self.displacement.into() }
    }
}

impl Address for G32Bne {
    #[inline(always)]
    fn check<P: Policy>(self, machine: &mut Machine<'_, P>, width: u32) -> Flow {
        let bound = O32 { base: self.bound_base, displacement: self.bound_displacement.into() };
        let at = machine.effective(bound, 4, Access::Read)?;
        let bound = machine.read(at).ok_or(Stop::Bound)?;
        machine.state.accesses += 1;
        machine.loaded(at, 4, true);
        let op = machine.state.pc.wrapping_sub(1);
        let bound = u32::from_le_bytes(machine.policy.fetched(op, at, true, bound));
        machine.within(machine.registers.x32(self.index), bound, self.displacement.into(), width)
    }

    #[inline(always)]
    fn parts(self, registers: &Registers) -> Parts {
        let [base, index] = [self.base, self.index].map(|register| registers.x32(register));
        Parts { base, index, displacement: self.displacement.into() }
    }
}

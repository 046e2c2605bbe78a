//! The loop: the instructions of one call from outside.
#![forbid(unsafe_code)]

use std::cell::Cell;

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{Endianness, Function, Inst, Opcode};
use cranelift_interpreter::instruction::DfgInstructionContext;
use cranelift_interpreter::step::{ControlFlow, CraneliftTrap, step};
use cranelift_interpreter::value::DataValueExt as _;

use super::activation::Activation;
use super::memory::Memory;
use super::{float, value};
use crate::arena::OwnedArena;
use crate::code_table::{CodeIndex, CodeTable, Target};
use crate::executor::{Counts, Limits, LoadError, Services, Slot, Stop, TrapReport};
use crate::panic::contained;
use crate::passes::Prepared;
use crate::passes::opcode::{Class, class};
use crate::program::FuncId;
use crate::site::SiteId;
use crate::trap::Trap;

/// Why a step did not lead to the next one.
pub(super) enum Halt {
    Trap(Trap),
    /// Something that the crate does not implement or does not expect.
    Refused(String),
    /// A panic of the runtime.
    Fault(String),
}

impl From<Trap> for Halt {
    fn from(trap: Trap) -> Halt {
        Halt::Trap(trap)
    }
}

/// Why a call did not return.
pub(super) enum Ended {
    Stopped(Stop),
    /// As in [`Halt::Refused`].
    Refused(String),
}

/// Refuses what would be run wrongly.
pub(super) fn admit(function: &Function) -> Result<(), LoadError> {
    let layout = &function.layout;
    for inst in layout.blocks().flat_map(|block| layout.block_insts(block)) {
        let data = function.dfg.insts[inst];
        let opcode = data.opcode();
        let flags = data.memflags().map(|flags| function.dfg.mem_flags[flags]);
        let order = flags.and_then(|flags| flags.explicit_endianness());
        if order == Some(Endianness::Big) {
            return Err(LoadError::Unsupported(format!("a big-endian {opcode}")));
        }
        if class(opcode) == Class::TargetDependent {
            return Err(LoadError::Unsupported(format!("CLIF opcode {opcode}")));
        }
    }
    Ok(())
}

/// One call from outside.
pub(super) struct Machine<'a> {
    programs: &'a [Prepared],
    pub(super) table: &'a CodeTable,
    pub(super) memory: Memory<'a>,
    /// Innermost last.
    pub(super) stack: Vec<Activation<'a>>,
    /// A trap that an access inside `step` raised, which the crate would rename.
    pub(super) raised: Cell<Option<Trap>>,
    fuel: u64,
    depth: usize,
    pub(super) counts: Counts,
}

impl<'a> Machine<'a> {
    pub(super) fn new(
        programs: &'a [Prepared],
        table: &'a CodeTable,
        arena: &'a mut OwnedArena,
        limits: Limits,
    ) -> Machine<'a> {
        Machine {
            programs,
            table,
            memory: Memory { arena, accesses: Cell::new(0) },
            stack: Vec::new(),
            raised: Cell::new(None),
            fuel: limits.fuel,
            depth: limits.depth as usize,
            counts: Counts::default(),
        }
    }

    /// What was done so far.
    pub(super) fn counts(&self) -> Counts {
        Counts { accesses: self.memory.accesses.get(), ..self.counts }
    }

    /// Makes the call.
    pub(super) fn run(
        &mut self,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
    ) -> Result<Vec<Slot>, Ended> {
        let Target::Function { program, function } = self.table.get(code).target else {
            return Err(Ended::Stopped(Stop::trap(Trap::BadCodeReference)));
        };
        let callee = self.function(program, function).ok_or_else(|| {
            let message = format!("code index {} names no loaded function", code.0);
            Ended::Stopped(Stop::RuntimeFault(message))
        })?;
        let params = callee.signature.params.iter();
        let args: Vec<_> = params
            .zip(args)
            .map(|(param, &slot)| value::from_slot(slot, param.value_type))
            .collect();
        let ended = contained(|| {
            self.push(program, function, args)?;
            self.go(services)
        });
        match ended {
            Ok(Ok(results)) => Ok(results.iter().map(value::to_slot).collect()),
            Ok(Err(Halt::Trap(trap))) => Err(Ended::Stopped(Stop::Trap(self.report(trap)))),
            Ok(Err(Halt::Fault(what))) => Err(Ended::Stopped(Stop::RuntimeFault(what))),
            Ok(Err(Halt::Refused(what))) | Err(what) => Err(Ended::Refused(what)),
        }
    }

    fn report(&self, trap: Trap) -> TrapReport {
        let top = self.stack.last();
        let inst = top.and_then(|top| Some((top.function, top.inst?)));
        TrapReport {
            trap,
            program: top.map(|top| top.program),
            function: top.map(|top| top.id),
            site: inst.and_then(|(function, inst)| SiteId::from_source_loc(function.srcloc(inst))),
        }
    }

    fn function(&self, program: u32, function: FuncId) -> Option<&'a Function> {
        let functions = &self.programs.get(program as usize)?.functions;
        functions.get(function.0 as usize).map(|function| &**function)
    }

    pub(super) fn push(
        &mut self,
        program: u32,
        id: FuncId,
        args: Vec<DataValue>,
    ) -> Result<(), Halt> {
        if self.stack.len() >= self.depth {
            return Err(Trap::StackOverflow.into());
        }
        let function = self.function(program, id).ok_or(Trap::BadCodeReference)?;
        self.stack.push(Activation::enter(program, id, function, args));
        Ok(())
    }

    pub(super) fn top(&mut self) -> &mut Activation<'a> {
        self.stack.last_mut().expect("the machine runs inside a function")
    }

    fn go(&mut self, services: &mut dyn Services) -> Result<Vec<DataValue>, Halt> {
        loop {
            self.fuel = self.fuel.checked_sub(1).ok_or(Trap::OutOfFuel)?;
            self.counts.ops += 1;
            let top = self.top();
            let inst = top.inst.ok_or_else(|| Halt::Refused("a block without an end".into()))?;
            let opcode = top.function.dfg.insts[inst].opcode();
            match class(opcode) {
                Class::Return => {
                    if let Some(results) = self.leave(inst) {
                        return Ok(results);
                    }
                }
                Class::Load => self.load(inst)?,
                Class::Store => self.store(inst)?,
                Class::Call | Class::ReturnCall => self.call(services, inst, opcode)?,
                Class::CallIndirect | Class::ReturnCallIndirect => {
                    if let Some(results) = self.call_indirect(services, inst, opcode)? {
                        return Ok(results);
                    }
                }
                _ if opcode == Opcode::Bitcast => self.bitcast(inst),
                _ if opcode == Opcode::AvgRound => self.average(inst),
                _ if opcode == Opcode::Srem && self.divides_by_minus_one(inst) => {
                    self.no_rest(inst)
                }
                _ => self.step(inst, opcode)?,
            }
        }
    }

    /// The same bytes as another type. The crate panics on some changes of the number of
    /// lanes, that to `i128` among them.
    fn bitcast(&mut self, inst: Inst) {
        let top = self.top();
        let dfg = &top.function.dfg;
        let bits = value::to_slot(top.frame.get(dfg.inst_args(inst)[0]));
        let ty = dfg.value_type(dfg.first_result(inst));
        top.finish(inst, [value::from_slot(bits, ty)]);
    }

    /// The lanes' averages, rounded up. The crate panics on vectors.
    fn average(&mut self, inst: Inst) {
        let top = self.top();
        let dfg = &top.function.dfg;
        let ty = dfg.value_type(dfg.first_result(inst));
        let bits = ty.lane_bits();
        let operands = top.frame.get_all(dfg.inst_args(inst));
        let lane = |n: u32| {
            let lanes = operands.iter().map(|operand| {
                let unused = Slot::BITS - bits;
                value::to_slot(operand) >> (n * bits) << unused >> unused
            });
            lanes.sum::<Slot>().div_ceil(2) << (n * bits)
        };
        let averages = (0..ty.lane_count()).map(lane).fold(0, |all, lane| all | lane);
        top.finish(inst, [value::from_slot(averages, ty)]);
    }

    fn divides_by_minus_one(&mut self, inst: Inst) -> bool {
        let top = self.top();
        let divisor = top.frame.get(top.function.dfg.inst_args(inst)[1]);
        divisor.clone().into_int_signed().is_ok_and(|divisor| divisor == -1)
    }

    /// The rest of a division by -1, which is 0: the crate takes the overflow of the
    /// quotient for one of the rest.
    fn no_rest(&mut self, inst: Inst) {
        let top = self.top();
        let dfg = &top.function.dfg;
        let zero = value::from_slot(0, dfg.value_type(dfg.first_result(inst)));
        top.finish(inst, [zero]);
    }

    /// An instruction as the crate does it.
    fn step(&mut self, inst: Inst, opcode: Opcode) -> Result<(), Halt> {
        let function = self.top().function;
        let context = DfgInstructionContext::new(inst, &function.dfg);
        let flow = step(self, context);
        if let Some(trap) = self.raised.take() {
            return Err(trap.into());
        }
        let flow = flow.map_err(|error| Halt::Refused(format!("{opcode}: {error}")))?;
        match flow {
            ControlFlow::Continue => self.top().finish(inst, []),
            ControlFlow::ContinueAt(block, args) => self.top().jump(block, args),
            ControlFlow::Assign(results) => self.assign(inst, opcode, results),
            ControlFlow::Trap(trap) => return Err(named(&trap)),
            ControlFlow::Call(..) | ControlFlow::ReturnCall(..) | ControlFlow::Return(_) => {
                unreachable!("calls and returns are made here")
            }
        }
        Ok(())
    }

    fn assign(&mut self, inst: Inst, opcode: Opcode, results: impl IntoIterator<Item = DataValue>) {
        let top = self.top();
        if !float::is_arithmetic(opcode) {
            return top.finish(inst, results);
        }
        let ty = top.function.dfg.value_type(top.function.dfg.first_result(inst));
        let results: Vec<_> =
            results.into_iter().map(|result| float::canonical(&result, ty)).collect();
        top.finish(inst, results);
    }
}

/// A trap of the crate.
fn named(trap: &CraneliftTrap) -> Halt {
    match trap {
        CraneliftTrap::User(code) => match Trap::from_code(*code) {
            Some(trap) => Halt::Trap(trap),
            None => Halt::Refused(format!("trap code {code}")),
        },
        other => Halt::Refused(other.to_string()),
    }
}

//! The loop: instructions, calls and returns of one call from outside.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{
    self, Endianness, ExternalName, FuncRef, Function, GlobalValue, Inst, InstructionData,
    MemFlagsData, Opcode, StackSlot, Type, types,
};
use cranelift_interpreter::address::{Address, AddressSize};
use cranelift_interpreter::frame::Frame;
use cranelift_interpreter::instruction::DfgInstructionContext;
use cranelift_interpreter::interpreter::LibCallHandler;
use cranelift_interpreter::state::{InterpreterFunctionRef, MemoryError, State};
use cranelift_interpreter::step::{ControlFlow, CraneliftTrap, step};
use cranelift_interpreter::value::{DataValueExt as _, ValueConversionKind};

use super::activation::Activation;
use super::memory::{Memory, effective};
use super::{float, value};
use crate::arena::OwnedArena;
use crate::code_table::{CodeIndex, CodeTable, Target};
use crate::executor::{Counts, Limits, LoadError, Services, Slot, Stop, TrapReport};
use crate::passes::Prepared;
use crate::passes::opcode::{Class, class};
use crate::program::{BUILTIN_NAMESPACE, Builtin, FuncId};
use crate::site::SiteId;
use crate::trap::Trap;

/// Why a step did not lead to the next one.
enum Halt {
    Trap(Trap),
    /// Something that the crate does not implement or does not expect.
    Refused(String),
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
    table: &'a CodeTable,
    memory: Memory<'a>,
    /// Innermost last.
    stack: Vec<Activation<'a>>,
    /// A trap that an access inside `step` raised, which the crate would rename.
    raised: Cell<Option<Trap>>,
    fuel: u64,
    depth: usize,
    counts: Counts,
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
        let ended = catch_unwind(AssertUnwindSafe(|| {
            self.push(program, function, args)?;
            self.go(services)
        }));
        match ended {
            Ok(Ok(results)) => Ok(results.iter().map(value::to_slot).collect()),
            Ok(Err(Halt::Trap(trap))) => Err(Ended::Stopped(Stop::Trap(self.report(trap)))),
            Ok(Err(Halt::Refused(what))) => Err(Ended::Refused(what)),
            Err(panic) => Err(Ended::Refused(crate::panic_message(&*panic))),
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

    fn push(&mut self, program: u32, id: FuncId, args: Vec<DataValue>) -> Result<(), Halt> {
        if self.stack.len() >= self.depth {
            return Err(Trap::StackOverflow.into());
        }
        let function = self.function(program, id).ok_or(Trap::BadCodeReference)?;
        self.stack.push(Activation::enter(program, id, function, args));
        Ok(())
    }

    fn top(&mut self) -> &mut Activation<'a> {
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
                _ => self.step(inst, opcode)?,
            }
        }
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

    /// Returns from the innermost function: to its caller, or to the outside.
    fn leave(&mut self, inst: Inst) -> Option<Vec<DataValue>> {
        let top = self.top();
        let results = top.frame.get_all(top.function.dfg.inst_args(inst));
        self.give_back(results)
    }

    fn give_back(&mut self, results: Vec<DataValue>) -> Option<Vec<DataValue>> {
        self.stack.pop();
        let Some(caller) = self.stack.last_mut() else { return Some(results) };
        let call = caller.inst.expect("the caller stands at its call");
        caller.finish(call, results);
        None
    }

    fn load(&mut self, inst: Inst) -> Result<(), Halt> {
        let top = self.top();
        let dfg = &top.function.dfg;
        let InstructionData::Load { opcode, arg, flags, offset } = dfg.insts[inst] else {
            return Err(Halt::Refused("a load of an unknown form".to_owned()));
        };
        let ty = dfg.value_type(dfg.first_result(inst));
        let flags = dfg.mem_flags[flags];
        let at = effective(top.frame.get(arg), offset.into());
        let (unit, signed) = unit(opcode, ty);
        let loaded = self.memory.load(at, unit, flags)?;
        let loaded = extend(loaded, unit, ty, signed).map_err(Halt::Refused)?;
        self.top().finish(inst, [loaded]);
        Ok(())
    }

    fn store(&mut self, inst: Inst) -> Result<(), Halt> {
        let top = self.top();
        let dfg = &top.function.dfg;
        let InstructionData::Store { opcode, args: [stored, address], flags, offset } =
            dfg.insts[inst]
        else {
            return Err(Halt::Refused("a store of an unknown form".to_owned()));
        };
        let flags = dfg.mem_flags[flags];
        let ty = dfg.value_type(stored);
        let at = effective(top.frame.get(address), offset.into());
        let (unit, _) = unit(opcode, ty);
        let stored = value::from_slot(value::to_slot(top.frame.get(stored)), unit);
        self.memory.store(at, &stored, flags)?;
        self.top().finish(inst, []);
        Ok(())
    }

    fn call(
        &mut self,
        services: &mut dyn Services,
        inst: Inst,
        opcode: Opcode,
    ) -> Result<(), Halt> {
        let top = self.top();
        let function = top.function;
        let (InstructionData::Call { func_ref, .. } | InstructionData::TryCall { func_ref, .. }) =
            function.dfg.insts[inst]
        else {
            return Err(Halt::Refused("a call of an unknown form".to_owned()));
        };
        let args = top.frame.get_all(function.dfg.inst_args(inst));
        let ExternalName::User(name) = function.dfg.ext_funcs[func_ref].name else {
            return Err(Halt::Refused("a callee that is no function".to_owned()));
        };
        let name = &function.params.user_named_funcs()[name];
        if name.namespace == BUILTIN_NAMESPACE {
            return self.builtin(services, inst, name.index, &args);
        }
        let (program, callee) = (top.program, FuncId(name.index));
        self.enter(opcode, program, callee, args)
    }

    /// Enters a function, in place of the innermost one if it is a tail call.
    fn enter(
        &mut self,
        opcode: Opcode,
        program: u32,
        callee: FuncId,
        args: Vec<DataValue>,
    ) -> Result<(), Halt> {
        if matches!(class(opcode), Class::ReturnCall | Class::ReturnCallIndirect) {
            self.stack.pop();
        }
        self.push(program, callee, args)
    }

    fn builtin(
        &mut self,
        services: &mut dyn Services,
        inst: Inst,
        index: u32,
        args: &[DataValue],
    ) -> Result<(), Halt> {
        let builtin = Builtin::from_index(index).ok_or(Trap::BadCodeReference)?;
        let args: Vec<Slot> = args.iter().map(value::to_slot).collect();
        let result = services.builtin(self.memory.arena, builtin, &args)?;
        let top = self.top();
        let dfg = &top.function.dfg;
        let types = dfg.inst_results(inst).iter().map(|&result| dfg.value_type(result));
        let results: Vec<_> = types.map(|ty| value::from_slot(result, ty)).collect();
        top.finish(inst, results);
        Ok(())
    }

    /// A call through a code index; gives results where it ends the outermost call.
    fn call_indirect(
        &mut self,
        services: &mut dyn Services,
        inst: Inst,
        opcode: Opcode,
    ) -> Result<Option<Vec<DataValue>>, Halt> {
        self.counts.indirect_calls += 1;
        let top = self.top();
        let function = top.function;
        let args = function.dfg.inst_args(inst);
        let DataValue::I32(index) = top.frame.get(args[0]) else {
            return Err(Halt::Refused("a code index that is no i32".to_owned()));
        };
        let index = CodeIndex(index.cast_unsigned());
        let args = top.frame.get_all(&args[1..]);
        let expected = function.dfg.call_signature(inst).map(|sig| &function.dfg.signatures[sig]);
        let entry = self.table.get(index);
        let actual = entry.signature.and_then(|id| self.table.signature(id));
        match entry.target {
            _ if actual.is_none() || actual != expected => Err(Trap::BadCodeReference.into()),
            Target::Trap => Err(Trap::BadCodeReference.into()),
            Target::Function { program, function } => {
                self.enter(opcode, program, function, args).map(|()| None)
            }
            Target::Host(number) => {
                let results = actual.map_or(&[][..], |signature| &signature.returns);
                let results = self.host(services, number, &args, results)?;
                if class(opcode) == Class::ReturnCallIndirect {
                    return Ok(self.give_back(results));
                }
                self.top().finish(inst, results);
                Ok(None)
            }
        }
    }

    fn host(
        &mut self,
        services: &mut dyn Services,
        number: u32,
        args: &[DataValue],
        results: &[ir::AbiParam],
    ) -> Result<Vec<DataValue>, Halt> {
        let args: Vec<Slot> = args.iter().map(value::to_slot).collect();
        let mut slots = vec![0; results.len()];
        services.host(self.memory.arena, number, &args, &mut slots)?;
        let pairs = results.iter().zip(slots);
        Ok(pairs.map(|(result, slot)| value::from_slot(slot, result.value_type)).collect())
    }
}

/// The type that a load or store moves, and whether a load extends its sign.
fn unit(opcode: Opcode, ty: Type) -> (Type, bool) {
    use Opcode as O;
    match opcode {
        O::Uload8 | O::Istore8 => (types::I8, false),
        O::Sload8 => (types::I8, true),
        O::Uload16 | O::Istore16 => (types::I16, false),
        O::Sload16 => (types::I16, true),
        O::Uload32 | O::Istore32 => (types::I32, false),
        O::Sload32 => (types::I32, true),
        O::Uload8x8 | O::Uload16x4 | O::Uload32x2 => (types::I64, false),
        O::Sload8x8 | O::Sload16x4 | O::Sload32x2 => (types::I64, true),
        _ => (ty, false),
    }
}

/// A loaded unit as a value of the load's type.
fn extend(loaded: DataValue, unit: Type, ty: Type, signed: bool) -> Result<DataValue, String> {
    if ty == unit {
        return Ok(loaded);
    }
    if ty.is_vector() {
        return Ok(widen(value::to_slot(&loaded), ty, signed));
    }
    let kind = if signed {
        ValueConversionKind::SignExtend(ty)
    } else {
        ValueConversionKind::ZeroExtend(ty)
    };
    loaded.convert(kind).map_err(|error| error.to_string())
}

/// The lanes of half a vector, each extended to a lane of `ty`.
fn widen(half: Slot, ty: Type, signed: bool) -> DataValue {
    let (bits, lanes) = (ty.lane_bits(), ty.lane_count());
    let narrow = bits / 2;
    let lane = |n: u32| {
        let unused = 128 - narrow;
        let top = half >> (n * narrow) << unused;
        let wide =
            if signed { (top.cast_signed() >> unused).cast_unsigned() } else { top >> unused };
        (wide & (Slot::MAX >> (128 - bits))) << (n * bits)
    };
    value::from_slot((0..lanes).map(lane).fold(0, |all, lane| all | lane), ty)
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

/// What `step` may ask for: the values of the innermost function, and the accesses of
/// atomics, whose addresses have no displacement.
impl<'a> State<'a> for Machine<'a> {
    fn get_function(&self, _: FuncRef) -> Option<&'a Function> {
        None
    }

    fn get_current_function(&self) -> &'a Function {
        self.stack.last().expect("the machine runs inside a function").function
    }

    fn get_libcall_handler(&self) -> LibCallHandler {
        |_, _| Err(CraneliftTrap::UnreachableCodeReached)
    }

    fn push_frame(&mut self, _: &'a Function) {
        unreachable!("calls are made by the machine")
    }

    fn pop_frame(&mut self) {
        unreachable!("returns are made by the machine")
    }

    fn current_frame_mut(&mut self) -> &mut Frame<'a> {
        &mut self.top().frame
    }

    fn current_frame(&self) -> &Frame<'a> {
        &self.stack.last().expect("the machine runs inside a function").frame
    }

    fn stack_address(&self, _: AddressSize, _: StackSlot, _: u64) -> Result<Address, MemoryError> {
        unreachable!("stack slots lie in the arena")
    }

    fn checked_load(
        &self,
        address: Address,
        ty: Type,
        flags: MemFlagsData,
    ) -> Result<DataValue, MemoryError> {
        let at = u32::try_from(address.offset).expect("every address is an i32");
        self.memory.load(at, ty, flags).map_err(|trap| {
            self.raised.set(Some(trap));
            MemoryError::MisalignedLoad { addr: address, load_size: 0 }
        })
    }

    fn checked_store(
        &mut self,
        address: Address,
        stored: DataValue,
        flags: MemFlagsData,
    ) -> Result<(), MemoryError> {
        let at = u32::try_from(address.offset).expect("every address is an i32");
        self.memory.store(at, &stored, flags).map_err(|trap| {
            self.raised.set(Some(trap));
            MemoryError::MisalignedStore { addr: address, store_size: 0 }
        })
    }

    fn function_address(&self, _: AddressSize, _: &ExternalName) -> Result<Address, MemoryError> {
        unreachable!("no program takes the address of a function")
    }

    fn get_function_from_address(&self, _: Address) -> Option<InterpreterFunctionRef<'a>> {
        None
    }

    fn resolve_global_value(&self, _: GlobalValue) -> Result<DataValue, MemoryError> {
        unreachable!("global values are dropped before")
    }

    fn get_pinned_reg(&self) -> DataValue {
        unreachable!("no program uses the pinned register")
    }

    fn set_pinned_reg(&mut self, _: DataValue) {
        unreachable!("no program uses the pinned register")
    }
}

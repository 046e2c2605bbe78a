//! Entering guest code from outside, and leaving it for the host.
//!
//! A function whose results do not fit registers takes the offset of a *return area*
//! after its Wasm parameters, and stores each result there, in slots of 16 bytes (see
//! `passes`). For calls from outside the area is the top of the shadow stack.
#![forbid(unsafe_code)]

use cranelift_codegen::ir;

use super::directory::Directory;
use super::host::{GuestMemory, HostCall, HostContext, HostError, LOGGED};
use super::link::Extern;
use super::state::{FuncRef, FunctionId, Instance, State};
use super::structures::{SHADOW_STACK, SHADOW_STACK_BYTES};
use super::types::{CONTEXTS, TypeId, wasm_signature};
use super::value::{self, Value};
use super::{InstanceId, Store};
use crate::arena::{Arena, OutOfArena};
use crate::code_table::CodeIndex;
use crate::executor::{Executor, Limits, Services, Slot, Stop, ThrownTag};
use crate::fault::Fault;
use crate::layout::Addressing;
use crate::passes::{return_area, shadow_stack};
use crate::program::{Builtin, FuncType, ValType};
use crate::trap::Trap;
use crate::wasm_type::{HeapType, Hierarchy, RefType, Type};

/// Why a call did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The program ended itself.
    #[error("exit {0}")]
    Exit(i32),
    /// It was stopped.
    #[error(transparent)]
    Stopped(#[from] Stop),
}

/// Why a call was not made, or did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The arguments do not fit the function.
    #[error("{0}")]
    Arguments(String),
    /// The call was made.
    #[error(transparent)]
    Ended(#[from] Ended),
}

/// The signature of a host function in the code table: that of a Wasm function of
/// its type, return area included.
pub(super) fn signature(ty: &FuncType, addressing: Addressing) -> ir::Signature {
    let signature = wasm_signature(ty, addressing);
    match addressing {
        Addressing::Arena32 => return_area::explicit(&signature),
        Addressing::Raw64 => return_area::native(&signature),
    }
}

/// How many slots the return area of a function of this type has, 0 without one.
fn area_slots(ty: &FuncType, addressing: Addressing) -> usize {
    let has_area =
        addressing == Addressing::Arena32 && return_area::needed(&wasm_signature(ty, addressing));
    if has_area { ty.results.len() } else { 0 }
}

impl Store {
    /// Calls a function with Wasm arguments. Funcrefs in `args` name functions of
    /// `instance`, and those in the results functions of the instance that made them.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call(
        &mut self,
        executor: &mut dyn Executor,
        instance: InstanceId,
        function: FunctionId,
        args: &[Value],
        limits: Limits,
    ) -> Result<Vec<Value>, CallError> {
        let callee = *self.state.function(function);
        let ty = self.state.types.func(callee.ty).clone();
        let vmctx = self.state.pointers.to_guest(callee.vmctx);
        let area = area_slots(&ty, self.state.pointers.addressing);
        let mut slots = vec![Slot::from(vmctx); CONTEXTS];
        slots.extend(self.state.arguments(executor.arena(), callee.ty, args, instance)?);
        let results = match callee.host {
            Some(number) => self.call_host(executor, number, &slots, ty.results.len())?,
            None => self.enter(executor, callee.code, &slots, area, limits)?,
        };
        let results = ty.results.iter().zip(results);
        Ok(results.map(|(&ty, slot)| self.state.value(ty, slot)).collect())
    }

    /// Enters guest code: sets the shadow stack up, makes room for a return area of
    /// `area` slots and gives the results, wherever the function left them.
    pub(super) fn enter(
        &mut self,
        executor: &mut dyn Executor,
        code: CodeIndex,
        args: &[Slot],
        area: usize,
        limits: Limits,
    ) -> Result<Vec<Slot>, Ended> {
        let mut args = args.to_vec();
        let top = set_up_shadow_stack(executor.arena(), area).map_err(broken)?;
        self.state.stack_bottom = top;
        if area > 0 {
            args.push(Slot::from(top));
        }
        self.state.exit = None;
        let outcome = self.run_guest(executor, code, &args, limits);
        let returned = self.state.ended(outcome)?;
        if area == 0 {
            return Ok(returned);
        }
        return_area::slots(top, area)
            .map(|at| executor.arena().load_u128(at).map_err(broken))
            .collect()
    }

    /// Calls a host function as guest code would, without any.
    fn call_host(
        &mut self,
        executor: &mut dyn Executor,
        number: u32,
        args: &[Slot],
        results: usize,
    ) -> Result<Vec<Slot>, Ended> {
        let mut slots = vec![0; results];
        self.state.exit = None;
        let outcome = self.run_alone(executor.arena(), number, args, &mut slots);
        self.state.ended(outcome.map(|()| slots).map_err(Stop::trap))
    }
}

/// Writes the words that guest functions keep their shadow stack by, and returns the
/// offset of a return area of `slots` slots above the first frame.
fn set_up_shadow_stack(arena: &mut dyn Arena, slots: usize) -> Result<u32, OutOfArena> {
    let end = SHADOW_STACK + SHADOW_STACK_BYTES;
    let area = u32::try_from(slots * return_area::SLOT_BYTES as usize).unwrap_or(u32::MAX);
    let top = end.checked_sub(area).ok_or(OutOfArena { offset: end, width: area })?;
    arena.store_u32(shadow_stack::POINTER, top)?;
    arena.store_u32(shadow_stack::LIMIT, SHADOW_STACK)?;
    Ok(top)
}

/// An arena that is shorter than it was: our own fault.
fn broken(error: OutOfArena) -> Ended {
    Ended::Stopped(Stop::RuntimeFault(error.to_string()))
}

fn func_ref(instance: &Instance, position: u128) -> Option<u32> {
    let position = usize::try_from(position).ok()?;
    instance.func_refs.get(position).copied().flatten()
}

impl State {
    /// What guest code gets for Wasm arguments.
    fn arguments(
        &mut self,
        arena: &mut dyn Arena,
        ty: TypeId,
        args: &[Value],
        instance: InstanceId,
    ) -> Result<Vec<Slot>, CallError> {
        let params = self.types.params(ty).to_vec();
        if args.len() != params.len() {
            let message = format!("{} arguments for {} parameters", args.len(), params.len());
            return Err(CallError::Arguments(message));
        }
        let pairs = params.into_iter().zip(args);
        pairs.map(|(param, arg)| self.argument(arena, param, arg, instance)).collect()
    }

    fn argument(
        &mut self,
        arena: &mut dyn Arena,
        param: Type<TypeId>,
        arg: &Value,
        instance: InstanceId,
    ) -> Result<Slot, CallError> {
        let ty = param.representation();
        if arg.ty != ty {
            let message =
                format!("a value of type {} for a parameter of type {}", arg.ty.name(), ty.name());
            return Err(CallError::Arguments(message));
        }
        let slot = match (ty, arg.bits) {
            (_, bits) if !value::representable(ty, bits) => None,
            _ if !self.types.matches(self.type_of(arg, instance), param) => None,
            (_, None) => Some(0),
            (ValType::FuncRef, Some(position)) => {
                let known = func_ref(self.instance(instance), position);
                known.map(|offset| self.pointers.to_guest(offset).into())
            }
            (ValType::ExternRef, Some(number)) => self.host_slot(arena, number)?,
            (ValType::AnyRef, Some(bits)) => match value::of_host(bits) {
                Some(number) => self.host_slot(arena, number)?,
                None => Some(value::i31(bits)),
            },
            (_, bits) => bits,
        };
        slot.ok_or_else(|| {
            CallError::Arguments(format!("no {} has the value {:?}", ty.name(), arg.bits))
        })
    }

    /// The most specific type of a value.
    fn type_of(&self, value: &Value, instance: InstanceId) -> Type<TypeId> {
        let (nullable, heap) = match (value.ty, value.bits) {
            (ValType::FuncRef, None) => (true, HeapType::NoFunc),
            (ValType::ExternRef, None) => (true, HeapType::NoExtern),
            (ValType::AnyRef, None) => (true, HeapType::None),
            (ValType::ExnRef, None) => (true, HeapType::NoExn),
            (ValType::FuncRef, Some(position)) => {
                let func_ref = func_ref(self.instance(instance), position);
                let known = func_ref.and_then(|at| self.func_refs.get(&at));
                let defined = |known: &FuncRef| HeapType::Defined(Hierarchy::Func, known.ty);
                (false, known.map_or(HeapType::Func, defined))
            }
            (ValType::ExternRef, _) => (false, HeapType::Extern),
            (ValType::AnyRef, Some(bits)) if value::of_host(bits).is_none() => {
                (false, HeapType::I31)
            }
            (ValType::AnyRef, _) => (false, HeapType::Any),
            (ValType::ExnRef, _) => (false, HeapType::Exn),
            (plain, _) => return Type::Plain(plain),
        };
        Type::Ref(RefType { nullable, heap })
    }

    fn host_slot(
        &mut self,
        arena: &mut dyn Arena,
        number: u128,
    ) -> Result<Option<Slot>, CallError> {
        Ok(self.host_reference(arena, number).map_err(broken)?.map(Slot::from))
    }

    /// The value of a slot that guest code filled.
    pub(super) fn value(&self, ty: ValType, slot: Slot) -> Value {
        let bits = self.significant(ty, slot);
        let bits = match ty {
            ty if ty.is_reference() && bits == 0 => None,
            ValType::FuncRef => Some(self.function_position(bits)),
            ValType::ExternRef => Some(self.number_behind(bits).unwrap_or(value::FORGED + bits)),
            ValType::AnyRef => Some(self.any_value(bits)),
            ValType::ExnRef => Some(value::FORGED + bits),
            _ => Some(bits),
        };
        Value { ty, bits }
    }

    /// The bits of a slot that belong to a value of a type, with an offset for a pointer
    /// where it is one.
    fn significant(&self, ty: ValType, slot: Slot) -> u128 {
        if (ty, self.pointers.addressing) != (ValType::FuncRef, Addressing::Raw64) {
            return value::significant(ty, slot);
        }
        let pointer = value::significant(ValType::I64, slot);
        self.pointers.of_guest(pointer).map_or(pointer, u128::from)
    }

    /// What [`Value::bits`] says of an anyref that is not null.
    fn any_value(&self, bits: u128) -> u128 {
        let host = || self.number_behind(bits).map(|number| value::HOST + number);
        value::of_i31(bits).or_else(host).unwrap_or(value::FORGED + bits)
    }

    fn number_behind(&self, reference: u128) -> Option<u128> {
        u32::try_from(reference).ok().and_then(|reference| self.host_number(reference))
    }

    /// What [`Value::bits`] says of the funcref of an offset that is not 0.
    pub(super) fn function_position(&self, offset: u128) -> u128 {
        let known = u32::try_from(offset).ok().and_then(|offset| self.func_refs.get(&offset));
        known.map_or(value::FORGED + offset, |known| known.position.into())
    }

    /// Tells an exit from a trap.
    fn ended<T>(&mut self, outcome: Result<T, Stop>) -> Result<T, Ended> {
        outcome.map_err(|stop| match (&stop, self.exit.take()) {
            (Stop::Trap(report), Some(code)) if report.trap == Trap::Host => Ended::Exit(code),
            _ => Ended::Stopped(stop),
        })
    }

    /// Runs a host function. `args` are the contexts and the Wasm arguments,
    /// `results` has a zeroed slot for each Wasm result.
    pub(super) fn run_host(
        &mut self,
        arena: &mut dyn Arena,
        host: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap> {
        let position = host as usize;
        let params = &self.hosts.get(position).ok_or(Trap::BadCodeReference)?.ty.params;
        let slots = args.get(..CONTEXTS + params.len()).ok_or(Trap::BadCodeReference)?;
        let (contexts, slots) = slots.split_at(CONTEXTS);
        let pairs = params.iter().zip(slots);
        let args: Vec<Slot> = pairs.map(|(&ty, &slot)| self.significant(ty, slot)).collect();
        if self.faults.has(Fault::CountFromArena) {
            self.copy_counted_arguments(arena, host, contexts, &args)?;
        }
        self.log(position, &args);
        let caller = contexts.last().and_then(|&vmctx| self.pointers.of_guest(vmctx));
        let caller = caller.unwrap_or(0);
        let memory = self.callers_memory(caller);
        let number = self.host_calls_made;
        self.host_calls_made += 1;
        let State { hosts, instances, gc_heap, ambushes, .. } = self;
        let directory = Directory::new(instances, gc_heap.map(|heap| heap.base));
        let mut context = HostContext { arena, number, memory, caller, directory, ambushes };
        match (hosts[position].code)(&mut context, &args, results) {
            Ok(()) => Ok(()),
            Err(HostError::Trap(trap)) => Err(trap),
            Err(HostError::Exit(code)) => {
                self.exit = Some(code);
                Err(Trap::Host)
            }
        }
    }

    /// The memory that the caller exports as `memory`. The caller's vmctx is the guest's
    /// word: at worst, it names another instance of the store.
    fn callers_memory(&self, caller: u32) -> Option<GuestMemory> {
        let Extern::Memory(id) = *self.context(caller)?.exports.get("memory")? else {
            return None;
        };
        let memory = self.memory(id);
        Some(GuestMemory { base: memory.base, len: memory.len_bytes() })
    }

    fn log(&mut self, position: usize, args: &[Slot]) {
        if self.host_calls.len() >= LOGGED {
            return;
        }
        let host = &self.hosts[position];
        let args = host.ty.params.iter().zip(args);
        let args = args.map(|(&ty, &slot)| self.value(ty, slot)).collect();
        let (module, name) = (host.module.clone(), host.name.clone());
        self.host_calls.push(HostCall { module, name, args });
    }
}

impl Services for State {
    fn thrown(&mut self, arena: &mut dyn Arena, exception: u32) -> Result<ThrownTag, Trap> {
        self.ambushes.strike(arena)?;
        self.tag_of_exception(arena, exception)
    }

    fn catches(&self, vmctx: u32, tag: u32, thrown: ThrownTag) -> bool {
        let tags = self.context(vmctx).map(|instance| &instance.tags);
        tags.and_then(|tags| tags.get(tag as usize)).is_some_and(|id| id.0 == thrown.0)
    }

    fn builtin(
        &mut self,
        arena: &mut dyn Arena,
        builtin: Builtin,
        args: &[Slot],
    ) -> Result<Slot, Trap> {
        self.ambushes.strike(arena)?;
        let args = self.pointers.arguments(builtin, args)?;
        let result = self.serve(arena, builtin, &args)?;
        Ok(self.pointers.result(builtin, result))
    }

    fn host(
        &mut self,
        arena: &mut dyn Arena,
        number: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap> {
        let ty = &self.hosts.get(number as usize).ok_or(Trap::BadCodeReference)?.ty;
        let slots = area_slots(ty, self.pointers.addressing);
        if slots == 0 {
            return self.run_host(arena, number, args, results);
        }
        // The area's offset is the guest's word: `Arena` refuses what lies outside.
        let position = CONTEXTS + ty.params.len();
        let area = args.get(position).copied().ok_or(Trap::BadCodeReference)?;
        #[expect(clippy::cast_possible_truncation, reason = "an i32 argument")]
        let area = area as u32;
        let mut stored = vec![0; slots];
        self.run_host(arena, number, args, &mut stored)?;
        for (at, slot) in return_area::slots(area, slots).zip(stored) {
            arena.store_u128(at, slot)?;
        }
        Ok(())
    }
}

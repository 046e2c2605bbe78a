//! Calls and returns: by name, through the code table, to builtins and to the host.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{self, ExternalName, Inst, InstructionData, Opcode};

use super::machine::{Halt, Machine};
use super::value;
use crate::code_table::{CodeIndex, Target};
use crate::executor::{Services, Slot};
use crate::panic::caught;
use crate::passes::opcode::{Class, class};
use crate::program::{Builtin, FuncId};
use crate::trap::Trap;

impl Machine<'_> {
    /// Returns from the innermost function: to its caller, or to the outside.
    pub(super) fn leave(&mut self, inst: Inst) -> Option<Vec<DataValue>> {
        let top = self.top();
        let results = top.frame.get_all(top.function.dfg.inst_args(inst));
        self.give_back(results)
    }

    pub(super) fn give_back(&mut self, results: Vec<DataValue>) -> Option<Vec<DataValue>> {
        self.stack.pop();
        let Some(caller) = self.stack.last_mut() else { return Some(results) };
        let call = caller.inst.expect("the caller stands at its call");
        caller.finish(call, results);
        None
    }

    pub(super) fn call(
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
        if let Some(builtin) = Builtin::named(name) {
            return self.builtin(services, inst, builtin, &args);
        }
        let (program, callee) = (top.program, FuncId(name.index));
        self.enter(opcode, program, callee, args)
    }

    /// Enters a function, in place of the innermost one if it is a tail call.
    pub(super) fn enter(
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

    pub(super) fn builtin(
        &mut self,
        services: &mut dyn Services,
        inst: Inst,
        builtin: Builtin,
        args: &[DataValue],
    ) -> Result<(), Halt> {
        if builtin == Builtin::ThrowRef {
            return Err(Halt::Refused("exceptions".to_owned()));
        }
        let args: Vec<Slot> = args.iter().map(value::to_slot).collect();
        let result = caught(|| services.builtin(self.memory.arena, builtin, &args))
            .map_err(Halt::Fault)??;
        let top = self.top();
        let dfg = &top.function.dfg;
        let types = dfg.inst_results(inst).iter().map(|&result| dfg.value_type(result));
        let results: Vec<_> = types.map(|ty| value::from_slot(result, ty)).collect();
        top.finish(inst, results);
        Ok(())
    }

    /// A call through a code index; gives results where it ends the outermost call.
    pub(super) fn call_indirect(
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

    pub(super) fn host(
        &mut self,
        services: &mut dyn Services,
        number: u32,
        args: &[DataValue],
        results: &[ir::AbiParam],
    ) -> Result<Vec<DataValue>, Halt> {
        let args: Vec<Slot> = args.iter().map(value::to_slot).collect();
        let mut slots = vec![0; results.len()];
        caught(|| services.host(self.memory.arena, number, &args, &mut slots))
            .map_err(Halt::Fault)??;
        let pairs = results.iter().zip(slots);
        Ok(pairs.map(|(result, slot)| value::from_slot(slot, result.value_type)).collect())
    }
}

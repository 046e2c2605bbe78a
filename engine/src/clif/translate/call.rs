//! Calls, returns and traps.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{ExternalName, Inst, InstructionData, Opcode};
use wasm_encoder::{BlockType, Instruction};

use super::Refused;
use super::body::{Body, EQZ};
use super::instruction::refused;
use crate::program::FUNCTION_NAMESPACE;

/// Traps, always or by condition.
pub(super) fn trap(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    match body.function.dfg.insts[inst] {
        InstructionData::Trap { code, .. } => body.trap_code(code).map(drop),
        InstructionData::CondTrap { opcode, arg, code } => {
            body.truth(arg)?;
            if opcode == Opcode::Trapz {
                body.form(false, EQZ);
            }
            body.op(Instruction::If(BlockType::Empty)).trap_code(code)?.op(Instruction::End);
            Ok(())
        }
        _ => Err(refused(body, inst)),
    }
}

pub(super) fn leave(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    body.get_args(inst)?.op(Instruction::Return);
    Ok(())
}

/// A call by name, whether it returns here or not.
pub(super) fn direct(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let function = body.function;
    let InstructionData::Call { opcode, func_ref, .. } = function.dfg.insts[inst] else {
        return Err(refused(body, inst));
    };
    let ExternalName::User(name) = function.dfg.ext_funcs[func_ref].name else {
        return Err(Refused("a callee that is no function".to_owned()));
    };
    let name = &function.params.user_named_funcs()[name];
    if name.namespace != FUNCTION_NAMESPACE {
        return Err(Refused("a call of a builtin".to_owned()));
    }
    body.get_args(inst)?;
    if opcode == Opcode::ReturnCall {
        body.op(Instruction::ReturnCall(name.index));
        return Ok(());
    }
    body.op(Instruction::Call(name.index));
    results(body, inst)
}

/// A call by code index, whether it returns here or not.
pub(super) fn indirect(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let function = body.function;
    let InstructionData::CallIndirect { opcode, sig_ref, .. } = function.dfg.insts[inst] else {
        return Err(refused(body, inst));
    };
    let signature = &function.dfg.signatures[sig_ref];
    let (type_index, table_index) = (body.interner.ty(signature)?, body.interner.table(signature));
    let (&index, args) = body.args(inst).split_first().expect("the verifier wants a callee");
    for &arg in args {
        body.get(arg)?;
    }
    body.get(index)?;
    if opcode == Opcode::ReturnCallIndirect {
        body.op(Instruction::ReturnCallIndirect { type_index, table_index });
        return Ok(());
    }
    body.op(Instruction::CallIndirect { type_index, table_index });
    results(body, inst)
}

fn results(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    for &result in body.function.dfg.inst_results(inst).iter().rev() {
        body.set(result)?;
    }
    Ok(())
}

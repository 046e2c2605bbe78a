//! What makes a CLIF program one for an arena: it is valid for `pulley32`, every address in
//! it is an `i32`, and it makes and reads no raw pointer.
//!
//! Cranelift's verifier knows no pointer width for the operands of an access, so text
//! that was written for a 64-bit target passes it. Such a program is refused here: its
//! addresses are no arena offsets.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{Function, Inst, Opcode, Value};

use super::read::ReadError;
use super::source::SourceError;
use crate::passes::opcode::{Class, class};
use crate::passes::{PassError, Refusal, refuses, verify};
use crate::program::{FuncId, Program};

/// Checks a program; `line` says where a function begins.
pub(super) fn check(program: &Program, line: impl Fn(FuncId) -> usize) -> Result<(), SourceError> {
    verify(program).map_err(|PassError { function, what }| match what {
        Refusal::Invalid(message) => {
            SourceError::Invalid(ReadError { message, line: Some(line(function)) })
        }
        what => SourceError::Unsupported(what.to_string()),
    })?;
    program.functions.iter().try_for_each(addresses)?;
    for (id, function) in (0..).map(FuncId).zip(&program.functions) {
        if let Some(opcode) = raw_pointer(function) {
            let message = format!("opcode {opcode} in function {}: a raw pointer", id.0);
            return Err(ReadError { message, line: Some(line(id)) }.into());
        }
    }
    Ok(())
}

/// The first opcode of a function that no run admits.
fn raw_pointer(function: &Function) -> Option<Opcode> {
    let blocks = function.layout.blocks();
    let mut opcodes = blocks
        .flat_map(|block| function.layout.block_insts(block))
        .map(|inst| function.dfg.insts[inst].opcode());
    opcodes.find(|&opcode| refuses(opcode))
}

/// Refuses a function with an address that is no arena offset.
fn addresses(function: &Function) -> Result<(), SourceError> {
    let instructions =
        function.layout.blocks().flat_map(|block| function.layout.block_insts(block));
    for inst in instructions {
        let address = address(function, inst);
        if let Some(ty) = address.map(|value| function.dfg.value_type(value))
            && ty != I32
        {
            let opcode = function.dfg.insts[inst].opcode();
            return Err(SourceError::Unsupported(format!("an address of type {ty} in {opcode}")));
        }
    }
    Ok(())
}

/// The address or code index that an instruction uses or makes.
fn address(function: &Function, inst: Inst) -> Option<Value> {
    let opcode = function.dfg.insts[inst].opcode();
    let args = function.dfg.inst_args(inst);
    match class(opcode) {
        Class::Store => Some(args[1]),
        Class::Load => Some(args[0]),
        Class::Atomic if opcode == Opcode::AtomicStore => Some(args[1]),
        Class::Atomic => Some(args[0]),
        Class::CallIndirect | Class::ReturnCallIndirect => Some(args[0]),
        Class::StackSlot => Some(function.dfg.first_result(inst)),
        _ => None,
    }
}

//! What defines a value, seen through aliases.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{DataFlowGraph, InstructionData, Opcode, Value, ValueDef};

/// The instruction that defines a value as its first result.
pub(crate) fn definition(dfg: &DataFlowGraph, value: Value) -> Option<InstructionData> {
    match dfg.value_def(value) {
        ValueDef::Result(inst, 0) => Some(dfg.insts[inst]),
        _ => None,
    }
}

/// The integer that a value is, if an `iconst` defines it.
pub(crate) fn constant(dfg: &DataFlowGraph, value: Value) -> Option<i64> {
    match definition(dfg, value)? {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
        _ => None,
    }
}

//! Splits `i128` accesses into two of 64 bits, in both kinds of run.
//!
//! Pulley's backend panics on some of them and drops the displacement of others. Each
//! half keeps the flags, the region and the site of the whole. The lower address comes
//! first, so where only the second half is out of bounds the first has happened, in every
//! executor alike.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::types::{I64, I128};
use cranelift_codegen::ir::{Endianness, Function, Inst, InstBuilder as _, InstructionData, Value};

use super::opcode::{Class, class};
use super::{instructions, replace};

/// Splits the accesses of a function.
pub(super) fn split(function: &mut Function) {
    let any = function.dfg.values_and_defs().any(|(v, _)| function.dfg.value_type(v) == I128);
    if !any {
        return;
    }
    for inst in instructions(function) {
        match class(function.dfg.insts[inst].opcode()) {
            Class::Load => load(function, inst),
            Class::Store => store(function, inst),
            _ => {}
        }
    }
}

fn load(function: &mut Function, inst: Inst) {
    let InstructionData::Load { arg, flags, offset, .. } = function.dfg.insts[inst] else { return };
    if function.dfg.value_type(function.dfg.first_result(inst)) != I128 {
        return;
    }
    let flags = function.dfg.mem_flags[flags];
    let big = flags.explicit_endianness() == Some(Endianness::Big);
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    let first = pos.ins().load(I64, flags, arg, offset);
    let (arg, offset) = second_half(&mut pos, arg, offset);
    let second = pos.ins().load(I64, flags, arg, offset);
    let (low, high) = if big { (second, first) } else { (first, second) };
    let whole = pos.ins().iconcat(low, high);
    replace(function, inst, &[whole]);
}

fn store(function: &mut Function, inst: Inst) {
    let InstructionData::Store { args: [value, address], flags, offset, .. } =
        function.dfg.insts[inst]
    else {
        return;
    };
    if function.dfg.value_type(value) != I128 {
        return;
    }
    let flags = function.dfg.mem_flags[flags];
    let big = flags.explicit_endianness() == Some(Endianness::Big);
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    let (low, high) = pos.ins().isplit(value);
    let (first, second) = if big { (high, low) } else { (low, high) };
    pos.ins().store(flags, first, address, offset);
    let (address, offset) = second_half(&mut pos, address, offset);
    pos.ins().store(flags, second, address, offset);
    replace(function, inst, &[]);
}

/// Address and displacement of the upper eight bytes. Where the displacement is at its
/// limit the address moves instead, so that the site's displacement still holds.
fn second_half(pos: &mut FuncCursor<'_>, address: Value, offset: Offset32) -> (Value, Offset32) {
    match offset.try_add_i64(8) {
        Some(beyond) => (address, beyond),
        None => (pos.ins().iadd_imm_u(address, 8), offset),
    }
}

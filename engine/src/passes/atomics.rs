//! Atomic accesses as plain ones, for an executor whose backend has none.
//!
//! There is one agent, so nothing happens between the load and the store that stand for a
//! read-modify-write. Each keeps the flags and the site of the whole. A compare-exchange
//! stores in any case, as x86-64's does: what it found, where that is not what it expected.
//! Fences order nothing and go.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AtomicRmwOp, Function, Inst, InstBuilder as _, InstructionData, MemFlagsData, Opcode, Value,
};

use super::{instructions, replace};

/// Makes every atomic access of a function a plain one.
pub(crate) fn make_plain(function: &mut Function) {
    for inst in instructions(function) {
        if function.dfg.insts[inst].opcode() == Opcode::Fence {
            function.layout.remove_inst(inst);
        } else {
            access(function, inst);
        }
    }
}

fn access(function: &mut Function, inst: Inst) {
    let data = function.dfg.insts[inst];
    let plain = |function: &Function, flags| {
        let flags: MemFlagsData = function.dfg.mem_flags[flags];
        flags
    };
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    match data {
        InstructionData::LoadNoOffset { opcode: Opcode::AtomicLoad, arg: address, flags } => {
            let ty = pos.func.dfg.value_type(pos.func.dfg.first_result(inst));
            let flags = plain(pos.func, flags);
            let value = pos.ins().load(ty, flags, address, 0);
            replace(function, inst, &[value]);
        }
        InstructionData::StoreNoOffset {
            opcode: Opcode::AtomicStore,
            args: [value, address],
            flags,
        } => {
            let flags = plain(pos.func, flags);
            pos.ins().store(flags, value, address, 0);
            replace(function, inst, &[]);
        }
        InstructionData::AtomicRmw { args: [address, operand], flags, op, .. } => {
            let flags = plain(pos.func, flags);
            let ty = pos.func.dfg.value_type(operand);
            let old = pos.ins().load(ty, flags, address, 0);
            let new = combined(&mut pos, op, old, operand);
            pos.ins().store(flags, new, address, 0);
            replace(function, inst, &[old]);
        }
        InstructionData::AtomicCas { args: [address, expected, new], flags, .. } => {
            let flags = plain(pos.func, flags);
            let ty = pos.func.dfg.value_type(expected);
            let old = pos.ins().load(ty, flags, address, 0);
            let equal = pos.ins().icmp(IntCC::Equal, old, expected);
            let new = pos.ins().select(equal, new, old);
            pos.ins().store(flags, new, address, 0);
            replace(function, inst, &[old]);
        }
        _ => {}
    }
}

/// What a read-modify-write stores.
fn combined(pos: &mut FuncCursor<'_>, op: AtomicRmwOp, old: Value, operand: Value) -> Value {
    let chosen_if = |pos: &mut FuncCursor<'_>, condition| {
        let keeps = pos.ins().icmp(condition, old, operand);
        pos.ins().select(keeps, old, operand)
    };
    match op {
        AtomicRmwOp::Add => pos.ins().iadd(old, operand),
        AtomicRmwOp::Sub => pos.ins().isub(old, operand),
        AtomicRmwOp::And => pos.ins().band(old, operand),
        AtomicRmwOp::Or => pos.ins().bor(old, operand),
        AtomicRmwOp::Xor => pos.ins().bxor(old, operand),
        AtomicRmwOp::Xchg => operand,
        AtomicRmwOp::Nand => {
            let both = pos.ins().band(old, operand);
            pos.ins().bnot(both)
        }
        AtomicRmwOp::Smin => chosen_if(pos, IntCC::SignedLessThan),
        AtomicRmwOp::Smax => chosen_if(pos, IntCC::SignedGreaterThan),
        AtomicRmwOp::Umin => chosen_if(pos, IntCC::UnsignedLessThan),
        AtomicRmwOp::Umax => chosen_if(pos, IntCC::UnsignedGreaterThan),
    }
}

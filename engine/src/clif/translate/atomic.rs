//! Atomic accesses, as plain ones: a module has one thread.
//!
//! Prepared programs trap at misaligned ones before the access. Wasm's own atomics are
//! not used because Wasmtime has none in its interpreter.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{AtomicRmwOp, Inst, InstructionData, Opcode, Type, Value};
use wasm_encoder::{BlockType, Instruction};

use super::Refused;
use super::body::{ADD, AND, Body, EQ, Forms, GT_S, GT_U, LT_S, LT_U, OR, SUB, XOR};
use super::instruction::refused;
use super::memory::{Place, loading, storing};
use super::module::at_offset;

/// Any atomic access.
pub(super) fn access(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let function = body.function;
    let place = |address, flags| Place { address, displacement: 0, flags };
    match function.dfg.insts[inst] {
        InstructionData::LoadNoOffset { arg, flags, .. } => {
            let (result, ty) = body.result(inst);
            load(body, ty, &place(arg, flags))?;
            body.set(result)
        }
        InstructionData::StoreNoOffset { args: [value, address], flags, .. } => {
            let ty = body.ty(value);
            let (_, width) = loading(Opcode::Load, ty).ok_or_else(|| refused(body, inst))?;
            let offset = place(address, flags).checked(body, width)?;
            body.local(offset).get(value)?;
            store(body, ty)
        }
        InstructionData::AtomicRmw { args: [address, value], flags, op, .. } => {
            let (result, ty) = body.result(inst);
            let offset = load(body, ty, &place(address, flags))?;
            body.set(result)?;
            body.local(offset);
            combine(body, op, ty, result, value)?;
            store(body, ty)
        }
        InstructionData::AtomicCas { args: [address, expected, value], flags, .. } => {
            let (result, ty) = body.result(inst);
            let offset = load(body, ty, &place(address, flags))?;
            body.set(result)?;
            body.get(result)?.get(expected)?.form(ty == I64, EQ);
            body.op(Instruction::If(BlockType::Empty)).local(offset).get(value)?;
            store(body, ty)?;
            body.op(Instruction::End);
            Ok(())
        }
        _ => Err(refused(body, inst)),
    }
}

/// Pushes what is loaded; gives the local of the offset.
fn load(body: &mut Body<'_>, ty: Type, place: &Place) -> Result<u32, Refused> {
    let (load, width) =
        loading(Opcode::Load, ty).ok_or_else(|| Refused(format!("atomic access.{ty}")))?;
    let offset = place.checked(body, width)?;
    body.local(offset).op(load(at_offset(0)));
    Ok(offset)
}

/// Stores the value on the stack at the offset below it.
fn store(body: &mut Body<'_>, ty: Type) -> Result<(), Refused> {
    let (store, _) =
        storing(Opcode::Store, ty).ok_or_else(|| Refused(format!("atomic access.{ty}")))?;
    body.op(store(at_offset(0)));
    Ok(())
}

/// Pushes what is written: stores ignore what lies above their width.
fn combine(
    body: &mut Body<'_>,
    op: AtomicRmwOp,
    ty: Type,
    old: Value,
    operand: Value,
) -> Result<(), Refused> {
    let wide = ty == I64;
    let forms = match op {
        AtomicRmwOp::Add => ADD,
        AtomicRmwOp::Sub => SUB,
        AtomicRmwOp::And | AtomicRmwOp::Nand => AND,
        AtomicRmwOp::Or => OR,
        AtomicRmwOp::Xor => XOR,
        AtomicRmwOp::Xchg => return body.get(operand).map(drop),
        AtomicRmwOp::Umin => return either(body, LT_U, old, operand, false),
        AtomicRmwOp::Umax => return either(body, GT_U, old, operand, false),
        AtomicRmwOp::Smin => return either(body, LT_S, old, operand, true),
        AtomicRmwOp::Smax => return either(body, GT_S, old, operand, true),
    };
    body.get(old)?.get(operand)?.form(wide, forms);
    if op == AtomicRmwOp::Nand {
        body.constant(wide, -1).form(wide, XOR);
    }
    Ok(())
}

/// Pushes the first of two values if a comparison holds, else the second.
pub(super) fn either(
    body: &mut Body<'_>,
    holds: Forms,
    first: Value,
    second: Value,
    signed: bool,
) -> Result<(), Refused> {
    let ty = body.ty(first);
    body.get(first)?.get(second)?;
    if signed {
        body.signed(first)?.signed(second)?;
    } else {
        body.get(first)?.get(second)?;
    }
    body.form(ty == I64, holds).op(Instruction::Select);
    Ok(())
}

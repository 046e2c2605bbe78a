//! Values of one type from those of another, and choices between two of any.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I8, I16, I32, I32X4, I64, I128};
use cranelift_codegen::ir::{Inst, Opcode, Type, Value};
use wasm_encoder::{BlockType, Instruction};

use super::Refused;
use super::body::{Body, SHR_S, SUB};
use super::instruction::refused;

pub(super) fn select(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (result, ty) = body.result(inst);
    let &[condition, then, otherwise] = body.args(inst) else { return Err(refused(body, inst)) };
    if ty == I128 {
        body.truth(condition)?.op(Instruction::If(BlockType::Empty)).get(then)?.set(result)?;
        body.op(Instruction::Else).get(otherwise)?.set(result)?;
        body.op(Instruction::End);
        return Ok(());
    }
    body.get(then)?.get(otherwise)?.truth(condition)?.op(Instruction::Select);
    body.set(result)
}

/// All bits of the result, if the operand is not 0.
pub(super) fn bmask(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let arg = body.args(inst)[0];
    let (result, ty) = body.result(inst);
    if !body.ty(arg).is_int() {
        return Err(refused(body, inst));
    }
    for _half in 0..=u32::from(ty == I128) {
        body.i32(0).truth(arg)?.i32(0).op(Instruction::I32Ne).form(false, SUB);
        if ty.bits() > 32 {
            body.op(Instruction::I64ExtendI32S);
        }
    }
    body.mask(ty).set(result)
}

/// `uextend`, `sextend` and `ireduce`.
pub(super) fn width(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let arg = body.args(inst)[0];
    let (result, to) = body.result(inst);
    if opcode == Opcode::Ireduce {
        if to == I64 {
            let low = body.at(arg)?;
            body.local(low);
        } else {
            body.low32(arg)?.mask(to);
        }
        return body.set(result);
    }
    let signed = opcode == Opcode::Sextend;
    if signed {
        body.signed(arg)?
    } else {
        body.get(arg)?
    };
    if to.bits() > 32 && body.ty(arg).bits() <= 32 {
        body.op(if signed { Instruction::I64ExtendI32S } else { Instruction::I64ExtendI32U });
    }
    if to != I128 {
        return body.mask(to).set(result);
    }
    let low = body.at(result)?;
    body.tee(low);
    if signed {
        body.i64(63).form(true, SHR_S);
    } else {
        body.op(Instruction::Drop).i64(0);
    }
    body.keep(low + 1);
    Ok(())
}

/// The same bytes as another type.
pub(super) fn bitcast(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    use Instruction as I;
    let arg = body.args(inst)[0];
    let from = body.ty(arg);
    let (result, to) = body.result(inst);
    body.get(arg)?;
    match (from, to) {
        (I32, F32) => body.op(I::F32ReinterpretI32),
        (F32, I32) => body.op(I::I32ReinterpretF32),
        (I64, F64) => body.op(I::F64ReinterpretI64),
        (F64, I64) => body.op(I::I64ReinterpretF64),
        _ if from == to => body,
        _ if from.is_vector() && to.is_vector() => body,
        (I128, _) if to.is_vector() => return from_halves(body, arg, result),
        (_, I128) if from.is_vector() => {
            body.op(I::I64x2ExtractLane(0)).get(arg)?.op(I::I64x2ExtractLane(1))
        }
        _ => return Err(Refused(format!("bitcast.{to} of {from}"))),
    };
    body.set(result)
}

/// The vector of an `i128`, which is on the stack.
fn from_halves(body: &mut Body<'_>, arg: Value, result: Value) -> Result<(), Refused> {
    let low = body.at(arg)?;
    body.op(Instruction::Drop).op(Instruction::I64x2Splat);
    body.local(low + 1).op(Instruction::I64x2ReplaceLane(1)).set(result)
}

/// Conversions between numbers.
pub(super) fn number(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let arg = body.args(inst)[0];
    let from = body.ty(arg);
    let (result, to) = body.result(inst);
    let conversion =
        conversion(opcode, from, to).ok_or_else(|| Refused(format!("{opcode}.{to} of {from}")))?;
    let signed = opcode == Opcode::FcvtFromSint;
    if signed {
        body.signed(arg)?
    } else {
        body.get(arg)?
    };
    body.op(conversion).set(result)
}

/// Wasm's conversion; a narrow integer is extended before it.
fn conversion(opcode: Opcode, from: Type, to: Type) -> Option<Instruction<'static>> {
    use Instruction as I;
    use Opcode as O;
    let from = if matches!(from, I8 | I16) { I32 } else { from };
    Some(match (opcode, from, to) {
        (O::Fpromote, F32, F64) => I::F64PromoteF32,
        (O::Fdemote, F64, F32) => I::F32DemoteF64,
        (O::Fvdemote, F64X2, F32X4) => I::F32x4DemoteF64x2Zero,
        (O::FvpromoteLow, F32X4, F64X2) => I::F64x2PromoteLowF32x4,
        (O::FcvtFromUint, I32, F32) => I::F32ConvertI32U,
        (O::FcvtFromUint, I64, F32) => I::F32ConvertI64U,
        (O::FcvtFromUint, I32, F64) => I::F64ConvertI32U,
        (O::FcvtFromUint, I64, F64) => I::F64ConvertI64U,
        (O::FcvtFromUint, I32X4, F32X4) => I::F32x4ConvertI32x4U,
        (O::FcvtFromSint, I32, F32) => I::F32ConvertI32S,
        (O::FcvtFromSint, I64, F32) => I::F32ConvertI64S,
        (O::FcvtFromSint, I32, F64) => I::F64ConvertI32S,
        (O::FcvtFromSint, I64, F64) => I::F64ConvertI64S,
        (O::FcvtFromSint, I32X4, F32X4) => I::F32x4ConvertI32x4S,
        (O::FcvtToUint, F32, I32) => I::I32TruncF32U,
        (O::FcvtToUint, F64, I32) => I::I32TruncF64U,
        (O::FcvtToUint, F32, I64) => I::I64TruncF32U,
        (O::FcvtToUint, F64, I64) => I::I64TruncF64U,
        (O::FcvtToSint, F32, I32) => I::I32TruncF32S,
        (O::FcvtToSint, F64, I32) => I::I32TruncF64S,
        (O::FcvtToSint, F32, I64) => I::I64TruncF32S,
        (O::FcvtToSint, F64, I64) => I::I64TruncF64S,
        (O::FcvtToUintSat, F32, I32) => I::I32TruncSatF32U,
        (O::FcvtToUintSat, F64, I32) => I::I32TruncSatF64U,
        (O::FcvtToUintSat, F32, I64) => I::I64TruncSatF32U,
        (O::FcvtToUintSat, F64, I64) => I::I64TruncSatF64U,
        (O::FcvtToUintSat, F32X4, I32X4) => I::I32x4TruncSatF32x4U,
        (O::FcvtToSintSat, F32, I32) => I::I32TruncSatF32S,
        (O::FcvtToSintSat, F64, I32) => I::I32TruncSatF64S,
        (O::FcvtToSintSat, F32, I64) => I::I64TruncSatF32S,
        (O::FcvtToSintSat, F64, I64) => I::I64TruncSatF64S,
        (O::FcvtToSintSat, F32X4, I32X4) => I::I32x4TruncSatF32x4S,
        _ => return None,
    })
}

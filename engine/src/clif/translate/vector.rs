//! Vectors of integers, and what all vectors share.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Type};
use wasm_encoder::{Instruction, Lane};

use super::Refused;
use super::body::Body;
use super::instruction::refused;

pub(super) fn constant(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let function = body.function;
    let InstructionData::UnaryConst { constant_handle, .. } = function.dfg.insts[inst] else {
        return Err(refused(body, inst));
    };
    let bits = bytes(function.dfg.constants.get(constant_handle).as_slice());
    let bits = bits.ok_or_else(|| refused(body, inst))?;
    let (result, _) = body.result(inst);
    body.op(Instruction::V128Const(i128::from_le_bytes(bits))).set(result)
}

fn bytes(slice: &[u8]) -> Option<[u8; 16]> {
    slice.try_into().ok()
}

/// An operation on lanes that Wasm has too, or nearly.
pub(super) fn lanes(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let args = body.args(inst);
    let (result, _) = body.result(inst);
    let ty = body.ty(args[0]);
    match opcode {
        Opcode::Bitselect => {
            let [chosen, ones, zeroes] = *args else { return Err(refused(body, inst)) };
            body.get(ones)?.get(zeroes)?.get(chosen)?.op(Instruction::V128Bitselect);
        }
        Opcode::Ishl | Opcode::Ushr | Opcode::Sshr => {
            let shift = instruction(opcode, ty).ok_or_else(|| refused(body, inst))?;
            body.get(args[0])?.low32(args[1])?.op(shift);
        }
        Opcode::Imul if ty == I8X16 => narrow_product(body, inst)?,
        _ => {
            let instruction = instruction(opcode, ty).ok_or_else(|| refused(body, inst))?;
            body.get_args(inst)?.op(instruction);
        }
    }
    body.set(result)
}

/// Products of 16 bits, of which the lower halves are packed again: none is saturated.
fn narrow_product(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    for half in [Instruction::I16x8ExtMulLowI8x16U, Instruction::I16x8ExtMulHighI8x16U] {
        body.get_args(inst)?.op(half).i32(0xff).op(Instruction::I16x8Splat);
        body.op(Instruction::V128And);
    }
    body.op(Instruction::I8x16NarrowI16x8U);
    Ok(())
}

/// Wasm's instruction for an opcode, by the type of its first operand.
#[rustfmt::skip]
fn instruction(opcode: Opcode, ty: Type) -> Option<Instruction<'static>> {
    use Instruction as I;
    use Opcode as O;
    match opcode {
        O::Band => return Some(I::V128And),
        O::Bor => return Some(I::V128Or),
        O::Bxor => return Some(I::V128Xor),
        O::Bnot => return Some(I::V128Not),
        _ => {}
    }
    Some(match (opcode, ty) {
        (O::Iadd, I8X16) => I::I8x16Add,
        (O::Iadd, I16X8) => I::I16x8Add,
        (O::Iadd, I32X4) => I::I32x4Add,
        (O::Iadd, I64X2) => I::I64x2Add,
        (O::Isub, I8X16) => I::I8x16Sub,
        (O::Isub, I16X8) => I::I16x8Sub,
        (O::Isub, I32X4) => I::I32x4Sub,
        (O::Isub, I64X2) => I::I64x2Sub,
        (O::Imul, I16X8) => I::I16x8Mul,
        (O::Imul, I32X4) => I::I32x4Mul,
        (O::Imul, I64X2) => I::I64x2Mul,
        (O::Ineg, I8X16) => I::I8x16Neg,
        (O::Ineg, I16X8) => I::I16x8Neg,
        (O::Ineg, I32X4) => I::I32x4Neg,
        (O::Ineg, I64X2) => I::I64x2Neg,
        (O::Iabs, I8X16) => I::I8x16Abs,
        (O::Iabs, I16X8) => I::I16x8Abs,
        (O::Iabs, I32X4) => I::I32x4Abs,
        (O::Iabs, I64X2) => I::I64x2Abs,
        (O::Smin, I8X16) => I::I8x16MinS,
        (O::Smin, I16X8) => I::I16x8MinS,
        (O::Smin, I32X4) => I::I32x4MinS,
        (O::Umin, I8X16) => I::I8x16MinU,
        (O::Umin, I16X8) => I::I16x8MinU,
        (O::Umin, I32X4) => I::I32x4MinU,
        (O::Smax, I8X16) => I::I8x16MaxS,
        (O::Smax, I16X8) => I::I16x8MaxS,
        (O::Smax, I32X4) => I::I32x4MaxS,
        (O::Umax, I8X16) => I::I8x16MaxU,
        (O::Umax, I16X8) => I::I16x8MaxU,
        (O::Umax, I32X4) => I::I32x4MaxU,
        (O::Ishl, I8X16) => I::I8x16Shl,
        (O::Ishl, I16X8) => I::I16x8Shl,
        (O::Ishl, I32X4) => I::I32x4Shl,
        (O::Ishl, I64X2) => I::I64x2Shl,
        (O::Ushr, I8X16) => I::I8x16ShrU,
        (O::Ushr, I16X8) => I::I16x8ShrU,
        (O::Ushr, I32X4) => I::I32x4ShrU,
        (O::Ushr, I64X2) => I::I64x2ShrU,
        (O::Sshr, I8X16) => I::I8x16ShrS,
        (O::Sshr, I16X8) => I::I16x8ShrS,
        (O::Sshr, I32X4) => I::I32x4ShrS,
        (O::Sshr, I64X2) => I::I64x2ShrS,
        (O::UaddSat, I8X16) => I::I8x16AddSatU,
        (O::UaddSat, I16X8) => I::I16x8AddSatU,
        (O::SaddSat, I8X16) => I::I8x16AddSatS,
        (O::SaddSat, I16X8) => I::I16x8AddSatS,
        (O::UsubSat, I8X16) => I::I8x16SubSatU,
        (O::UsubSat, I16X8) => I::I16x8SubSatU,
        (O::SsubSat, I8X16) => I::I8x16SubSatS,
        (O::SsubSat, I16X8) => I::I16x8SubSatS,
        (O::AvgRound, I8X16) => I::I8x16AvgrU,
        (O::AvgRound, I16X8) => I::I16x8AvgrU,
        (O::Popcnt, I8X16) => I::I8x16Popcnt,
        (O::SqmulRoundSat, I16X8) => I::I16x8Q15MulrSatS,
        (O::Snarrow, I16X8) => I::I8x16NarrowI16x8S,
        (O::Snarrow, I32X4) => I::I16x8NarrowI32x4S,
        (O::Unarrow, I16X8) => I::I8x16NarrowI16x8U,
        (O::Unarrow, I32X4) => I::I16x8NarrowI32x4U,
        (O::SwidenLow, I8X16) => I::I16x8ExtendLowI8x16S,
        (O::SwidenLow, I16X8) => I::I32x4ExtendLowI16x8S,
        (O::SwidenLow, I32X4) => I::I64x2ExtendLowI32x4S,
        (O::SwidenHigh, I8X16) => I::I16x8ExtendHighI8x16S,
        (O::SwidenHigh, I16X8) => I::I32x4ExtendHighI16x8S,
        (O::SwidenHigh, I32X4) => I::I64x2ExtendHighI32x4S,
        (O::UwidenLow, I8X16) => I::I16x8ExtendLowI8x16U,
        (O::UwidenLow, I16X8) => I::I32x4ExtendLowI16x8U,
        (O::UwidenLow, I32X4) => I::I64x2ExtendLowI32x4U,
        (O::UwidenHigh, I8X16) => I::I16x8ExtendHighI8x16U,
        (O::UwidenHigh, I16X8) => I::I32x4ExtendHighI16x8U,
        (O::UwidenHigh, I32X4) => I::I64x2ExtendHighI32x4U,
        _ => return None,
    })
}

/// Sums of neighbours: the even lanes of both operands plus the odd ones.
pub(super) fn pairwise(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (result, ty) = body.result(inst);
    let (width, sum) = match ty {
        I16X8 => (2, Instruction::I16x8Add),
        I32X4 => (4, Instruction::I32x4Add),
        _ => return Err(refused(body, inst)),
    };
    for odd in [0, width] {
        let mut lanes = [0; 16];
        for (byte, lane) in (0..).zip(&mut lanes) {
            *lane = byte / width * 2 * width + byte % width + odd;
        }
        body.get_args(inst)?.op(Instruction::I8x16Shuffle(lanes));
    }
    body.op(sum).set(result)
}

pub(super) fn compare(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::IntCompare { args, cond, .. } = body.function.dfg.insts[inst] else {
        return Err(refused(body, inst));
    };
    let ty = body.ty(args[0]);
    let (result, _) = body.result(inst);
    let is_unsigned = cond.unsigned() == cond && cond != IntCC::Equal && cond != IntCC::NotEqual;
    // Wasm compares 64-bit lanes as signed only: their top bits are inverted.
    let inverts = ty == I64X2 && is_unsigned;
    let cond = if inverts { signed(cond) } else { cond };
    for arg in args {
        body.get(arg)?;
        if inverts {
            body.i64(i64::MIN).op(Instruction::I64x2Splat).op(Instruction::V128Xor);
        }
    }
    let comparison = comparison(cond, ty).ok_or_else(|| refused(body, inst))?;
    body.op(comparison).set(result)
}

fn signed(cond: IntCC) -> IntCC {
    match cond {
        IntCC::UnsignedLessThan => IntCC::SignedLessThan,
        IntCC::UnsignedLessThanOrEqual => IntCC::SignedLessThanOrEqual,
        IntCC::UnsignedGreaterThan => IntCC::SignedGreaterThan,
        IntCC::UnsignedGreaterThanOrEqual => IntCC::SignedGreaterThanOrEqual,
        other => other,
    }
}

#[rustfmt::skip]
fn comparison(cond: IntCC, ty: Type) -> Option<Instruction<'static>> {
    use Instruction as I;
    let [bytes, halves, words] = match cond {
        IntCC::Equal => [I::I8x16Eq, I::I16x8Eq, I::I32x4Eq],
        IntCC::NotEqual => [I::I8x16Ne, I::I16x8Ne, I::I32x4Ne],
        IntCC::SignedLessThan => [I::I8x16LtS, I::I16x8LtS, I::I32x4LtS],
        IntCC::SignedLessThanOrEqual => [I::I8x16LeS, I::I16x8LeS, I::I32x4LeS],
        IntCC::SignedGreaterThan => [I::I8x16GtS, I::I16x8GtS, I::I32x4GtS],
        IntCC::SignedGreaterThanOrEqual => [I::I8x16GeS, I::I16x8GeS, I::I32x4GeS],
        IntCC::UnsignedLessThan => [I::I8x16LtU, I::I16x8LtU, I::I32x4LtU],
        IntCC::UnsignedLessThanOrEqual => [I::I8x16LeU, I::I16x8LeU, I::I32x4LeU],
        IntCC::UnsignedGreaterThan => [I::I8x16GtU, I::I16x8GtU, I::I32x4GtU],
        IntCC::UnsignedGreaterThanOrEqual => [I::I8x16GeU, I::I16x8GeU, I::I32x4GeU],
    };
    Some(match (ty, cond) {
        (I8X16, _) => bytes,
        (I16X8, _) => halves,
        (I32X4, _) => words,
        (I64X2, IntCC::Equal) => I::I64x2Eq,
        (I64X2, IntCC::NotEqual) => I::I64x2Ne,
        (I64X2, IntCC::SignedLessThan) => I::I64x2LtS,
        (I64X2, IntCC::SignedLessThanOrEqual) => I::I64x2LeS,
        (I64X2, IntCC::SignedGreaterThan) => I::I64x2GtS,
        (I64X2, IntCC::SignedGreaterThanOrEqual) => I::I64x2GeS,
        _ => return None,
    })
}

/// Lanes from scalars, and scalars from lanes.
pub(super) fn lane(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let data = body.function.dfg.insts[inst];
    let args = body.args(inst);
    let (result, ty) = body.result(inst);
    let accesses = |ty| accesses(ty).ok_or_else(|| refused(body, inst));
    match data {
        InstructionData::BinaryImm8 { opcode: Opcode::Extractlane, imm, .. } => {
            let (extract, _, _) = accesses(body.ty(args[0]))?;
            body.get(args[0])?.op(extract(imm)).set(result)
        }
        InstructionData::TernaryImm8 { opcode: Opcode::Insertlane, imm, .. } => {
            let (_, replace, _) = accesses(ty)?;
            body.get_args(inst)?.op(replace(imm)).set(result)
        }
        InstructionData::Unary { opcode: Opcode::Splat, .. } => {
            let (_, _, splat) = accesses(ty)?;
            body.get_args(inst)?.op(splat).set(result)
        }
        InstructionData::Unary { opcode: Opcode::ScalarToVector, .. } => {
            let (_, replace, _) = accesses(ty)?;
            body.op(Instruction::V128Const(0)).get(args[0])?.op(replace(0)).set(result)
        }
        _ => Err(refused(body, inst)),
    }
}

type OnLane = fn(Lane) -> Instruction<'static>;

/// Extract, replace and splat of a vector type.
fn accesses(ty: Type) -> Option<(OnLane, OnLane, Instruction<'static>)> {
    use Instruction as I;
    Some(match ty {
        I8X16 => (I::I8x16ExtractLaneU, I::I8x16ReplaceLane, I::I8x16Splat),
        I16X8 => (I::I16x8ExtractLaneU, I::I16x8ReplaceLane, I::I16x8Splat),
        I32X4 => (I::I32x4ExtractLane, I::I32x4ReplaceLane, I::I32x4Splat),
        I64X2 => (I::I64x2ExtractLane, I::I64x2ReplaceLane, I::I64x2Splat),
        F32X4 => (I::F32x4ExtractLane, I::F32x4ReplaceLane, I::F32x4Splat),
        F64X2 => (I::F64x2ExtractLane, I::F64x2ReplaceLane, I::F64x2Splat),
        _ => return None,
    })
}

/// Operations on whole vectors.
pub(super) fn whole(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    use Instruction as I;
    let function = body.function;
    let data = function.dfg.insts[inst];
    let (result, result_ty) = body.result(inst);
    let ty = body.ty(body.args(inst)[0]);
    let instruction = match data.opcode() {
        Opcode::Swizzle => I::I8x16Swizzle,
        Opcode::VanyTrue => I::V128AnyTrue,
        Opcode::VallTrue => {
            by_lane(ty, [I::I8x16AllTrue, I::I16x8AllTrue, I::I32x4AllTrue, I::I64x2AllTrue])
                .ok_or_else(|| refused(body, inst))?
        }
        Opcode::VhighBits => {
            by_lane(ty, [I::I8x16Bitmask, I::I16x8Bitmask, I::I32x4Bitmask, I::I64x2Bitmask])
                .ok_or_else(|| refused(body, inst))?
        }
        _ => I::I8x16Shuffle(shuffled(body, inst)?),
    };
    body.get_args(inst)?.op(instruction);
    if result_ty == I64 {
        body.op(I::I64ExtendI32U);
    } else if result_ty != I32 && data.opcode() == Opcode::VhighBits {
        return Err(refused(body, inst));
    }
    body.set(result)
}

/// The lane numbers of a shuffle, all of which name one.
fn shuffled(body: &Body<'_>, inst: Inst) -> Result<[Lane; 16], Refused> {
    let InstructionData::Shuffle { imm, .. } = body.function.dfg.insts[inst] else {
        return Err(refused(body, inst));
    };
    let mask = body.function.dfg.immediates.get(imm).and_then(|mask| bytes(mask.as_slice()));
    mask.filter(|mask| mask.iter().all(|&lane| lane < 32)).ok_or_else(|| refused(body, inst))
}

/// One of the forms for lanes of 8, 16, 32 and 64 bits.
fn by_lane(ty: Type, forms: [Instruction<'static>; 4]) -> Option<Instruction<'static>> {
    let [bytes, halves, words, longs] = forms;
    match ty.lane_bits() {
        8 => Some(bytes),
        16 => Some(halves),
        32 => Some(words),
        64 => Some(longs),
        _ => None,
    }
}

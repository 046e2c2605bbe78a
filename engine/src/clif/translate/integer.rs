//! Integers of up to 64 bits.
//!
//! `i8` and `i16` lie zero-extended in an `i32`. Operations work on that, on the
//! sign-extended value where the sign counts, and clear what comes out above the width.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Type, Value};
use wasm_encoder::{Instruction, ValType};

use super::Refused;
use super::atomic::either;
use super::body::{
    ADD, AND, Body, DIV_S, DIV_U, EQ, Forms, GE_S, GE_U, GT_S, GT_U, LE_S, LE_U, LT_S, LT_U, MUL,
    NE, OR, REM_S, REM_U, ROTL, ROTR, SHL, SHR_S, SHR_U, SUB, XOR,
};
use super::instruction::refused;
use crate::trap::Trap;

fn bits(ty: Type) -> i64 {
    i64::from(ty.bits())
}

pub(super) fn constant(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::UnaryImm { imm, .. } = body.function.dfg.insts[inst] else {
        return Err(refused(body, inst));
    };
    let (result, ty) = body.result(inst);
    let number = match ty {
        I8 => imm.bits() & 0xff,
        I16 => imm.bits() & 0xffff,
        _ => imm.bits(),
    };
    body.constant(ty == I64, number).set(result)
}

/// Arithmetic, bitwise operations and shifts.
pub(super) fn arithmetic(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let (_, ty) = body.result(inst);
    let wide = ty == I64;
    let args = body.args(inst);
    match opcode {
        Opcode::Iadd => body.get_args(inst)?.form(wide, ADD),
        Opcode::Isub => body.get_args(inst)?.form(wide, SUB),
        Opcode::Imul => body.get_args(inst)?.form(wide, MUL),
        Opcode::Band => body.get_args(inst)?.form(wide, AND),
        Opcode::Bor => body.get_args(inst)?.form(wide, OR),
        Opcode::Bxor => body.get_args(inst)?.form(wide, XOR),
        Opcode::Bnot => body.get(args[0])?.constant(wide, -1).form(wide, XOR),
        Opcode::Ineg => body.constant(wide, 0).get(args[0])?.form(wide, SUB),
        Opcode::Iabs => absolute(body, args[0])?,
        Opcode::Bitselect => {
            let [chosen, ones, zeroes] = *args else { return Err(refused(body, inst)) };
            body.get(ones)?.get(zeroes)?.form(wide, XOR).get(chosen)?.form(wide, AND);
            body.get(zeroes)?.form(wide, XOR)
        }
        Opcode::Ishl | Opcode::Ushr | Opcode::Sshr => shift(body, opcode, args[0], args[1])?,
        Opcode::Rotl | Opcode::Rotr => rotate(body, opcode, args[0], args[1])?,
        _ => return Err(refused(body, inst)),
    };
    body.set_masked(inst)
}

/// `(x ^ s) - s`, where `s` is the sign in all bits.
fn absolute<'b, 'a>(body: &'b mut Body<'a>, value: Value) -> Result<&'b mut Body<'a>, Refused> {
    let wide = body.ty(value) == I64;
    let (signed, sign) = if wide {
        (body.temp(ValType::I64), body.temp(ValType::I64))
    } else {
        (body.temp(ValType::I32), body.temp(ValType::I32))
    };
    body.signed(value)?.tee(signed).constant(wide, 63).form(wide, SHR_S).keep(sign);
    Ok(body.local(signed).local(sign).form(wide, XOR).local(sign).form(wide, SUB))
}

/// Pushes a shift amount modulo the width of `ty`. Wasm does that by itself for its own
/// types.
fn amount(body: &mut Body<'_>, amount: Value, ty: Type) -> Result<(), Refused> {
    body.low32(amount)?;
    match ty {
        I8 | I16 => body.i32(if ty == I8 { 7 } else { 15 }).form(false, AND),
        I64 => body.op(Instruction::I64ExtendI32U),
        _ => body,
    };
    Ok(())
}

fn shift<'b, 'a>(
    body: &'b mut Body<'a>,
    opcode: Opcode,
    value: Value,
    by: Value,
) -> Result<&'b mut Body<'a>, Refused> {
    let ty = body.ty(value);
    let forms = match opcode {
        Opcode::Ishl => SHL,
        Opcode::Ushr => SHR_U,
        _ => SHR_S,
    };
    if opcode == Opcode::Sshr {
        body.signed(value)?;
    } else {
        body.get(value)?;
    }
    amount(body, by, ty)?;
    Ok(body.form(ty == I64, forms))
}

fn rotate<'b, 'a>(
    body: &'b mut Body<'a>,
    opcode: Opcode,
    value: Value,
    by: Value,
) -> Result<&'b mut Body<'a>, Refused> {
    let ty = body.ty(value);
    let left = opcode == Opcode::Rotl;
    if ty == I32 || ty == I64 {
        body.get(value)?;
        amount(body, by, ty)?;
        return Ok(body.form(ty == I64, if left { ROTL } else { ROTR }));
    }
    let (there, back) = if left { (SHL, SHR_U) } else { (SHR_U, SHL) };
    let turn = body.temp(ValType::I32);
    body.get(value)?;
    amount(body, by, ty)?;
    body.tee(turn).form(false, there).get(value)?.constant(false, bits(ty));
    Ok(body.local(turn).form(false, SUB).form(false, back).form(false, OR))
}

/// The comparison of a condition, and whether the sign counts.
pub(super) fn condition(cond: IntCC) -> (Forms, bool) {
    match cond {
        IntCC::Equal => (EQ, false),
        IntCC::NotEqual => (NE, false),
        IntCC::UnsignedLessThan => (LT_U, false),
        IntCC::UnsignedLessThanOrEqual => (LE_U, false),
        IntCC::UnsignedGreaterThan => (GT_U, false),
        IntCC::UnsignedGreaterThanOrEqual => (GE_U, false),
        IntCC::SignedLessThan => (LT_S, true),
        IntCC::SignedLessThanOrEqual => (LE_S, true),
        IntCC::SignedGreaterThan => (GT_S, true),
        IntCC::SignedGreaterThanOrEqual => (GE_S, true),
    }
}

pub(super) fn compare(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::IntCompare { args: [left, right], cond, .. } =
        body.function.dfg.insts[inst]
    else {
        return Err(refused(body, inst));
    };
    let (forms, signed) = condition(cond);
    if signed {
        body.signed(left)?.signed(right)?;
    } else {
        body.get(left)?.get(right)?;
    }
    let wide = body.ty(left) == I64;
    let (result, _) = body.result(inst);
    body.form(wide, forms).set(result)
}

/// The smaller or larger of two.
pub(super) fn extreme(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (result, ty) = body.result(inst);
    let &[left, right] = body.args(inst) else { return Err(refused(body, inst)) };
    if ty.bits() > 64 {
        return Err(refused(body, inst));
    }
    let (holds, signed) = match body.function.dfg.insts[inst].opcode() {
        Opcode::Smin => (LT_S, true),
        Opcode::Smax => (GT_S, true),
        Opcode::Umin => (LT_U, false),
        _ => (GT_U, false),
    };
    either(body, holds, left, right, signed)?;
    body.set(result)
}

/// The upper half of a product.
pub(super) fn high_product(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (result, ty) = body.result(inst);
    let signed = body.function.dfg.insts[inst].opcode() == Opcode::Smulhi;
    let args = body.args(inst);
    match ty {
        I8 | I16 => {
            for &arg in args {
                if signed {
                    body.signed(arg)?
                } else {
                    body.get(arg)?
                };
            }
            body.form(false, MUL).constant(false, bits(ty));
            body.form(false, SHR_U).set_masked(inst)
        }
        I32 => {
            for &arg in args {
                let extend =
                    if signed { Instruction::I64ExtendI32S } else { Instruction::I64ExtendI32U };
                body.get(arg)?.op(extend);
            }
            body.form(true, MUL).i64(32).form(true, SHR_U);
            body.op(Instruction::I32WrapI64).set(result)
        }
        I64 => {
            let multiply = if signed { Instruction::I64MulWideS } else { Instruction::I64MulWideU };
            body.get_args(inst)?.op(multiply).set(result)?;
            body.op(Instruction::Drop);
            Ok(())
        }
        _ => Err(refused(body, inst)),
    }
}

/// Divisions. Wasm's trap as CLIF's do, but for the overflow of a narrow quotient.
pub(super) fn divide(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (_, ty) = body.result(inst);
    if !ty.is_int() || ty.bits() > 64 {
        return Err(refused(body, inst));
    }
    let opcode = body.function.dfg.insts[inst].opcode();
    let (forms, signed) = match opcode {
        Opcode::Udiv => (DIV_U, false),
        Opcode::Urem => (REM_U, false),
        Opcode::Sdiv => (DIV_S, true),
        _ => (REM_S, true),
    };
    for &arg in body.args(inst) {
        if signed {
            body.signed(arg)?
        } else {
            body.get(arg)?
        };
    }
    body.form(ty == I64, forms);
    if opcode == Opcode::Sdiv && ty.bits() < 32 {
        let quotient = body.temp(ValType::I32);
        body.tee(quotient).constant(false, 1 << (bits(ty) - 1)).form(false, EQ);
        body.trap_if(Trap::IntegerOverflow).local(quotient);
    }
    body.set_masked(inst)
}

/// A sum or difference, and whether it did not fit.
pub(super) fn overflow(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let &[left, right] = body.args(inst) else { return Err(refused(body, inst)) };
    let &[result, carry] = body.function.dfg.inst_results(inst) else {
        return Err(refused(body, inst));
    };
    let ty = body.ty(left);
    if ty.bits() > 64 {
        return Err(refused(body, inst));
    }
    let wide = ty == I64;
    let opcode = body.function.dfg.insts[inst].opcode();
    let adds = matches!(opcode, Opcode::UaddOverflow | Opcode::SaddOverflow);
    body.get_args(inst)?.form(wide, if adds { ADD } else { SUB }).mask(ty).set(result)?;
    match opcode {
        Opcode::UaddOverflow => body.get(result)?.get(left)?.form(wide, LT_U),
        Opcode::UsubOverflow => body.get(left)?.get(right)?.form(wide, LT_U),
        // The sign of the result is neither's, or not the first one's and the signs differ.
        _ => {
            body.get(left)?.get(result)?.form(wide, XOR);
            let other = if adds { result } else { left };
            body.get(right)?.get(other)?.form(wide, XOR).form(wide, AND);
            body.constant(wide, bits(ty) - 1).form(wide, SHR_U);
            if wide {
                body.op(Instruction::I32WrapI64);
            }
            &mut *body
        }
    };
    body.set(carry)
}

/// A sum, or a trap where it does not fit.
pub(super) fn add_or_trap(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::IntAddTrap { args: [left, _], code, .. } = body.function.dfg.insts[inst]
    else {
        return Err(refused(body, inst));
    };
    let (result, ty) = body.result(inst);
    if !matches!(ty, I32 | I64) {
        return Err(refused(body, inst));
    }
    let wide = ty == I64;
    body.get_args(inst)?.form(wide, ADD).set(result)?;
    body.get(result)?.get(left)?.form(wide, LT_U);
    body.op(Instruction::If(wasm_encoder::BlockType::Empty)).trap_code(code)?;
    body.op(Instruction::End);
    Ok(())
}

//! `i128`: two `i64`, the low half first.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Value};
use wasm_encoder::{BlockType, Instruction, ValType};

use super::Refused;
use super::body::{
    ADD, AND, Body, EQ, EQZ, Forms, GE_U, GT_S, GT_U, LE_U, LT_S, LT_U, MUL, OR, SHL, SHR_S, SHR_U,
    SUB, XOR,
};
use super::instruction::refused;

/// `iconcat` and `isplit`.
pub(super) fn halves(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (args, results) = (body.args(inst), body.function.dfg.inst_results(inst));
    if args.iter().chain(results).any(|&value| body.ty(value).bits() < 64) {
        return Err(refused(body, inst));
    }
    for &arg in args {
        body.get(arg)?;
    }
    for &result in results.iter().rev() {
        body.set(result)?;
    }
    Ok(())
}

pub(super) fn arithmetic(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let (result, _) = body.result(inst);
    let args = body.args(inst);
    match opcode {
        Opcode::Iadd => drop(body.get_args(inst)?.op(Instruction::I64Add128)),
        Opcode::Isub => drop(body.get_args(inst)?.op(Instruction::I64Sub128)),
        Opcode::Imul => product(body, args[0], args[1])?,
        Opcode::Band => by_half(body, args[0], args[1], &AND)?,
        Opcode::Bor => by_half(body, args[0], args[1], &OR)?,
        Opcode::Bxor => by_half(body, args[0], args[1], &XOR)?,
        Opcode::Bnot => {
            let low = body.at(args[0])?;
            for half in [low, low + 1] {
                body.local(half).i64(-1).form(true, XOR);
            }
        }
        Opcode::Ineg => drop(body.i64(0).i64(0).get(args[0])?.op(Instruction::I64Sub128)),
        Opcode::Ishl | Opcode::Ushr | Opcode::Sshr => {
            let words = Words::of(body, args[0])?;
            let by = amount(body, args[1])?;
            words.shift(body, opcode, by);
        }
        Opcode::Rotl | Opcode::Rotr => rotate(body, opcode == Opcode::Rotl, args[0], args[1])?,
        _ => return Err(refused(body, inst)),
    }
    body.set(result)
}

fn by_half(body: &mut Body<'_>, left: Value, right: Value, forms: &Forms) -> Result<(), Refused> {
    let (left, right) = (body.at(left)?, body.at(right)?);
    for half in 0..2 {
        body.local(left + half).local(right + half).form(true, forms.clone());
    }
    Ok(())
}

/// The low halves' whole product, plus each low half times the other's high one, shifted.
fn product(body: &mut Body<'_>, left: Value, right: Value) -> Result<(), Refused> {
    let (left, right) = (body.at(left)?, body.at(right)?);
    body.local(left).local(right).op(Instruction::I64MulWideU);
    for (low, high) in [(left, right + 1), (right, left + 1)] {
        body.local(low).local(high).form(true, MUL).form(true, ADD);
    }
    Ok(())
}

/// A local with a shift amount modulo 128.
fn amount(body: &mut Body<'_>, by: Value) -> Result<u32, Refused> {
    let local = body.temp(ValType::I64);
    body.low32(by)?.i32(127).form(false, AND).op(Instruction::I64ExtendI32U).keep(local);
    Ok(local)
}

/// The locals of the two halves.
#[derive(Clone, Copy)]
struct Words {
    low: u32,
    high: u32,
}

impl Words {
    fn of(body: &mut Body<'_>, value: Value) -> Result<Words, Refused> {
        let low = body.at(value)?;
        Ok(Words { low, high: low + 1 })
    }

    /// Pushes both halves, shifted by the amount in a local, which is below 128.
    fn shift(self, body: &mut Body<'_>, opcode: Opcode, by: u32) {
        let (low, high) = (body.temp(ValType::I64), body.temp(ValType::I64));
        body.local(by).i64(64).form(true, GE_U).op(Instruction::If(BlockType::Empty));
        self.by_more_than_a_half(body, opcode, by);
        body.keep(high).keep(low).op(Instruction::Else);
        self.by_less(body, opcode, by);
        body.keep(high).keep(low).op(Instruction::End);
        body.local(low).local(high);
    }

    /// One half comes from the other alone. Wasm takes the amount modulo 64.
    fn by_more_than_a_half(self, body: &mut Body<'_>, opcode: Opcode, by: u32) {
        match opcode {
            Opcode::Ishl => body.i64(0).local(self.low).local(by).form(true, SHL),
            Opcode::Ushr => body.local(self.high).local(by).form(true, SHR_U).i64(0),
            _ => {
                body.local(self.high).local(by).form(true, SHR_S);
                body.local(self.high).i64(63).form(true, SHR_S)
            }
        };
    }

    /// What leaves one half enters the other: shifted the other way by 64 less the
    /// amount, in two steps, so that an amount of 0 moves nothing.
    fn by_less(self, body: &mut Body<'_>, opcode: Opcode, by: u32) {
        if opcode == Opcode::Ishl {
            body.local(self.low).local(by).form(true, SHL);
            body.local(self.high).local(by).form(true, SHL);
            body.local(self.low).i64(1).form(true, SHR_U);
            body.i64(63).local(by).form(true, SUB).form(true, SHR_U).form(true, OR);
            return;
        }
        body.local(self.low).local(by).form(true, SHR_U);
        body.local(self.high).i64(1).form(true, SHL);
        body.i64(63).local(by).form(true, SUB).form(true, SHL).form(true, OR);
        let forms = if opcode == Opcode::Ushr { SHR_U } else { SHR_S };
        body.local(self.high).local(by).form(true, forms);
    }
}

/// Shifted both ways, by the amount and by what it lacks to 128.
fn rotate(body: &mut Body<'_>, left: bool, value: Value, by: Value) -> Result<(), Refused> {
    let words = Words::of(body, value)?;
    let by = amount(body, by)?;
    let back = body.temp(ValType::I64);
    body.i64(128).local(by).form(true, SUB).i64(127).form(true, AND).keep(back);
    let (there, other) =
        if left { (Opcode::Ishl, Opcode::Ushr) } else { (Opcode::Ushr, Opcode::Ishl) };
    let (low, high) = (body.temp(ValType::I64), body.temp(ValType::I64));
    words.shift(body, there, by);
    body.keep(high).keep(low);
    words.shift(body, other, back);
    // An amount of 0 gives the same value twice, which `or` leaves as it is.
    let upper = body.temp(ValType::I64);
    body.keep(upper).local(low).form(true, OR).local(upper).local(high).form(true, OR);
    Ok(())
}

pub(super) fn compare(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::IntCompare { args: [left, right], cond, .. } =
        body.function.dfg.insts[inst]
    else {
        return Err(refused(body, inst));
    };
    let (result, _) = body.result(inst);
    let (left, right) = (body.at(left)?, body.at(right)?);
    let Some((strict, low)) = order(cond) else {
        body.local(left).local(right).form(true, XOR);
        body.local(left + 1).local(right + 1).form(true, XOR).form(true, OR).form(true, EQZ);
        if cond == IntCC::NotEqual {
            body.form(false, EQZ);
        }
        return body.set(result);
    };
    body.local(left).local(right).form(true, low);
    body.local(left + 1).local(right + 1).form(true, strict);
    body.local(left + 1).local(right + 1).form(true, EQ).op(Instruction::Select);
    body.set(result)
}

/// How the high halves are compared where they differ, and the low ones where they do
/// not; `None` for equality.
fn order(cond: IntCC) -> Option<(Forms, Forms)> {
    Some(match cond {
        IntCC::Equal | IntCC::NotEqual => return None,
        IntCC::UnsignedLessThan => (LT_U, LT_U),
        IntCC::UnsignedLessThanOrEqual => (LT_U, LE_U),
        IntCC::UnsignedGreaterThan => (GT_U, GT_U),
        IntCC::UnsignedGreaterThanOrEqual => (GT_U, GE_U),
        IntCC::SignedLessThan => (LT_S, LT_U),
        IntCC::SignedLessThanOrEqual => (LT_S, LE_U),
        IntCC::SignedGreaterThan => (GT_S, GT_U),
        IntCC::SignedGreaterThanOrEqual => (GT_S, GE_U),
    })
}

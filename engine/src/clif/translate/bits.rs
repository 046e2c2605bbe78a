//! Counting and reordering the bits of an integer of up to 64 bits; of an `i128`, counting.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::{I8, I16, I32, I64, I128};
use cranelift_codegen::ir::{Inst, Opcode, Type, Value};
use wasm_encoder::{Instruction, ValType};

use super::Refused;
use super::body::{ADD, AND, Body, CLZ, CTZ, EQZ, OR, POPCNT, SHL, SHR_S, SHR_U, SUB, XOR};
use super::instruction::refused;

pub(super) fn translate(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let (result, ty) = body.result(inst);
    let arg = body.args(inst)[0];
    match (opcode, ty) {
        (Opcode::Clz | Opcode::Ctz | Opcode::Popcnt, I128) => count_wide(body, opcode, arg)?,
        (_, I128) => return Err(refused(body, inst)),
        (Opcode::Popcnt, _) => drop(body.get(arg)?.form(ty == I64, POPCNT)),
        (Opcode::Clz, _) => {
            body.get(arg)?.form(ty == I64, CLZ);
            without_padding(body, ty);
        }
        (Opcode::Ctz, I8 | I16) => {
            body.get(arg)?.i32(1 << ty.bits()).form(false, OR).form(false, CTZ);
        }
        (Opcode::Ctz, _) => drop(body.get(arg)?.form(ty == I64, CTZ)),
        (Opcode::Cls, _) => signs(body, ty, arg)?,
        (Opcode::Bswap, I16 | I32 | I64) => reorder(body, ty, arg, 8)?,
        (Opcode::Bitrev, I8 | I16 | I32 | I64) => reorder(body, ty, arg, 1)?,
        _ => return Err(refused(body, inst)),
    }
    body.set(result)
}

/// Takes the zeroes above a narrow integer off their count.
fn without_padding(body: &mut Body<'_>, ty: Type) {
    if ty.bits() < 32 {
        body.i32(32 - ty.bits().cast_signed()).form(false, SUB);
    }
}

/// The bits below the highest that are equal to it: the leading zeroes of `x ^ sign`,
/// but one.
fn signs(body: &mut Body<'_>, ty: Type, arg: Value) -> Result<(), Refused> {
    let wide = ty == I64;
    body.signed(arg)?.signed(arg)?.constant(wide, 63).form(wide, SHR_S);
    body.form(wide, XOR).form(wide, CLZ);
    without_padding(body, ty);
    body.constant(wide, 1).form(wide, SUB);
    Ok(())
}

/// Swaps neighbouring groups of `from` bits, then of twice as many, up to halves.
fn reorder(body: &mut Body<'_>, ty: Type, arg: Value, from: u32) -> Result<(), Refused> {
    let wide = ty == I64;
    let word = body.temp(if wide { ValType::I64 } else { ValType::I32 });
    body.get(arg)?;
    let mut group = from;
    while group < ty.bits() {
        let mask = lower_groups(group, ty.bits());
        let by = i64::from(group);
        body.tee(word).constant(wide, by).form(wide, SHR_U).constant(wide, mask).form(wide, AND);
        body.local(word).constant(wide, mask).form(wide, AND).constant(wide, by);
        body.form(wide, SHL).form(wide, OR);
        group *= 2;
    }
    Ok(())
}

/// The lower of each two groups of bits.
fn lower_groups(group: u32, bits: u32) -> i64 {
    let one = (1_u64 << group) - 1;
    let groups = (0..bits).step_by(2 * group as usize).map(|at| one << at);
    groups.fold(0, |all, group| all | group).cast_signed()
}

/// Counts in an `i128`; the count is one, too.
fn count_wide(body: &mut Body<'_>, opcode: Opcode, arg: Value) -> Result<(), Refused> {
    let low = body.at(arg)?;
    let high = low + 1;
    let (first, then, forms) = match opcode {
        Opcode::Clz => (high, low, CLZ),
        Opcode::Ctz => (low, high, CTZ),
        _ => {
            body.local(low).form(true, POPCNT).local(high).form(true, POPCNT).form(true, ADD);
            body.i64(0);
            return Ok(());
        }
    };
    body.local(then).form(true, forms.clone()).i64(64).form(true, ADD);
    body.local(first).form(true, forms);
    body.local(first).form(true, EQZ).op(Instruction::Select).i64(0);
    Ok(())
}

//! Removes what executors could disagree on: the exact runs' pass.
//!
//! | undefined or target-dependent | afterwards |
//! |---|---|
//! | `notrap`, or a trap code that the engine cannot name | `arena_out_of_bounds` |
//! | `readonly`, `can_move`, `aligned` | gone |
//! | alias regions, which a confused access violates | gone: any access may meet any other |
//! | big-endian scalar accesses | little-endian ones and `bswap` |
//! | misaligned atomics | a trap, `heap_misaligned`, before the access |
//! | 16- and 128-bit floats, opcodes of one target, other big-endian accesses | refused |
//!
//! Stack slots begin as zeroes (`shadow_stack`), `i128` accesses are split (`wide`), and both backends canonicalise NaNs in
//! exact runs, which is theirs to set. What remains is defined in CLIF: shift amounts are
//! taken modulo the width, division traps, conversions trap or saturate, `select` and
//! branches test for nonzero, and there is no poison. Misaligned plain accesses are
//! allowed, and an access that traps has stored nothing.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F16, F32, F64, F128, I8, I16, I32, I64};
use cranelift_codegen::ir::{
    Endianness, Function, Inst, InstBuilder as _, InstructionData, MemFlags, MemFlagsData, Opcode,
    Type, Value,
};

use super::opcode::{Class, class};
use super::{Refusal, instructions, replace};
use crate::trap::Trap;

/// Sanitizes a function whose sites are numbered, for an exact run.
pub(super) fn run(function: &mut Function) -> Result<(), Refusal> {
    check_types(function)?;
    for inst in instructions(function) {
        let opcode = function.dfg.insts[inst].opcode();
        match class(opcode) {
            Class::Load => load(function, inst)?,
            Class::Store => store(function, inst)?,
            Class::Atomic => atomic(function, inst)?,
            Class::TargetDependent => return Err(Refusal::Opcode(opcode)),
            _ if opcode == Opcode::Bitcast => bitcast(function, inst)?,
            _ => {}
        }
    }
    Ok(())
}

/// Refuses values of types that not every executor has.
fn check_types(function: &Function) -> Result<(), Refusal> {
    let mut values = function.dfg.values_and_defs();
    let refused = values.find_map(|(value, _)| {
        let ty = function.dfg.value_type(value);
        matches!(ty.lane_type(), F16 | F128).then_some(ty)
    });
    refused.map_or(Ok(()), |ty| Err(Refusal::Type(ty)))
}

/// The flags that an access has afterwards, and whether its byte order was big-endian.
fn defined(function: &Function, flags: MemFlags) -> (MemFlagsData, bool) {
    let old = function.dfg.mem_flags[flags];
    let code = old.trap_code().filter(|&code| Trap::from_code(code).is_some());
    let code = code.unwrap_or(Trap::ArenaOutOfBounds.code());
    let big = old.explicit_endianness() == Some(Endianness::Big);
    (MemFlagsData::new().with_trap_code(Some(code)), big)
}

fn load(function: &mut Function, inst: Inst) -> Result<(), Refusal> {
    let InstructionData::Load { opcode, arg, flags, offset } = function.dfg.insts[inst] else {
        return Ok(());
    };
    let ty = function.dfg.value_type(function.dfg.first_result(inst));
    let (flags, big) = defined(function, flags);
    let unit = unit(opcode, ty);
    if !big || unit == I8 {
        set_flags(function, inst, flags);
        return Ok(());
    }
    let unit = swappable(unit, opcode)?;
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    let value = pos.ins().load(unit, flags, arg, offset);
    let value = pos.ins().bswap(value);
    let value = from_unit(&mut pos, opcode, ty, value);
    replace(function, inst, &[value]);
    Ok(())
}

fn store(function: &mut Function, inst: Inst) -> Result<(), Refusal> {
    let InstructionData::Store { opcode, args: [value, address], flags, offset } =
        function.dfg.insts[inst]
    else {
        return Ok(());
    };
    let ty = function.dfg.value_type(value);
    let (flags, big) = defined(function, flags);
    let unit = unit(opcode, ty);
    if !big || unit == I8 {
        set_flags(function, inst, flags);
        return Ok(());
    }
    let unit = swappable(unit, opcode)?;
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    let value = to_unit(&mut pos, ty, unit, value);
    let value = pos.ins().bswap(value);
    pos.ins().store(flags, value, address, offset);
    replace(function, inst, &[]);
    Ok(())
}

fn atomic(function: &mut Function, inst: Inst) -> Result<(), Refusal> {
    let data = function.dfg.insts[inst];
    let (address, flags, ty) = match data {
        InstructionData::StoreNoOffset { args: [value, address], flags, .. } => {
            (address, flags, function.dfg.value_type(value))
        }
        InstructionData::LoadNoOffset { arg: address, flags, .. }
        | InstructionData::AtomicRmw { args: [address, _], flags, .. }
        | InstructionData::AtomicCas { args: [address, ..], flags, .. } => {
            (address, flags, function.dfg.value_type(function.dfg.first_result(inst)))
        }
        _ => return Ok(()),
    };
    let (flags, big) = defined(function, flags);
    if big {
        return Err(Refusal::BigEndian(data.opcode()));
    }
    set_flags(function, inst, flags);
    if ty.bytes() > 1 {
        let mut pos = FuncCursor::new(function).at_inst(inst);
        pos.use_srcloc(inst);
        let low = pos.ins().band_imm_u(address, i64::from(ty.bytes() - 1));
        let misaligned = pos.ins().icmp_imm_u(IntCC::NotEqual, low, 0);
        pos.ins().trapnz(misaligned, Trap::HeapMisaligned.code());
    }
    Ok(())
}

/// Between types of different lanes the order matters, and only one is every target's.
fn bitcast(function: &Function, inst: Inst) -> Result<(), Refusal> {
    match function.dfg.insts[inst].memflags() {
        Some(flags) if defined(function, flags).1 => Err(Refusal::BigEndian(Opcode::Bitcast)),
        _ => Ok(()),
    }
}

fn set_flags(function: &mut Function, inst: Inst, data: MemFlagsData) {
    let dfg = &mut function.dfg;
    let new = dfg.mem_flags.insert_unchecked(data);
    match &mut dfg.insts[inst] {
        InstructionData::Load { flags, .. }
        | InstructionData::Store { flags, .. }
        | InstructionData::LoadNoOffset { flags, .. }
        | InstructionData::StoreNoOffset { flags, .. }
        | InstructionData::AtomicRmw { flags, .. }
        | InstructionData::AtomicCas { flags, .. } => *flags = new,
        _ => {}
    }
}

/// The type of what lies in memory.
fn unit(opcode: Opcode, ty: Type) -> Type {
    match opcode {
        Opcode::Uload8 | Opcode::Sload8 | Opcode::Istore8 => I8,
        Opcode::Uload16 | Opcode::Sload16 | Opcode::Istore16 => I16,
        Opcode::Uload32 | Opcode::Sload32 | Opcode::Istore32 => I32,
        _ => ty,
    }
}

/// The integer type whose bytes can be swapped in place of `unit`.
fn swappable(unit: Type, opcode: Opcode) -> Result<Type, Refusal> {
    match unit {
        I16 | I32 | I64 => Ok(unit),
        F32 => Ok(I32),
        F64 => Ok(I64),
        _ => Err(Refusal::BigEndian(opcode)),
    }
}

/// The result of a load of type `ty`, from the integer in memory.
fn from_unit(pos: &mut FuncCursor<'_>, opcode: Opcode, ty: Type, value: Value) -> Value {
    let unit = pos.func.dfg.value_type(value);
    if ty.is_float() {
        return pos.ins().bitcast(ty, MemFlagsData::new(), value);
    }
    match opcode {
        _ if unit == ty => value,
        Opcode::Sload16 | Opcode::Sload32 => pos.ins().sextend(ty, value),
        _ => pos.ins().uextend(ty, value),
    }
}

/// The integer to put in memory, from the operand of a store of type `ty`.
fn to_unit(pos: &mut FuncCursor<'_>, ty: Type, unit: Type, value: Value) -> Value {
    if ty.is_float() {
        return pos.ins().bitcast(unit, MemFlagsData::new(), value);
    }
    if unit == ty { value } else { pos.ins().ireduce(unit, value) }
}

//! An access is wider, narrower or of another sign. `opcode` is the new one; `load.i64`
//! and `store.i64` are the wide ones, of which an i32 keeps or gives the lower half.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Function, Inst, InstBuilder as _, InstructionData, Opcode, Type};

use super::{Applied, Confusion, Inapplicable, alias_result};
use crate::confuse::anatomy::Anatomy;
use crate::confuse::plan::Params;

const WIDE_LOAD: &str = "load.i64";
const WIDE_STORE: &str = "store.i64";

const LOADS: [Opcode; 4] = [Opcode::Uload8, Opcode::Sload8, Opcode::Uload16, Opcode::Sload16];
const LOADS_OF_I64: [Opcode; 2] = [Opcode::Uload32, Opcode::Sload32];
const STORES: [Opcode; 2] = [Opcode::Istore8, Opcode::Istore16];

pub(super) struct Width;

impl Confusion for Width {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let Some((ty, now)) = integer_access(anatomy.function, inst) else { return Vec::new() };
        let (narrow, wide) = options(anatomy.function, inst, ty);
        let others = narrow.into_iter().filter(|&opcode| opcode != now);
        let names = others.map(|opcode| opcode.to_string()).chain(wide.map(str::to_owned));
        names.map(|name| Params::word("opcode", &name)).collect()
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, params: &Params) -> Applied {
        let wanted = params.get_word("opcode")?;
        let (ty, _) = integer_access(function, inst).ok_or(Inapplicable::Instruction)?;
        let (narrow, wide) = options(function, inst, ty);
        match (wanted, narrow.into_iter().find(|opcode| opcode.to_string() == wanted)) {
            (_, Some(opcode)) => set_opcode(function, inst, opcode),
            (WIDE_LOAD, None) if wide == Some(wanted) => return widen_load(function, inst),
            (WIDE_STORE, None) if wide == Some(wanted) => return widen_store(function, inst),
            _ => return Err(Inapplicable::Param("opcode")),
        }
        Ok(None)
    }
}

/// Type of the value that a plain integer access reads or writes, and its opcode.
fn integer_access(function: &Function, inst: Inst) -> Option<(Type, Opcode)> {
    let dfg = &function.dfg;
    let data = dfg.insts[inst];
    let value = match data {
        InstructionData::Load { .. } => dfg.first_result(inst),
        InstructionData::Store { args: [value, _], .. } => value,
        _ => return None,
    };
    Some((dfg.value_type(value), data.opcode())).filter(|(ty, _)| matches!(*ty, I32 | I64))
}

/// The narrower opcodes for a value of `ty`, and the wider one.
fn options(function: &Function, inst: Inst, ty: Type) -> (Vec<Opcode>, Option<&'static str>) {
    let load = matches!(function.dfg.insts[inst], InstructionData::Load { .. });
    match (load, ty) {
        (true, I32) => (LOADS.to_vec(), Some(WIDE_LOAD)),
        (true, _) => ([LOADS.as_slice(), &LOADS_OF_I64].concat(), None),
        (false, I32) => (STORES.to_vec(), Some(WIDE_STORE)),
        (false, _) => ([STORES.as_slice(), &[Opcode::Istore32]].concat(), None),
    }
}

fn set_opcode(function: &mut Function, inst: Inst, new: Opcode) {
    if let InstructionData::Load { opcode, .. } | InstructionData::Store { opcode, .. } =
        &mut function.dfg.insts[inst]
    {
        *opcode = new;
    }
}

/// Loads eight bytes in place of four.
fn widen_load(function: &mut Function, inst: Inst) -> Applied {
    let InstructionData::Load { arg, flags, offset, .. } = function.dfg.insts[inst] else {
        return Err(Inapplicable::Instruction);
    };
    let flags = function.dfg.mem_flags[flags];
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    let whole = pos.ins().load(I64, flags, arg, offset);
    let half = pos.ins().ireduce(I32, whole);
    alias_result(function, inst, half);
    Ok(function.dfg.value_def(whole).inst())
}

/// Stores eight bytes in place of four.
fn widen_store(function: &mut Function, inst: Inst) -> Applied {
    let InstructionData::Store { args: [value, _], .. } = function.dfg.insts[inst] else {
        return Err(Inapplicable::Instruction);
    };
    let mut pos = FuncCursor::new(function).at_inst(inst);
    pos.use_srcloc(inst);
    let whole = pos.ins().uextend(I64, value);
    if let InstructionData::Store { args: [value, _], .. } = &mut function.dfg.insts[inst] {
        *value = whole;
    }
    Ok(Some(inst))
}

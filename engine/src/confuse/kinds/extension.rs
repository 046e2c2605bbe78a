//! A value is extended with the wrong sign: `uextend` becomes `sextend`, `uload8`
//! `sload8`, and the other way round.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode};

use super::{Applied, Confusion, Inapplicable};
use crate::confuse::anatomy::Anatomy;
use crate::confuse::plan::Params;

pub(super) struct Extension;

impl Confusion for Extension {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let opposite = opposite(anatomy.function.dfg.insts[inst].opcode());
        opposite.map(|_| Params::none()).into_iter().collect()
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, _: &Params) -> Applied {
        match &mut function.dfg.insts[inst] {
            InstructionData::Unary { opcode, .. } | InstructionData::Load { opcode, .. } => {
                *opcode = opposite(*opcode).ok_or(Inapplicable::Instruction)?;
            }
            _ => return Err(Inapplicable::Instruction),
        }
        Ok(None)
    }
}

fn opposite(opcode: Opcode) -> Option<Opcode> {
    Some(match opcode {
        Opcode::Uextend => Opcode::Sextend,
        Opcode::Sextend => Opcode::Uextend,
        Opcode::Uload8 => Opcode::Sload8,
        Opcode::Sload8 => Opcode::Uload8,
        Opcode::Uload16 => Opcode::Sload16,
        Opcode::Sload16 => Opcode::Uload16,
        Opcode::Uload32 => Opcode::Sload32,
        Opcode::Sload32 => Opcode::Uload32,
        _ => return None,
    })
}

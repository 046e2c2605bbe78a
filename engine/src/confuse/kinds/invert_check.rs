//! A check is made the wrong way round: what should trap passes, and the other way.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode};

use super::{Applied, Confusion, Inapplicable};
use crate::confuse::anatomy::Anatomy;
use crate::confuse::checks::Check;
use crate::confuse::plan::Params;

pub(super) struct InvertCheck;

impl Confusion for InvertCheck {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        match Check::of(anatomy.function, inst) {
            Some(Check::Trap | Check::Signature | Check::Null { .. }) => vec![Params::none()],
            Some(Check::Sum(_)) | None => Vec::new(),
        }
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, _: &Params) -> Applied {
        match &mut function.dfg.insts[inst] {
            InstructionData::CondTrap { opcode, .. } => {
                *opcode = if *opcode == Opcode::Trapz { Opcode::Trapnz } else { Opcode::Trapz };
            }
            InstructionData::Ternary { args: [_, a, b], .. } => std::mem::swap(a, b),
            _ => return Err(Inapplicable::Instruction),
        }
        Ok(None)
    }
}

//! A bounds or null check is not made: a conditional trap goes, the null that guards an
//! access is never selected, a sum may wrap.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode};

use super::{Applied, Confusion, Inapplicable, alias_result};
use crate::confuse::anatomy::{Anatomy, witness};
use crate::confuse::checks::Check;
use crate::confuse::plan::Params;

pub(super) struct DropCheck;

impl Confusion for DropCheck {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        match Check::of(anatomy.function, inst) {
            Some(Check::Trap | Check::Null { .. } | Check::Sum(_)) => vec![Params::none()],
            Some(Check::Signature) | None => Vec::new(),
        }
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, _: &Params) -> Applied {
        let shown = witness(function, inst);
        match Check::of(function, inst) {
            Some(Check::Trap) => {
                function.layout.remove_inst(inst);
            }
            Some(Check::Null { address }) => alias_result(function, inst, address),
            Some(Check::Sum(args)) => {
                function.dfg.insts[inst] = InstructionData::Binary { opcode: Opcode::Iadd, args };
            }
            Some(Check::Signature) | None => return Err(Inapplicable::Instruction),
        }
        Ok(shown)
    }
}

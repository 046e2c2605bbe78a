//! The type of an indirectly called function is not compared with the expected one. What
//! is left is the code table's own comparison.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, Inapplicable};
use crate::confuse::anatomy::{Anatomy, witness};
use crate::confuse::checks::Check;
use crate::confuse::plan::Params;

pub(super) struct DropSignatureCheck;

impl Confusion for DropSignatureCheck {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let check = Check::of(anatomy.function, inst).filter(|check| *check == Check::Signature);
        check.map(|_| Params::none()).into_iter().collect()
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, _: &Params) -> Applied {
        let shown = witness(function, inst);
        if Check::of(function, inst) != Some(Check::Signature) {
            return Err(Inapplicable::Instruction);
        }
        function.layout.remove_inst(inst);
        Ok(shown)
    }
}

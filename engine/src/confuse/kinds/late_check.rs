//! A check is made after what it should guard: a conditional trap moves behind the next
//! access or call of its block.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, Inapplicable};
use crate::confuse::anatomy::Anatomy;
use crate::confuse::checks::Check;
use crate::confuse::plan::Params;
use crate::passes::opcode::{Class, class};

pub(super) struct LateCheck;

impl Confusion for LateCheck {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        guarded(anatomy.function, inst).map(|_| Params::none()).into_iter().collect()
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, _: &Params) -> Applied {
        let guarded = guarded(function, inst).ok_or(Inapplicable::Instruction)?;
        let behind = function.layout.next_inst(guarded).ok_or(Inapplicable::Instruction)?;
        function.layout.remove_inst(inst);
        function.layout.insert_inst(inst, behind);
        Ok(Some(guarded))
    }
}

/// The first access or call behind a check, in its block.
fn guarded(function: &Function, inst: Inst) -> Option<Inst> {
    let check = Check::of(function, inst);
    if !matches!(check, Some(Check::Trap | Check::Signature)) {
        return None;
    }
    let next = |&inst: &Inst| function.layout.next_inst(inst);
    std::iter::successors(function.layout.next_inst(inst), next).find(|&inst| {
        let class = class(function.dfg.insts[inst].opcode());
        matches!(
            class,
            Class::Load | Class::Store | Class::Atomic | Class::Call | Class::CallIndirect
        )
    })
}

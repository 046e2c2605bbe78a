//! A check is made after what it should guard: a conditional trap moves behind a later
//! access or call of its block. `behind` is the site of that; without it, the next one.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, Inapplicable};
use crate::confuse::anatomy::Anatomy;
use crate::confuse::checks::Check;
use crate::confuse::plan::Params;
use crate::passes::opcode::{Class, class};

/// Most accesses and calls to choose from: what a check guards is rarely farther off, since
/// the front end checks where it needs to.
const FARTHEST: usize = 8;

pub(super) struct LateCheck;

impl Confusion for LateCheck {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let site = |inst| anatomy.sites().iter().position(|&other| other == inst);
        let sites = guarded(anatomy.function, inst).take(FARTHEST).filter_map(site);
        let sites = sites.filter_map(|site| i64::try_from(site).ok());
        sites.map(|site| Params::number("behind", site)).collect()
    }

    fn applies(anatomy: &Anatomy<'_>, inst: Inst) -> bool {
        guarded(anatomy.function, inst).next().is_some()
    }

    fn apply(
        function: &mut Function,
        anatomy: &Anatomy<'_>,
        inst: Inst,
        params: &Params,
    ) -> Applied {
        let wanted = if params.is_empty() { None } else { Some(params.get_number("behind")?) };
        let guarded = match wanted {
            None => guarded(function, inst).next().ok_or(Inapplicable::Instruction)?,
            Some(site) => {
                let named = u32::try_from(site).ok().and_then(|site| anatomy.site(site));
                let found = guarded(function, inst).find(|&other| Some(other) == named);
                found.ok_or(Inapplicable::Param("behind"))?
            }
        };
        let behind = function.layout.next_inst(guarded).ok_or(Inapplicable::Instruction)?;
        function.layout.remove_inst(inst);
        function.layout.insert_inst(inst, behind);
        Ok(Some(guarded))
    }
}

/// The accesses and calls behind a check, in its block.
fn guarded(function: &Function, inst: Inst) -> impl Iterator<Item = Inst> {
    let check = Check::of(function, inst);
    let moves = matches!(check, Some(Check::Trap | Check::Signature));
    let first = if moves { function.layout.next_inst(inst) } else { None };
    let behind = std::iter::successors(first, |&inst| function.layout.next_inst(inst));
    behind.filter(|&inst| {
        let class = class(function.dfg.insts[inst].opcode());
        matches!(
            class,
            Class::Load | Class::Store | Class::Atomic | Class::Call | Class::CallIndirect
        )
    })
}

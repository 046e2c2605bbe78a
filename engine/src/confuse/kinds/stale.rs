//! A length or base that was loaded before a call is used after it, although the call may
//! have changed it. `value` is the earlier value.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst, Value};

use super::{Applied, Confusion, Inapplicable, alias_result, chosen_value, value_param};
use crate::confuse::anatomy::{Access, Anatomy, witness};
use crate::confuse::plan::Params;
use crate::layout::Meaning;

pub(super) struct Stale;

impl Confusion for Stale {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let Some(later) = Field::of(anatomy, inst) else { return Vec::new() };
        let sites = anatomy.sites();
        let end = sites.iter().position(|&site| site == inst).unwrap_or(0);
        let last_call = sites[..end].iter().rposition(|&site| is_call(anatomy.function, site));
        let before = &sites[..last_call.unwrap_or(0)];
        let earlier = before.iter().filter_map(|&inst| Field::of(anatomy, inst));
        let same = earlier.filter(|earlier| {
            earlier.region == later.region && anatomy.dominates(earlier.value, inst)
        });
        same.map(|field| value_param(field.value)).collect()
    }

    fn apply(
        function: &mut Function,
        anatomy: &Anatomy<'_>,
        inst: Inst,
        params: &Params,
    ) -> Applied {
        let earlier = chosen_value(anatomy, inst, params)?;
        let is_field = Field::of(anatomy, inst).is_some() && function.dfg.has_results(inst);
        if !is_field || function.layout.inst_block(inst).is_none() {
            return Err(Inapplicable::Instruction);
        }
        let behind = function.layout.next_inst(inst);
        alias_result(function, inst, earlier);
        Ok(behind.and_then(|behind| witness(function, behind)))
    }
}

/// A load of a length or of a pointer.
struct Field<'a> {
    region: (&'a str, u32, i32),
    value: Value,
}

impl<'a> Field<'a> {
    fn of(anatomy: &Anatomy<'a>, inst: Inst) -> Option<Field<'a>> {
        let access = Access::of(anatomy.function, inst)?;
        let value = *anatomy.function.dfg.inst_results(inst).first()?;
        let named = anatomy.named(inst)?;
        let changes = matches!(anatomy.meaning(value)?, Meaning::Length | Meaning::OffsetOf(_));
        let region = (named.structure, named.offset, access.displacement);
        changes.then_some(Field { region, value })
    }
}

fn is_call(function: &Function, inst: Inst) -> bool {
    function.dfg.insts[inst].opcode().is_call()
}

//! Something that is no pointer is used as an address: an integer that the guest
//! controls, a length, a code index, a type id. `value` is what is used.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, chosen_value, set_address, value_param};
use crate::confuse::anatomy::{Anatomy, address};
use crate::confuse::plan::Params;
use crate::layout::Meaning;

pub(super) struct Integer;

impl Confusion for Integer {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let Some(used) = address(anatomy.function, inst) else { return Vec::new() };
        let integers = anatomy
            .values_before(inst)
            .filter(|&(value, meaning)| !matches!(meaning, Meaning::OffsetOf(_)) && value != used);
        integers.map(|(value, _)| value_param(value)).collect()
    }

    fn applies(anatomy: &Anatomy<'_>, inst: Inst) -> bool {
        address(anatomy.function, inst).is_some()
    }

    fn apply(
        function: &mut Function,
        anatomy: &Anatomy<'_>,
        inst: Inst,
        params: &Params,
    ) -> Applied {
        set_address(function, inst, chosen_value(anatomy, inst, params)?)?;
        Ok(None)
    }
}

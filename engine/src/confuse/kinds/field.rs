//! Another field of the same structure is accessed. `displacement` is the new one.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, set_displacement};
use crate::confuse::anatomy::{Access, Anatomy};
use crate::confuse::plan::Params;

pub(super) struct Field;

impl Confusion for Field {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let named = Access::of(anatomy.function, inst).zip(anatomy.named(inst));
        let Some((access, named)) = named else { return Vec::new() };
        // A structure may lie inside vmctx, and be reached through a pointer to that.
        let start = i64::from(access.displacement) - i64::from(named.offset);
        let fields = anatomy.fields(named.structure).iter();
        let others = fields.filter(|field| field.offset != named.offset);
        others.map(|f| Params::number("displacement", start + i64::from(f.offset))).collect()
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, params: &Params) -> Applied {
        set_displacement(function, inst, params.get_number("displacement")?)?;
        Ok(None)
    }
}

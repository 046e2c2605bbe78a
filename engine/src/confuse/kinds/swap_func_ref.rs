//! Two fields of a function reference change places: what was read as the one is read as
//! the other, in two loads through the same pointer. `with` is the site of the other load.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, Inapplicable, set_displacement};
use crate::confuse::anatomy::{Access, Anatomy};
use crate::confuse::plan::Params;
use crate::layout::FuncRef;

pub(super) struct SwapFuncRef;

impl Confusion for SwapFuncRef {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let Some(access) = func_ref_load(anatomy, inst) else { return Vec::new() };
        let others = (0..).zip(anatomy.sites()).filter(|&(_, &other)| {
            func_ref_load(anatomy, other).is_some_and(|other| {
                other.address == access.address && other.displacement != access.displacement
            })
        });
        others.map(|(site, _)| Params::number("with", site)).collect()
    }

    fn apply(
        function: &mut Function,
        anatomy: &Anatomy<'_>,
        inst: Inst,
        params: &Params,
    ) -> Applied {
        let with = u32::try_from(params.get_number("with")?).ok();
        let other = with.and_then(|site| anatomy.site(site));
        let pair = other.zip(Access::of(function, inst));
        let (other, first) = pair.ok_or(Inapplicable::Param("with"))?;
        let second = Access::of(function, other).ok_or(Inapplicable::Param("with"))?;
        set_displacement(function, inst, second.displacement.into())?;
        set_displacement(function, other, first.displacement.into())?;
        Ok(None)
    }
}

/// A load of a field of a function reference.
fn func_ref_load(anatomy: &Anatomy<'_>, inst: Inst) -> Option<Access> {
    let named = anatomy.named(inst).filter(|named| named.structure == FuncRef::NAME);
    named.and_then(|_| Access::of(anatomy.function, inst))
}

//! The displacement of an access is another: a neighbour's, negative, or huge.
//! `displacement` is the new one.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};

use super::{Applied, Confusion, set_displacement};
use crate::confuse::anatomy::{Access, Anatomy};
use crate::confuse::plan::Params;

/// Added to the displacement.
const STEPS: [i32; 10] = [-4, 4, -8, 8, -16, 16, -0x1000, 0x1000, -0x1_0000, 0x1_0000];

/// Taken instead of it: the ends of what an access can reach.
const EXTREMES: [i32; 6] = [i32::MIN, i32::MIN + 1, -1, i32::MAX - 7, i32::MAX, 0x4000_0000];

pub(super) struct Displacement;

impl Confusion for Displacement {
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
        let Some(access) = Access::of(anatomy.function, inst) else { return Vec::new() };
        let near = STEPS.iter().filter_map(|&step| access.displacement.checked_add(step));
        let all = near.chain(EXTREMES).filter(|&new| new != access.displacement);
        all.map(|new| Params::number("displacement", new.into())).collect()
    }

    fn apply(function: &mut Function, _: &Anatomy<'_>, inst: Inst, params: &Params) -> Applied {
        set_displacement(function, inst, params.get_number("displacement")?)?;
        Ok(None)
    }
}

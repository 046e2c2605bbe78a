//! Pointer-type confusion: changes to a program's CLIF such as a miscompile, or a front
//! end that emits wrong code, would make.
//!
//! The promise of the arena is that no such change lets an access leave it. So the
//! changes are data: a [`Plan`] is a list of entries {function, site, kind, params},
//! each of which changes one place. A *site* is the position of an instruction in its
//! function's layout order, before any change and any pass; a [`Kind`] (one file each
//! in `kinds`) says where it applies, what there is to choose, and how it is done. What
//! a value is to the program (pointer to a structure, length, code index, plain integer)
//! comes from the field that it was loaded from, which its alias region names: see
//! `anatomy`.
//!
//! Invariants:
//! - a confused function verifies for its target, as the program did: a confusion is
//!   wrong code, not invalid code; what would not verify is refused;
//! - signatures stay, so a changed function fits between its unchanged callers;
//! - alias regions and flags stay as they were, also where they have become a lie;
//! - entries refer to the unchanged program, so any subset of a plan is a plan.
//!
//! A plan is made for the arena. `correspond` says what it is in the same module with raw
//! pointers.
//!
//! What it does not do: judge. As-shipped runs of a confused program must stay contained;
//! exact runs must agree besides.
#![forbid(unsafe_code)]

mod anatomy;
mod checks;
mod correspond;
mod describe;
mod kinds;
mod plan;
mod survey;
#[cfg(test)]
mod tests;

use cranelift_codegen::ir::{Function, Inst};

use crate::passes::verify_function;
use crate::program::{FuncId, Program};

pub use correspond::{Correspondence, Unmapped, object_shown};
pub use describe::describe;
use kinds::Inapplicable;
pub use kinds::Kind;
pub use plan::{Entry, Params, Plan, PlanError};
pub use survey::{Place, Survey, choices};

use anatomy::{Anatomy, witness};

/// A program's functions as a plan changes them.
#[derive(Clone, Debug)]
pub struct Confused {
    /// Those that changed, ascending.
    pub functions: Vec<(FuncId, Function)>,
    /// For each entry of the plan, its function and the access or indirect call whose
    /// execution shows that the entry took effect; `None` where none is near.
    pub witnesses: Vec<(FuncId, Option<Inst>)>,
}

/// Applies a plan to a program.
///
/// # Errors
/// [`PlanError`] names the first entry that cannot be applied.
pub fn apply(program: &Program, plan: &Plan) -> Result<Confused, PlanError> {
    let mut confused = Confused { functions: Vec::new(), witnesses: Vec::new() };
    let catalogue = program.catalogue();
    for (position, entry) in plan.entries.iter().enumerate() {
        let no_function = || PlanError::no_function(position, entry);
        let original = program.functions.get(entry.function.0 as usize).ok_or_else(no_function)?;
        let anatomy = Anatomy::of(original, &catalogue);
        let at = anatomy.site(entry.site).ok_or_else(|| PlanError::no_site(position, entry))?;
        let index = position_of(&mut confused.functions, entry.function, original);
        let function = &mut confused.functions[index].1;
        let applied = match function.layout.inst_block(at) {
            Some(_) => entry.kind.apply(function, &anatomy, at, &entry.params),
            None => Err(Inapplicable::Instruction),
        };
        let shown = applied.map_err(|error| PlanError::inapplicable(position, entry, error))?;
        let shown = shown.or_else(|| witness(original, at));
        confused.witnesses.push((entry.function, shown));
    }
    confused.functions.sort_by_key(|(id, _)| *id);
    for (id, function) in &confused.functions {
        verify_function(function, program.layout.addressing)
            .map_err(|complaint| PlanError::invalid(*id, complaint))?;
    }
    Ok(confused)
}

/// A function as a plan left it, if the plan changed it.
fn changed(confused: &Confused, id: FuncId) -> Option<&Function> {
    let found = confused.functions.iter().find(|(changed, _)| *changed == id);
    found.map(|(_, function)| function)
}

/// Position of a function among those that change; it is added when it is new.
fn position_of(changed: &mut Vec<(FuncId, Function)>, id: FuncId, original: &Function) -> usize {
    changed.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
        changed.push((id, original.clone()));
        changed.len() - 1
    })
}

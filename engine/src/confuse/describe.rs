//! What the entries of a plan did, in words: for `fencepost explain`.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Function, Inst};
use serde_json::{Value as Json, json};

use super::anatomy::{Access, Anatomy, region};
use super::plan::{Entry, Plan};
use super::{Confused, changed};
use crate::layout::Structure;
use crate::program::Program;

/// One object for each entry of a plan that was applied:
///
/// | key | |
/// |---|---|
/// | `function`, `site`, `kind`, `params` | the entry |
/// | `before` | the instruction as text |
/// | `after` | what became of it: the instruction, and behind which other one it stands if it only moved; what its result is now, if that is another value; `null` where nothing is left |
/// | `shown_by` | the access or call whose execution shows the change, as text, or `null` |
/// | `meant` | the structure and field that `shown_by` names |
/// | `pointer` | the value that it goes through, and `pointer_meaning`, what that is |
/// | `wasm_offset` | of the Wasm instruction, in bytes, or `null` |
#[must_use]
pub fn describe(program: &Program, plan: &Plan, confused: &Confused) -> Json {
    let catalogue = program.catalogue();
    let pairs = plan.entries.iter().zip(&confused.witnesses);
    pairs.map(|(entry, (_, witness))| one(program, &catalogue, entry, *witness, confused)).collect()
}

fn one(
    program: &Program,
    catalogue: &[Structure],
    entry: &Entry,
    witness: Option<Inst>,
    confused: &Confused,
) -> Json {
    let original = &program.functions[entry.function.0 as usize];
    let changed = changed(confused, entry.function).unwrap_or(original);
    let (before, after) = (Anatomy::of(original, catalogue), Anatomy::of(changed, catalogue));
    let at = before.site(entry.site);
    let mut described = entry.to_json();
    described["before"] = at.map_or(Json::Null, |inst| text(original, inst));
    described["after"] = at.map_or(Json::Null, |inst| left(original, changed, inst));
    described["shown_by"] = witness.map_or(Json::Null, |inst| text(changed, inst));
    described["meant"] =
        witness.and_then(|inst| meant(&before, changed, inst)).map_or(Json::Null, Json::String);
    let access = witness.and_then(|inst| Access::of(changed, inst));
    described["pointer"] = access.map_or(Json::Null, |access| access.address.to_string().into());
    let meaning = access.and_then(|access| {
        before.meaning_if_known(access.address).or_else(|| after.meaning(access.address))
    });
    described["pointer_meaning"] = meaning.map_or(Json::Null, |meaning| meaning.to_string().into());
    let place = at.map(|inst| original.srcloc(inst)).filter(|place| !place.is_default());
    described["wasm_offset"] = place.map_or(Json::Null, |place| json!(place.bits()));
    described
}

/// What became of an instruction.
fn left(original: &Function, changed: &Function, inst: Inst) -> Json {
    let (before, after) = (text(original, inst), text(changed, inst));
    if let Some(&result) = original.dfg.inst_results(inst).first()
        && after.is_null()
    {
        let now = changed.dfg.resolve_aliases(result);
        return if now == result { after } else { format!("{result} is {now}").into() };
    }
    let previous = |function: &Function| function.layout.prev_inst(inst);
    match previous(changed).filter(|_| before == after) {
        Some(other) if previous(original) != Some(other) => {
            let other = changed.dfg.display_inst(other);
            format!("{}, behind {other}", changed.dfg.display_inst(inst)).into()
        }
        _ => after,
    }
}

/// An instruction as text; null when it is no longer in its function.
fn text(function: &Function, inst: Inst) -> Json {
    match function.layout.inst_block(inst) {
        Some(_) => function.dfg.display_inst(inst).to_string().into(),
        None => Json::Null,
    }
}

/// Structure and field that an access names; for others, the name of its region.
fn meant(anatomy: &Anatomy<'_>, function: &Function, inst: Inst) -> Option<String> {
    let region = region(function, inst)?;
    let Some((structure, offset)) = region.split_once("+0x") else { return Some(region.into()) };
    let offset = u32::from_str_radix(offset, 16).ok()?;
    let field = anatomy.fields(structure).iter().find(|field| field.offset == offset);
    Some(field.map_or_else(|| region.to_owned(), |field| format!("{structure}.{}", field.name)))
}

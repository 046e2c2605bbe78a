//! What a plan made for the arena is in the same module with raw pointers.
//!
//! The front end translates the same Wasm twice, so the two programs do the same in the same
//! order, and differ where a pointer is wider: an index is extended first, a length loaded
//! as 64 bits. An instruction corresponds to the one that comes from the same Wasm
//! instruction and is of the same kind of opcode, for the same object or trap, counted from
//! its beginning; a value to the
//! result of such an instruction, or to the same parameter of the same block. An access has
//! besides to name the same field of the same structure.
//!
//! What has no counterpart is said to have none, with the reason, and not replaced by
//! something like it: a check of a 32-bit sum, for instance, that cannot overflow in 64.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use cranelift_codegen::entity::EntityRef as _;
use cranelift_codegen::ir::{Function, Inst, Opcode, TrapCode, Value, ValueDef};

use super::anatomy::{Access, region, sites, witness};
use super::kinds::Kind;
use super::plan::{Entry, Params, Plan};
use crate::layout::{Addressing, Structure};
use crate::program::Program;

/// Why an entry of a plan has no counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unmapped {
    /// The plan is not one for the program.
    #[error("not a place of the program")]
    Place,
    /// No instruction corresponds to the one that is changed.
    #[error("no such instruction among raw pointers")]
    Instruction,
    /// The corresponding access names something else.
    #[error("an access to another field")]
    Field,
    /// No value corresponds to the one that is chosen.
    #[error("no such value among raw pointers")]
    Value,
    /// What corresponds is not there yet where the change is made, or is no address.
    #[error("a value that cannot be used there among raw pointers")]
    Order,
    /// The choice is one of 32-bit pointers only.
    #[error("no such choice among raw pointers")]
    Choice,
}

/// A displacement that differs by no more than this from the original is relative to it.
const NEAR: i64 = 0x1_0000;

/// The structure or object that the access names which shows an entry's effect; empty where
/// there is none.
#[must_use]
pub fn object_shown(program: &Program, entry: &Entry) -> String {
    let function = program.functions.get(entry.function.0 as usize);
    let inst = function.and_then(|of| Some((of, *sites(of).get(entry.site as usize)?)));
    let shown = inst.and_then(|(of, inst)| Some((of, witness(of, inst)?)));
    let region = shown.and_then(|(of, inst)| region(of, inst)).unwrap_or_default();
    let end = region.find(['+', '(']).unwrap_or(region.len());
    region[..end].to_owned()
}

/// Which instructions and values of two programs correspond.
#[derive(Debug)]
pub struct Correspondence {
    arena: Vec<Structure>,
    raw: Vec<Structure>,
    functions: Vec<Pair>,
}

/// The same for one function of each.
#[derive(Debug, Default)]
struct Pair {
    /// By site of the arena's function.
    sites: Vec<Option<u32>>,
    /// By number of the arena's value.
    values: Vec<Option<Value>>,
}

impl Correspondence {
    /// Compares the functions of two programs of the same module.
    ///
    /// # Panics
    /// When they are not given in this order, the arena's first.
    #[must_use]
    pub fn of(arena: &Program, raw: &Program) -> Correspondence {
        let addressing = [arena.layout.addressing, raw.layout.addressing];
        assert_eq!(addressing, Addressing::ALL, "the arena's program comes first");
        let pairs = arena.functions.iter().zip(&raw.functions);
        Correspondence {
            arena: arena.catalogue(),
            raw: raw.catalogue(),
            functions: pairs.map(|(arena, raw)| Pair::of(arena, raw)).collect(),
        }
    }

    /// The plan of the program with raw pointers.
    ///
    /// # Errors
    /// [`Unmapped`] of the first entry that has no counterpart.
    pub fn plan(&self, arena: &Program, raw: &Program, plan: &Plan) -> Result<Plan, Unmapped> {
        let entries = plan.entries.iter().map(|entry| self.entry(arena, raw, entry));
        Ok(Plan { entries: entries.collect::<Result<_, _>>()? })
    }

    fn entry(&self, arena: &Program, raw: &Program, entry: &Entry) -> Result<Entry, Unmapped> {
        let number = entry.function.0 as usize;
        let functions = arena.functions.get(number).zip(raw.functions.get(number));
        let (arena, raw) = functions.ok_or(Unmapped::Place)?;
        let pair = self.functions.get(number).ok_or(Unmapped::Place)?;
        let site = *pair.sites.get(entry.site as usize).ok_or(Unmapped::Place)?;
        let site = site.ok_or(Unmapped::Instruction)?;
        let places = [at(arena, entry.site), at(raw, site)];
        let change = Change { of: self, pair, functions: [arena, raw], places };
        let params = change.params(entry)?;
        Ok(Entry { site, params, ..entry.clone() })
    }
}

fn at(function: &Function, site: u32) -> Inst {
    sites(function)[site as usize]
}

/// One entry at its two places, the arena's first.
struct Change<'a> {
    of: &'a Correspondence,
    pair: &'a Pair,
    functions: [&'a Function; 2],
    places: [Inst; 2],
}

impl Change<'_> {
    fn params(&self, entry: &Entry) -> Result<Params, Unmapped> {
        let accesses = self.accesses();
        if accesses.is_some() && !self.same_field() {
            return Err(Unmapped::Field);
        }
        let params = &entry.params;
        let number = |name| params.get_number(name).map_err(|_| Unmapped::Place);
        match entry.kind {
            Kind::Pointer | Kind::Integer | Kind::Stale => self.value(number("value")?),
            Kind::SwapFuncRef => self.other_site("with", number("with")?),
            Kind::Field => self.field(number("displacement")?),
            Kind::Displacement => {
                let [arena, raw] = accesses.ok_or(Unmapped::Place)?;
                let new = number("displacement")?;
                let step = new - i64::from(arena.displacement);
                let same =
                    if step.abs() <= NEAR { step + i64::from(raw.displacement) } else { new };
                Ok(Params::number("displacement", same))
            }
            Kind::Width => self.same_width().then(|| params.clone()).ok_or(Unmapped::Choice),
            Kind::LateCheck if !params.is_empty() => self.other_site("behind", number("behind")?),
            Kind::DropCheck
            | Kind::InvertCheck
            | Kind::DropSignatureCheck
            | Kind::Extension
            | Kind::LateCheck => Ok(params.clone()),
        }
    }

    fn accesses(&self) -> Option<[Access; 2]> {
        let access = |at: usize| Access::of(self.functions[at], self.places[at]);
        Some([access(0)?, access(1)?])
    }

    fn value(&self, number: i64) -> Result<Params, Unmapped> {
        let index = usize::try_from(number).map_err(|_| Unmapped::Place)?;
        let value = *self.pair.values.get(index).ok_or(Unmapped::Place)?;
        let value = value.ok_or(Unmapped::Value)?;
        let number = i64::try_from(value.index()).map_err(|_| Unmapped::Value)?;
        Ok(Params::number("value", number))
    }

    fn other_site(&self, name: &str, number: i64) -> Result<Params, Unmapped> {
        let index = usize::try_from(number).map_err(|_| Unmapped::Place)?;
        let site = *self.pair.sites.get(index).ok_or(Unmapped::Place)?;
        Ok(Params::number(name, site.ok_or(Unmapped::Instruction)?.into()))
    }

    /// The displacement of the field of the same name.
    fn field(&self, displacement: i64) -> Result<Params, Unmapped> {
        let [arena, raw] = self.accesses().ok_or(Unmapped::Place)?;
        let (name, old) = self.named(0).ok_or(Unmapped::Field)?;
        let (_, raw_old) = self.named(1).ok_or(Unmapped::Field)?;
        let offset = i64::from(old) + displacement - i64::from(arena.displacement);
        let wanted = self.fields(0, name).find(|(at, _)| i64::from(*at) == offset);
        let (_, wanted) = wanted.ok_or(Unmapped::Field)?;
        let found = self.fields(1, name).find(|(_, field)| *field == wanted);
        let (found, _) = found.ok_or(Unmapped::Field)?;
        let start = i64::from(raw.displacement) - i64::from(raw_old);
        Ok(Params::number("displacement", start + i64::from(found)))
    }

    /// Whether both access as many bytes: otherwise one is a pointer's.
    fn same_width(&self) -> bool {
        let width = |at: usize| crate::passes::width(self.functions[at], self.places[at]);
        width(0) == width(1)
    }

    /// Whether both accesses name the same field, or the same object where it has none.
    fn same_field(&self) -> bool {
        let name = |at: usize| region(self.functions[at], self.places[at]).unwrap_or_default();
        let object = |at: usize| object(name(at));
        let field = |at: usize| {
            let (structure, offset) = self.named(at)?;
            let found = self.fields(at, structure).find(|(known, _)| *known == offset);
            found.map(|(_, name)| name)
        };
        object(0) == object(1) && field(0) == field(1)
    }

    /// Structure and offset that an access names.
    fn named(&self, at: usize) -> Option<(&str, u32)> {
        let (structure, offset) = region(self.functions[at], self.places[at])?.split_once("+0x")?;
        Some((structure, u32::from_str_radix(offset, 16).ok()?))
    }

    /// Offsets and names of the fields of a structure.
    fn fields(&self, at: usize, structure: &str) -> impl Iterator<Item = (u32, &'static str)> {
        let catalogue = if at == 0 { &self.of.arena } else { &self.of.raw };
        let known = catalogue.iter().find(|known| known.name == structure);
        let fields = known.map_or(&[][..], |known| &known.fields);
        fields.iter().map(|field| (field.offset, field.name))
    }
}

impl Pair {
    fn of(arena: &Function, raw: &Function) -> Pair {
        let raw_sites = sites(raw);
        let raw_names = names(raw, &raw_sites);
        let by_name: HashMap<Name<'_>, u32> = raw_names.into_iter().zip(0..).collect();
        let arena_sites = sites(arena);
        let found = names(arena, &arena_sites).into_iter().map(|name| by_name.get(&name).copied());
        let found: Vec<Option<u32>> = found.collect();
        let positions = arena_sites.iter().copied().zip(found.iter().copied());
        let positions: HashMap<Inst, Option<u32>> = positions.collect();
        let value = |value| {
            let of = |inst| Some(raw_sites[(*positions.get(&inst)?)? as usize]);
            counterpart(arena, raw, value, &of)
        };
        Pair { values: arena.dfg.values().map(value).collect(), sites: found }
    }
}

/// What an instruction is called in both programs: where it comes from, what it does, to
/// what or with which trap, and how many of these stand before it.
type Name<'a> = (u32, Opcode, &'a str, Option<TrapCode>, usize);

fn names<'a>(function: &'a Function, sites: &[Inst]) -> Vec<Name<'a>> {
    let mut counts: HashMap<Name<'_>, usize> = HashMap::new();
    let name = |&inst: &Inst| {
        let data = &function.dfg.insts[inst];
        let object = object(region(function, inst).unwrap_or_default());
        let place = function.srcloc(inst).bits();
        let key = (place, kind(data.opcode()), object, data.trap_code(), 0);
        let count = counts.entry(key).or_default();
        *count += 1;
        (key.0, key.1, key.2, key.3, *count)
    };
    sites.iter().map(name).collect()
}

/// The structure or object of a region's name.
fn object(region: &str) -> &str {
    region.split_once("+0x").map_or(region, |(structure, _)| structure)
}

/// The opcode that stands for all that one program may have where the other has it.
fn kind(opcode: Opcode) -> Opcode {
    match opcode {
        Opcode::SelectSpectreGuard => Opcode::Select,
        opcode => opcode,
    }
}

/// The value of the other program that is made as this one is.
fn counterpart(
    arena: &Function,
    raw: &Function,
    value: Value,
    instruction: &dyn Fn(Inst) -> Option<Inst>,
) -> Option<Value> {
    if !arena.dfg.value_is_real(value) {
        return None;
    }
    match arena.dfg.value_def(value) {
        ValueDef::Result(inst, number) => {
            raw.dfg.inst_results(instruction(inst)?).get(number).copied()
        }
        ValueDef::Param(block, number) => {
            let position = arena.layout.blocks().position(|known| known == block)?;
            let same = raw.layout.blocks().nth(position)?;
            raw.dfg.block_params(same).get(number).copied()
        }
        ValueDef::Union(..) => None,
    }
}

#[cfg(test)]
impl Correspondence {
    /// Share of the arena's sites that have a counterpart, in per cent.
    fn mapped(&self) -> usize {
        let sites: Vec<_> = self.functions.iter().flat_map(|pair| &pair.sites).collect();
        100 * sites.iter().filter(|site| site.is_some()).count() / sites.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confuse::anatomy::Anatomy;
    use crate::confuse::{PlanError, Survey, apply, choices};
    use crate::frontend::translate_for;

    fn programs(text: &str) -> [Program; 2] {
        let wasm = wat::parse_str(text).expect("valid text");
        Addressing::ALL.map(|addressing| translate_for(&wasm, addressing).expect("a program"))
    }

    const MODULE: &str = "(module (memory 1) (table 4 funcref) (type $t (func (param i32)))
        (elem (i32.const 0) $f) (func $f (param i32))
        (func (export \"g\") (param i32) (result i64)
            (call_indirect (type $t) (local.get 0) (local.get 0))
            (i32.store offset=8 (local.get 0) (i32.const 7))
            (drop (memory.grow (i32.const 1)))
            (i64.load (i32.add (local.get 0) (i32.const 3)))))";

    #[test]
    fn most_of_a_module_has_a_counterpart() {
        let [arena, raw] = programs(MODULE);
        let mapped = Correspondence::of(&arena, &raw).mapped();
        assert!(mapped >= 80, "only {mapped} % of the sites");
    }

    #[test]
    fn every_plan_that_is_mapped_applies_to_the_same_field() {
        let [arena, raw] = programs(MODULE);
        let map = Correspondence::of(&arena, &raw);
        let (mut mapped, mut too_late, mut kinds) = (0, 0, std::collections::BTreeSet::new());
        for place in Survey::of(&arena).places {
            for params in choices(&arena, place) {
                let (function, site, kind) = (place.function, place.site, place.kind);
                let plan = Plan { entries: vec![Entry { function, site, kind, params }] };
                let Ok(same) = map.plan(&arena, &raw, &plan) else { continue };
                match apply(&raw, &same) {
                    Ok(_) => mapped += 1,
                    Err(PlanError::Misplaced { what, .. }) if what.contains("is no i32") => {
                        too_late += 1;
                    }
                    Err(error) => panic!("{}: {error}", same.to_json()),
                }
                kinds.insert(kind);
            }
        }
        assert!(mapped > 300 && kinds.len() >= 10, "{mapped} plans of {kinds:?}");
        assert!(too_late * 10 < mapped, "{too_late} of {mapped}");
    }

    #[test]
    fn a_field_keeps_its_name_and_changes_its_place() {
        let [arena, raw] = programs(MODULE);
        let map = Correspondence::of(&arena, &raw);
        let is_length = |place: &&crate::confuse::Place| {
            let function = &arena.functions[place.function.0 as usize];
            let named = region(function, at(function, place.site));
            place.kind == Kind::Field && named == Some("VMMemoryDefinition+0x4")
        };
        let survey = Survey::of(&arena);
        let place = *survey.places.iter().find(is_length).expect("a length is loaded");
        let params = choices(&arena, place).remove(0);
        let (function, site, kind) = (place.function, place.site, place.kind);
        let plan = Plan { entries: vec![Entry { function, site, kind, params }] };
        let same = map.plan(&arena, &raw, &plan).expect("mapped").entries.remove(0);
        let body = &raw.functions[function.0 as usize];
        let anatomy = Anatomy::of(body, &map.raw);
        let inst = anatomy.site(same.site).expect("a site");
        let old = Access::of(body, inst).expect("a load").displacement;
        let new = same.params.get_number("displacement").expect("a choice");
        assert_eq!(region(body, inst), Some("VMMemoryDefinition+0x8"));
        assert_eq!(new, i64::from(old) - 8, "the base lies a pointer before the length");
    }
}

//! What a schedule made for the arena is with raw pointers.
//!
//! Fields keep their names, so a write finds its place by itself, and the store says what an
//! offset or a code index is as a pointer ([`crate::corrupt::Places`]). What is left is the
//! width: a write of a whole pointer has 8 bytes there. Numbers stay numbers: who may write
//! anything gains nothing by a base.
//!
//! Events that both layouts have in the same number are those of the program: entries, builtins
//! and host calls. Loads of the runtime are not, nor are offsets of the arena.
#![forbid(unsafe_code)]

use crate::confuse::Unmapped;
use crate::corrupt::{Entry, Event, Field, Schedule, Target};
use crate::layout::{Addressing, Structure};
use crate::program::{Module, ValType};

/// The schedule for raw pointers; `catalogues` are the arena's and theirs.
pub(super) fn with_raw_pointers(
    schedule: &Schedule,
    catalogues: &[Vec<Structure>; 2],
    module: &Module,
) -> Result<Schedule, Unmapped> {
    let entries = schedule.entries.iter().map(|entry| {
        let Target::Field(field) = &entry.target else { return Err(Unmapped::Place) };
        if matches!(entry.event, Event::Load | Event::ProgramLoad) {
            return Err(Unmapped::Instruction);
        }
        let [arena, raw] = widths(field, catalogues, module).ok_or(Unmapped::Field)?;
        let width = if entry.width == arena { raw } else { entry.width };
        Ok(Entry { width, ..entry.clone() })
    });
    Ok(Schedule { entries: entries.collect::<Result<_, _>>()? })
}

/// Bytes of a field on both layouts.
fn widths(field: &Field, catalogues: &[Vec<Structure>; 2], module: &Module) -> Option<[u32; 2]> {
    if field.structure == "table" {
        let element = module.tables.get(field.index as usize)?.element;
        let pointer = |at: Addressing| u32::from(at.pointer_bytes());
        return Some(match element {
            ValType::FuncRef => Addressing::ALL.map(pointer),
            _ => [4, 4],
        });
    }
    let width = |catalogue: &Vec<Structure>| {
        let structure = catalogue.iter().find(|known| known.name == field.structure)?;
        let within = structure.fields.iter().find(|known| known.name == field.field)?;
        Some(within.width)
    };
    let [arena, raw] = catalogues;
    Some([width(arena)?, width(raw)?])
}

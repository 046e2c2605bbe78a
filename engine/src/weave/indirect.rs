//! Tables full of functions, and indirect calls that find one.
//!
//! Functions are laid out by type: those of one type have neighbouring slots, the same
//! in every table of function references. What is behind them in a table stays as it
//! was. An index `i` that is meant for a type with `n` slots from `s` on becomes
//! `s + i % n`; that it is not done for every call keeps the traps in the programs.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use wasm_encoder::{ConstExpr, Elements, Instruction};
use wasmparser::{FuncType, RefType, TableType};

use super::draw::Draw;
use super::parts::{Parts, Table};

/// Most slots that are filled in a table.
const MAX_SLOTS: usize = 64;
/// How many of 100 indices are brought into the range of their type.
const GUIDED_PERCENT: u8 = 90;

/// Where functions are in tables; nowhere, by default.
#[derive(Default)]
pub(super) struct Slots {
    /// By type: first slot and how many there are.
    ranges: Vec<(FuncType, u32, u32)>,
    /// By function.
    slots: BTreeMap<u32, u32>,
    /// Tables that are filled, by index.
    pub(super) tables: Vec<u32>,
    /// How many of 100 direct calls become indirect.
    percent: u8,
}

/// Gives every function a slot in every table of function references that the module
/// defines, and the module such a table if it has none.
pub(super) fn fill_tables(parts: &mut Parts<'_>, percent: u8) -> Slots {
    let functions = by_type(parts);
    if functions.is_empty() {
        return Slots::default();
    }
    if !parts.tables.iter().any(is_fillable) {
        parts.tables.push(Table { ty: FUNCTIONS, init: None });
    }
    let mut tables = Vec::new();
    let imported = parts.imported_tables.len();
    for (position, table) in
        parts.tables.iter_mut().enumerate().filter(|(_, table)| is_fillable(table))
    {
        table.ty.initial = table.ty.initial.max(functions.len() as u64);
        table.ty.maximum = table.ty.maximum.map(|maximum| maximum.max(table.ty.initial));
        tables.push(u32::try_from(imported + position).expect("tables are few"));
    }
    for &index in &tables {
        let table = (index != 0).then_some(index);
        let elements = Elements::Functions((&functions[..]).into());
        parts.sections.elements.active(table, &ConstExpr::i32_const(0), elements);
    }
    Slots { ranges: ranges(parts, &functions), slots: numbered(&functions), tables, percent }
}

const FUNCTIONS: TableType = TableType {
    element_type: RefType::FUNCREF,
    table64: false,
    initial: 0,
    maximum: None,
    shared: false,
};

fn is_fillable(table: &Table) -> bool {
    table.ty.element_type == RefType::FUNCREF && !table.ty.table64
}

/// Functions, those of one type beside each other.
fn by_type(parts: &Parts<'_>) -> Vec<u32> {
    let mut groups: Vec<(&FuncType, Vec<u32>)> = Vec::new();
    for function in (0..).take(parts.functions.len().min(MAX_SLOTS)) {
        let Some(ty) = parts.type_of(function) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == ty) {
            Some((_, group)) => group.push(function),
            None => groups.push((ty, vec![function])),
        }
    }
    groups.into_iter().flat_map(|(_, group)| group).collect()
}

fn ranges(parts: &Parts<'_>, functions: &[u32]) -> Vec<(FuncType, u32, u32)> {
    let mut ranges: Vec<(FuncType, u32, u32)> = Vec::new();
    for (slot, &function) in (0..).zip(functions) {
        let Some(ty) = parts.type_of(function) else { continue };
        match ranges.last_mut() {
            Some((last, _, count)) if last == ty => *count += 1,
            _ => ranges.push((ty.clone(), slot, 1)),
        }
    }
    ranges
}

fn numbered(functions: &[u32]) -> BTreeMap<u32, u32> {
    functions.iter().copied().zip(0..).collect()
}

impl Slots {
    /// What must stand before an indirect call to bring its index into range: nothing,
    /// where it is left alone.
    pub(super) fn guide(
        &self,
        ty: &FuncType,
        table: u32,
        draw: &mut Draw,
    ) -> Vec<Instruction<'static>> {
        let range = self.ranges.iter().find(|(other, ..)| other == ty);
        match range {
            Some(&(_, start, count))
                if self.tables.contains(&table) && draw.chance(GUIDED_PERCENT) =>
            {
                let [start, count] = [start, count].map(u32::cast_signed);
                vec![
                    Instruction::I32Const(count),
                    Instruction::I32RemU,
                    Instruction::I32Const(start),
                    Instruction::I32Add,
                ]
            }
            _ => Vec::new(),
        }
    }

    /// The functions that have a slot.
    pub(super) fn functions(&self) -> impl Iterator<Item = u32> {
        self.slots.keys().copied()
    }

    /// The slot and the table through which to make a direct call; `None` to leave it.
    pub(super) fn divert(&self, function: u32, draw: &mut Draw) -> Option<(u32, u32)> {
        let slot = *self.slots.get(&function)?;
        let table = *self.tables.first()?;
        draw.chance(self.percent).then_some((slot, table))
    }
}

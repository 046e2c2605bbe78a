//! Accessors: small exported functions that reach into memories and tables.
//!
//! Between the calls of a module's own functions they move what those rely on: memories
//! and tables grow, are filled and copied, single elements change, and functions are
//! called through a table with an index from outside. Which ones a module gets is drawn;
//! each is named after what it does and to what, as `fencepost.memory.grow.0`.
#![forbid(unsafe_code)]

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportKind, Instruction, MemArg, ValType};
use wasmparser::{FuncType, RefType};

use super::draw::Draw;
use super::indirect::Slots;
use super::parts::Parts;

/// Static offsets of the accesses to memory: none, odd, and beyond a page.
const OFFSETS: [u64; 4] = [0, 3, 65_529, 1 << 20];

/// A function to export.
struct Accessor {
    name: String,
    params: Vec<ValType>,
    results: Vec<ValType>,
    /// What follows the parameters on the stack, all of them in order.
    body: Vec<Instruction<'static>>,
}

/// Exports `count` accessors, fewer where there are not as many.
pub(super) fn add(parts: &mut Parts<'_>, slots: &Slots, count: u8, draw: &mut Draw) {
    if count == 0 {
        return;
    }
    let mut accessors = memory_accessors(parts, draw);
    accessors.extend((0..parts.table_count()).flat_map(|table| table_accessors(parts, table)));
    accessors.extend(function_accessors(parts, slots, draw));
    for _ in 0..usize::from(count).min(accessors.len()) {
        let accessor = accessors.swap_remove(draw.below(accessors.len()));
        let mut body: Vec<_> =
            (0..).take(accessor.params.len()).map(Instruction::LocalGet).collect();
        body.extend(accessor.body);
        let index = parts.add_function(&accessor.params, &accessor.results, &body);
        parts.export(&format!("fencepost.{}", accessor.name), ExportKind::Func, index);
    }
}

fn accessor(
    name: String,
    params: &[ValType],
    results: &[ValType],
    instruction: Instruction<'static>,
) -> Accessor {
    Accessor { name, params: params.to_vec(), results: results.to_vec(), body: vec![instruction] }
}

fn memory_accessors(parts: &Parts<'_>, draw: &mut Draw) -> Vec<Accessor> {
    use ValType::{F64, I32, I64};
    if parts.memories.is_empty() || parts.memory_is_64(0) {
        return Vec::new();
    }
    let mut at =
        |align| MemArg { offset: OFFSETS[draw.below(OFFSETS.len())], align, memory_index: 0 };
    let name = |what: &str| format!("memory.{what}.0");
    let copy = Instruction::MemoryCopy { src_mem: 0, dst_mem: 0 };
    vec![
        accessor(name("size"), &[], &[I32], Instruction::MemorySize(0)),
        accessor(name("grow"), &[I32], &[I32], Instruction::MemoryGrow(0)),
        accessor(name("fill"), &[I32; 3], &[], Instruction::MemoryFill(0)),
        accessor(name("copy"), &[I32; 3], &[], copy),
        accessor(name("load8"), &[I32], &[I32], Instruction::I32Load8U(at(0))),
        accessor(name("load64"), &[I32], &[I64], Instruction::I64Load(at(3))),
        accessor(name("store16"), &[I32; 2], &[], Instruction::I32Store16(at(1))),
        accessor(name("storef64"), &[I32, F64], &[], Instruction::F64Store(at(3))),
    ]
}

fn table_accessors(parts: &Parts<'_>, table: u32) -> Vec<Accessor> {
    use ValType::I32;
    let Some(ty) = parts.table(table).filter(|ty| !ty.table64 && has_null(ty.element_type)) else {
        return Vec::new();
    };
    let Ok(element) = RoundtripReencoder.ref_type(ty.element_type) else { return Vec::new() };
    let element = ValType::Ref(element);
    let name = |what: &str| format!("table.{what}.{table}");
    let copy = Instruction::TableCopy { src_table: table, dst_table: table };
    vec![
        accessor(name("size"), &[], &[I32], Instruction::TableSize(table)),
        accessor(name("grow"), &[element, I32], &[I32], Instruction::TableGrow(table)),
        accessor(name("fill"), &[I32, element, I32], &[], Instruction::TableFill(table)),
        accessor(name("copy"), &[I32; 3], &[], copy),
        accessor(name("get"), &[I32], &[element], Instruction::TableGet(table)),
        accessor(name("set"), &[I32, element], &[], Instruction::TableSet(table)),
    ]
}

fn has_null(ty: RefType) -> bool {
    ty == RefType::FUNCREF || ty == RefType::EXTERNREF
}

/// What sets elements to functions, and what calls them.
fn function_accessors(parts: &Parts<'_>, slots: &Slots, draw: &mut Draw) -> Vec<Accessor> {
    let functions: Vec<u32> = slots.functions().collect();
    let tables = slots.tables.iter().filter(|_| !functions.is_empty());
    let mut accessors: Vec<Accessor> = tables
        .map(|&table| {
            let function = Instruction::RefFunc(functions[draw.below(functions.len())]);
            let body = vec![function, Instruction::TableSet(table)];
            let name = format!("table.put.{table}");
            Accessor { name, params: vec![ValType::I32], results: Vec::new(), body }
        })
        .collect();
    for (type_index, ty) in
        (0..).zip(&parts.types).filter_map(|(nth, ty)| Some((nth, ty.as_ref()?)))
    {
        accessors.extend(slots.tables.iter().filter_map(|&table| {
            let mut body = slots.guide(ty, table, draw);
            body.push(Instruction::CallIndirect { type_index, table_index: table });
            caller(ty, format!("table.call.{table}.{type_index}"), body)
        }));
    }
    accessors
}

/// Calls a function of a type by an index, which is the last parameter.
fn caller(ty: &FuncType, name: String, body: Vec<Instruction<'static>>) -> Option<Accessor> {
    let all = |types: &[wasmparser::ValType]| -> Option<Vec<ValType>> {
        types.iter().map(|&ty| RoundtripReencoder.val_type(ty).ok()).collect()
    };
    let (mut params, results) = (all(ty.params())?, all(ty.results())?);
    params.push(ValType::I32);
    Some(Accessor { name, params, results, body })
}

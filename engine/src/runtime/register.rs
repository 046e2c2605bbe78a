//! Entering a new instance, and all that it defines, into the trusted state.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::instantiate::CodeEntries;
use super::link::{Extern, Imports};
use super::state::{
    FuncRef, Function, FunctionId, Global, GlobalId, Instance, InstanceId, Memory, MemoryId,
    Segment, State, Table, TableId, Tag, TagId,
};
use super::structures::InstanceAreas;
use super::types::TypeId;
use crate::arena::width;
use crate::code_table::CodeIndex;
use crate::program::{Item, Module, Program};

/// Enters a new instance and all that it defines into the state.
pub(super) fn instance(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    areas: &InstanceAreas,
    code: &CodeEntries,
    number: u32,
) -> InstanceId {
    let module = &program.module;
    let types = state.types.intern_all(&module.definitions);
    let id = InstanceId(index(state.instances.len()));
    let functions = functions(state, module, imports, areas.vmctx, code, &types);
    let func_refs = func_refs(state, program, areas.vmctx, &functions);
    let tables = tables(state, program, imports, areas, id, &func_refs, &types);
    let memories = memories(state, program, imports, areas, id);
    let globals = globals(state, program, imports, areas.vmctx, id, &types);
    let tags = tags(state, program, imports, areas.vmctx, id, &types);
    let parts = &areas.parts;
    let data = parts.data.iter().zip(&module.runtime_data);
    let segments = parts.elements.iter().zip(&module.passive_elements);
    let mut instance = Instance {
        program: number,
        startup: code.startup,
        layout: program.layout.clone(),
        vmctx: areas.vmctx,
        type_ids: areas.vmctx + within(parts.type_ids),
        types,
        functions,
        func_refs,
        tables,
        imported_tables: imports.tables.len(),
        memories,
        imported_memories: imports.memories.len(),
        globals,
        tags,
        segments: segments
            .map(|(&at, segment)| Segment {
                base: areas.vmctx + within(at),
                len: segment.len,
                element: segment.element,
                dropped: false,
            })
            .collect(),
        data: data.map(|(&at, data)| (areas.vmctx + within(at), width(data))).collect(),
        exports: HashMap::new(),
    };
    instance.exports = exports(module, &instance);
    state.instances.push(instance);
    state.contexts.insert(areas.vmctx, id);
    id
}

fn functions(
    state: &mut State,
    module: &Module,
    imports: &Imports,
    vmctx: u32,
    code: &CodeEntries,
    types: &[TypeId],
) -> Vec<FunctionId> {
    let mut ids = imports.functions.clone();
    for (decl, entry) in module.functions[ids.len()..].iter().zip(&code.defined) {
        let ty = types[decl.ty];
        // A function that nothing outside the program can name has no entry.
        let code = entry.unwrap_or(CodeIndex::TRAP);
        ids.push(FunctionId(index(state.functions.len())));
        state.functions.push(Function { ty, code, vmctx, host: None });
    }
    ids
}

fn func_refs(
    state: &mut State,
    program: &Program,
    vmctx: u32,
    functions: &[FunctionId],
) -> Vec<Option<u32>> {
    let offset = |slot| vmctx + program.layout.func_refs.at(slot);
    let func_refs: Vec<_> =
        program.module.functions.iter().map(|decl| decl.func_ref.map(offset)).collect();
    for ((position, offset), &function) in (0..).zip(&func_refs).zip(functions) {
        let ty = state.function(function).ty;
        state.func_refs.extend(offset.map(|offset| (offset, FuncRef { position, ty })));
    }
    func_refs
}

fn tables(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    areas: &InstanceAreas,
    owner: InstanceId,
    func_refs: &[Option<u32>],
    types: &[TypeId],
) -> Vec<TableId> {
    let mut ids = imports.tables.clone();
    let defined = program.module.tables[ids.len()..].iter().zip(&areas.tables);
    for (number, (ty, &(base, reserved))) in (0..).zip(defined) {
        let definition = areas.vmctx + program.layout.tables.at(number);
        let func_ref = |function: &Option<usize>| function.and_then(|f| func_refs[f]).unwrap_or(0);
        ids.push(TableId(index(state.tables.len())));
        state.tables.push(Table {
            owner: (owner, number),
            definition,
            size_field: definition + program.layout.table.current_elements,
            base,
            elements: within(ty.min),
            reserved,
            element_bytes: state.pointers.element_bytes(ty.element),
            element: ty.declared.map(|ty| types[ty]),
            image: ty.image.iter().map(func_ref).collect(),
            ty: ty.clone(),
        });
    }
    ids
}

fn memories(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    areas: &InstanceAreas,
    owner: InstanceId,
) -> Vec<MemoryId> {
    let mut ids = imports.memories.clone();
    let layout = &program.layout;
    let defined = program.module.memories[ids.len()..].iter().zip(&areas.memories);
    let mut owned = areas.vmctx + layout.memories.offset;
    let mut shared = areas.vmctx + within(areas.parts.shared_memories);
    for (number, (&ty, &(base, reserved))) in (0..).zip(defined) {
        let next = if ty.shared { &mut shared } else { &mut owned };
        let definition = *next;
        *next += layout.memory.size;
        let length_field = definition + layout.memory.current_length;
        ids.push(MemoryId(index(state.memories.len())));
        state.memories.push(Memory {
            owner: (owner, number),
            definition,
            length_field,
            base,
            pages: ty.min_pages,
            reserved,
            ty,
        });
    }
    ids
}

fn globals(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    vmctx: u32,
    owner: InstanceId,
    types: &[TypeId],
) -> Vec<GlobalId> {
    let mut ids = imports.globals.clone();
    for (number, global) in (0..).zip(&program.module.globals[ids.len()..]) {
        ids.push(GlobalId(index(state.globals.len())));
        state.globals.push(Global {
            ty: global.ty,
            declared: global.declared.map(|ty| types[ty]),
            mutable: global.mutable,
            owner: (owner, number),
            definition: vmctx + program.layout.globals.at(number),
        });
    }
    ids
}

fn tags(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    vmctx: u32,
    owner: InstanceId,
    types: &[TypeId],
) -> Vec<TagId> {
    let mut ids = imports.tags.clone();
    for (number, &ty) in (0..).zip(&program.module.tags[ids.len()..]) {
        let definition = vmctx + program.layout.tags.at(number);
        ids.push(TagId(index(state.tags.len())));
        state.tags.push(Tag { ty: types[ty], owner: (owner, number), definition });
    }
    ids
}

fn exports(module: &Module, instance: &Instance) -> HashMap<String, Extern> {
    let item = |item| match item {
        Item::Function(index) => Extern::Function(instance.functions[index]),
        Item::Table(index) => Extern::Table(instance.tables[index]),
        Item::Memory(index) => Extern::Memory(instance.memories[index]),
        Item::Global(index) => Extern::Global(instance.globals[index]),
        Item::Tag(index) => Extern::Tag(instance.tags[index]),
    };
    module.exports.iter().map(|export| (export.name.clone(), item(export.item))).collect()
}

/// A position in a list of the store. Lists are far shorter than 2^32: each entry of
/// one takes arena bytes or a part of a module, whose size is a `u32`.
pub(super) fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a list longer than an arena can hold")
}

/// An offset or length within an area that was given out.
pub(super) fn within(offset: u64) -> u32 {
    u32::try_from(offset).expect("areas lie within the arena")
}

//! Instantiation: a program becomes an instance in the arena.
//!
//! Everything that Wasm lets happen without running code happens here; the rest
//! (globals whose value is computed, element segments, data segments at computed
//! offsets, the start function) is the program's startup function, which
//! [`Store::start`] calls.
#![forbid(unsafe_code)]

use super::areas::OutOfAreas;
use super::link::{Extern, Imports, LinkError};
use super::state::{
    Function, FunctionId, Global, GlobalId, Instance, InstanceId, Memory, MemoryId, Segment, State,
    Table, TableId,
};
use super::structures::{InstanceAreas, Parts, STORE_CONTEXT, TooLarge};
use super::{Ended, Store};
use crate::arena::{Arena, OutOfArena};
use crate::code_table::{CodeIndex, CodeTable, Target};
use crate::executor::{Executor, Limits, LoadError};
use crate::passes::Prepared;
use crate::program::{FuncId, Item, Module, Program};

/// First word of every vmctx, as in Wasmtime.
const VMCTX_MAGIC: u32 = u32::from_le_bytes(*b"core");

/// How `VMGlobalImport.kind` says that an instance owns the global.
const GLOBAL_OF_INSTANCE: u32 = 1;

/// Why there is no instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantiateError {
    /// An import does not fit.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The executor does not take the program.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The arena has no room for it.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The executor's arena is not the one that the store was made for.
    #[error(transparent)]
    OutOfArena(#[from] OutOfArena),
}

impl From<OutOfAreas> for InstantiateError {
    fn from(error: OutOfAreas) -> InstantiateError {
        InstantiateError::TooLarge(error.into())
    }
}

impl Store {
    /// Makes an instance of a program; `externs` are its imports, in order. No code
    /// runs before [`Store::start`].
    ///
    /// # Errors
    /// [`InstantiateError`]; the store has no new instance then.
    pub fn instantiate(
        &mut self,
        executor: &mut dyn Executor,
        program: &Program,
        prepared: &Prepared,
        externs: &[Extern],
    ) -> Result<InstanceId, InstantiateError> {
        let imports = Imports::check(&program.module, externs, &self.state)?;
        executor.load(prepared, &mut self.code)?;
        let number = self.loaded;
        self.loaded += 1;
        let first_area = self.state.areas.all().len();
        let areas =
            super::structures::instance_areas(&mut self.state.areas, program, self.state.limits)?;
        let code = code_entries(&mut self.code, program, prepared, number)?;
        let arena = executor.arena();
        self.state.areas.write_canaries(arena, first_area)?;
        let id = register(&mut self.state, program, &imports, &areas, &code, number);
        Writer { arena, state: &self.state, program, instance: self.state.instance(id) }.write()?;
        self.startup.push(code.startup);
        Ok(id)
    }

    /// Runs the startup function of an instance, if it has one: it completes the
    /// instance and calls the module's start function.
    ///
    /// # Errors
    /// [`Ended`]; what the instance did until then stays done.
    pub fn start(
        &mut self,
        executor: &mut dyn Executor,
        id: InstanceId,
        limits: Limits,
    ) -> Result<(), Ended> {
        let Some(code) = self.startup[id.0 as usize].take() else {
            return Ok(());
        };
        let vmctx = u128::from(self.state.instance(id).vmctx);
        self.enter(executor, code, &[vmctx, vmctx], 0, limits)?;
        Ok(())
    }
}

/// The entries of a program: one for each function that can be called from outside
/// it, so that a forged index reaches no other.
struct CodeEntries {
    /// By position among the defined functions.
    defined: Vec<Option<CodeIndex>>,
    startup: Option<CodeIndex>,
}

fn code_entries(
    table: &mut CodeTable,
    program: &Program,
    prepared: &Prepared,
    number: u32,
) -> Result<CodeEntries, LoadError> {
    let mut push = |function: FuncId| {
        let signature = table.intern(&prepared.functions[function.0 as usize].signature);
        table
            .push(Target::Function { program: number, function }, signature)
            .map_err(|full| LoadError::Unsupported(full.to_string()))
    };
    let imported = program.layout.imported_functions.count as usize;
    let defined = (0..).map(FuncId).zip(&program.module.functions[imported..]);
    Ok(CodeEntries {
        defined: defined
            .map(|(id, decl)| decl.func_ref.map(|_| push(id)).transpose())
            .collect::<Result<_, LoadError>>()?,
        startup: program.startup.map(&mut push).transpose()?,
    })
}

/// Enters a new instance and all that it defines into the state.
fn register(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    areas: &InstanceAreas,
    code: &CodeEntries,
    number: u32,
) -> InstanceId {
    let module = &program.module;
    for ty in &module.types {
        state.types.intern(ty);
    }
    let id = InstanceId(index(state.instances.len()));
    let functions = register_functions(state, module, imports, areas.vmctx, code);
    let func_refs = register_func_refs(state, program, areas.vmctx);
    let tables = register_tables(state, program, imports, areas, id, &func_refs);
    let memories = register_memories(state, program, imports, areas, id);
    let globals = register_globals(state, program, imports, areas.vmctx, id);
    let parts = Parts::of(program);
    let segments = parts.elements.iter().zip(&module.passive_elements);
    let mut instance = Instance {
        program: number,
        layout: program.layout.clone(),
        vmctx: areas.vmctx,
        type_ids: areas.vmctx + within(parts.type_ids),
        types: index(module.types.len()),
        functions,
        func_refs,
        tables,
        imported_tables: imports.tables.len(),
        memories,
        imported_memories: imports.memories.len(),
        globals,
        segments: segments
            .map(|(&at, &len)| Segment { base: areas.vmctx + within(at), len, dropped: false })
            .collect(),
        exports: std::collections::HashMap::new(),
    };
    instance.exports = exports(module, &instance);
    state.instances.push(instance);
    state.contexts.insert(areas.vmctx, id);
    id
}

fn register_functions(
    state: &mut State,
    module: &Module,
    imports: &Imports,
    vmctx: u32,
    code: &CodeEntries,
) -> Vec<FunctionId> {
    let mut ids = imports.functions.clone();
    for (decl, entry) in module.functions[ids.len()..].iter().zip(&code.defined) {
        let ty = state.types.intern(&module.types[decl.ty]);
        // A function that nothing outside the program can name has no entry.
        let code = entry.unwrap_or(CodeIndex::TRAP);
        ids.push(FunctionId(index(state.functions.len())));
        state.functions.push(Function { ty, code, vmctx, host: None });
    }
    ids
}

fn register_func_refs(state: &mut State, program: &Program, vmctx: u32) -> Vec<Option<u32>> {
    let offset = |slot| vmctx + program.layout.func_refs.at(slot);
    let func_refs: Vec<_> =
        program.module.functions.iter().map(|decl| decl.func_ref.map(offset)).collect();
    let made = (0..).zip(&func_refs).filter_map(|(position, offset)| Some(((*offset)?, position)));
    state.func_refs.extend(made);
    func_refs
}

fn register_tables(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    areas: &InstanceAreas,
    owner: InstanceId,
    func_refs: &[Option<u32>],
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
            image: ty.image.iter().map(func_ref).collect(),
            ty: ty.clone(),
        });
    }
    ids
}

fn register_memories(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    areas: &InstanceAreas,
    owner: InstanceId,
) -> Vec<MemoryId> {
    let mut ids = imports.memories.clone();
    let defined = program.module.memories[ids.len()..].iter().zip(&areas.memories);
    for (number, (&ty, &(base, reserved))) in (0..).zip(defined) {
        let definition = areas.vmctx + program.layout.memories.at(number);
        let length_field = definition + program.layout.memory.current_length;
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

fn register_globals(
    state: &mut State,
    program: &Program,
    imports: &Imports,
    vmctx: u32,
    owner: InstanceId,
) -> Vec<GlobalId> {
    let mut ids = imports.globals.clone();
    for (number, global) in (0..).zip(&program.module.globals[ids.len()..]) {
        ids.push(GlobalId(index(state.globals.len())));
        state.globals.push(Global {
            ty: global.ty,
            mutable: global.mutable,
            owner: (owner, number),
            definition: vmctx + program.layout.globals.at(number),
        });
    }
    ids
}

fn exports(module: &Module, instance: &Instance) -> std::collections::HashMap<String, Extern> {
    let item = |item| match item {
        Item::Function(index) => Extern::Function(instance.functions[index]),
        Item::Table(index) => Extern::Table(instance.tables[index]),
        Item::Memory(index) => Extern::Memory(instance.memories[index]),
        Item::Global(index) => Extern::Global(instance.globals[index]),
    };
    module.exports.iter().map(|export| (export.name.clone(), item(export.item))).collect()
}

/// Writes the VM structures of one instance, which the state knows already.
struct Writer<'a> {
    arena: &'a mut dyn Arena,
    state: &'a State,
    program: &'a Program,
    instance: &'a Instance,
}

type Written = Result<(), OutOfArena>;

impl Writer<'_> {
    fn write(&mut self) -> Written {
        self.context()?;
        self.type_ids()?;
        self.imported_functions()?;
        self.imported_tables()?;
        self.imported_memories()?;
        self.imported_globals()?;
        self.func_refs()?;
        self.tables()?;
        self.memories()?;
        self.globals()?;
        self.runtime_data()?;
        self.memory_images()
    }

    /// Writes a field of vmctx.
    fn put(&mut self, offset: u32, value: u32) -> Written {
        self.arena.store_u32(self.instance.vmctx + offset, value)
    }

    fn context(&mut self) -> Written {
        let vmctx = self.program.layout.vmctx;
        self.put(vmctx.magic, VMCTX_MAGIC)?;
        self.put(vmctx.store_context, STORE_CONTEXT)
    }

    fn type_ids(&mut self) -> Written {
        let at = self.instance.type_ids;
        self.put(self.program.layout.vmctx.type_ids, at)?;
        let ids = self.program.module.types.iter().map(|ty| self.state.types.id(ty));
        let bytes: Vec<u8> = ids.flat_map(|id| id.as_u32().to_le_bytes()).collect();
        self.arena.write(at, &bytes)
    }

    fn imported_functions(&mut self) -> Written {
        let fields = self.program.layout.function_import;
        let array = self.program.layout.imported_functions;
        for number in 0..array.count {
            let function = *self.state.function(self.instance.functions[number as usize]);
            let at = array.at(number);
            self.put(at + fields.wasm_call, function.code.0)?;
            self.put(at + fields.type_index, function.ty.as_u32())?;
            self.put(at + fields.vmctx, function.vmctx)?;
        }
        Ok(())
    }

    fn imported_tables(&mut self) -> Written {
        let fields = self.program.layout.table_import;
        let array = self.program.layout.imported_tables;
        for number in 0..array.count {
            let table = self.state.table(self.instance.tables[number as usize]);
            let (owner, index) = table.owner;
            let at = array.at(number);
            self.put(at + fields.from, table.definition)?;
            self.put(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.index, index)?;
        }
        Ok(())
    }

    fn imported_memories(&mut self) -> Written {
        let fields = self.program.layout.memory_import;
        let array = self.program.layout.imported_memories;
        for number in 0..array.count {
            let memory = self.state.memory(self.instance.memories[number as usize]);
            let (owner, index) = memory.owner;
            let at = array.at(number);
            self.put(at + fields.from, memory.definition)?;
            self.put(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.index, index)?;
        }
        Ok(())
    }

    fn imported_globals(&mut self) -> Written {
        let fields = self.program.layout.global_import;
        let array = self.program.layout.imported_globals;
        for number in 0..array.count {
            let global = *self.state.global(self.instance.globals[number as usize]);
            let (owner, index) = global.owner;
            let at = array.at(number);
            self.put(at + fields.from, global.definition)?;
            self.put(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.kind, GLOBAL_OF_INSTANCE)?;
            self.put(at + fields.kind + 4, index)?;
        }
        Ok(())
    }

    fn func_refs(&mut self) -> Written {
        let fields = self.program.layout.func_ref;
        let array = self.program.layout.func_refs;
        for (position, decl) in self.program.module.functions.iter().enumerate() {
            let Some(slot) = decl.func_ref else { continue };
            let function = *self.state.function(self.instance.functions[position]);
            let at = array.at(slot);
            self.put(at + fields.wasm_call, function.code.0)?;
            self.put(at + fields.type_index, function.ty.as_u32())?;
            self.put(at + fields.vmctx, function.vmctx)?;
        }
        Ok(())
    }

    fn tables(&mut self) -> Written {
        let fields = self.program.layout.table;
        for &id in &self.instance.tables[self.instance.imported_tables..] {
            let table = self.state.table(id);
            self.arena.store_u32(table.definition + fields.base, table.base)?;
            self.arena.store_u32(table.size_field, table.elements)?;
        }
        Ok(())
    }

    fn memories(&mut self) -> Written {
        let fields = self.program.layout.memory;
        let pointers = self.program.layout.memory_pointers;
        let defined = &self.instance.memories[self.instance.imported_memories..];
        for (number, &id) in (0..).zip(defined) {
            let memory = self.state.memory(id);
            self.put(pointers.at(number), memory.definition)?;
            self.arena.store_u32(memory.definition + fields.base, memory.base)?;
            self.arena.store_u32(memory.length_field, memory.len_bytes())?;
        }
        Ok(())
    }

    fn globals(&mut self) -> Written {
        let first = self.program.layout.imported_globals.count as usize;
        let defined =
            self.instance.globals[first..].iter().zip(&self.program.module.globals[first..]);
        for (&id, global) in defined {
            let at = self.state.global(id).definition;
            self.arena.store_u128(at, global.init.unwrap_or(0))?;
        }
        Ok(())
    }

    /// A segment without bytes has base 0: it is empty, or already in its memory.
    fn runtime_data(&mut self) -> Written {
        let layout = &self.program.layout;
        let parts = Parts::of(self.program);
        let segments = parts.data.iter().zip(&self.program.module.runtime_data);
        for (number, (&at, data)) in (0..).zip(segments).filter(|(_, (_, data))| !data.is_empty()) {
            let base = self.instance.vmctx + within(at);
            self.arena.write(base, data)?;
            self.put(layout.data_bases.at(number), base)?;
            self.put(layout.data_lengths.at(number), crate::arena::width(data))?;
        }
        Ok(())
    }

    fn memory_images(&mut self) -> Written {
        for image in &self.program.module.memory_images {
            let memory = self.state.memory(self.instance.memories[image.memory]);
            self.arena.write(memory.base + within(image.offset), &image.bytes)?;
        }
        Ok(())
    }
}

/// A position in a list of the store. Lists are far shorter than 2^32: each entry of
/// one takes arena bytes or a part of a module, whose size is a `u32`.
fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a list longer than an arena can hold")
}

/// An offset or length within an area that was given out.
fn within(offset: u64) -> u32 {
    u32::try_from(offset).expect("areas lie within the arena")
}

//! What a program says of the module that it was made from.
#![forbid(unsafe_code)]

use super::ValType;
use crate::wasm_type::{Composite, Definitions, RefType, Type};

/// What a module declares. All index spaces list imports first, as Wasm does.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// How the functions of each type look; nothing for a type of something else. A
    /// position here is the module's own type index in CLIF (it indexes the array of
    /// type ids that vmctx points to).
    pub types: Vec<FuncType>,
    /// What these types are; empty in a program that was read from CLIF text.
    pub definitions: Definitions,
    /// Whether code of the module reaches the heap of garbage-collected objects.
    pub needs_gc_heap: bool,
    /// Imports, in declaration order.
    pub imports: Vec<Import>,
    /// Exports, in declaration order.
    pub exports: Vec<Export>,
    /// All functions.
    pub functions: Vec<FunctionDecl>,
    /// All tables.
    pub tables: Vec<Table>,
    /// All memories.
    pub memories: Vec<Memory>,
    /// All globals.
    pub globals: Vec<Global>,
    /// All tags: positions of their types in [`Module::types`].
    pub tags: Vec<usize>,
    /// Data segments that compiled code reaches through vmctx: passive ones, and
    /// active ones whose offset is not a constant.
    pub runtime_data: Vec<Vec<u8>>,
    /// Each passive element segment. The elements themselves are stored by the startup
    /// function.
    pub passive_elements: Vec<PassiveElements>,
    /// Initial bytes of memories that need no code: applied by the runtime.
    pub memory_images: Vec<MemoryImage>,
}

impl Module {
    /// The types of the parameters of a function type, by its position in
    /// [`Module::types`]; none where they are not known, in a program read from CLIF text.
    #[must_use]
    pub fn params(&self, ty: usize) -> &[Type<usize>] {
        match self.definitions.types.get(ty).map(|ty| &ty.composite) {
            Some(Composite::Func(params, _)) => params,
            _ => &[],
        }
    }

    /// The types of the results of a function type, as [`Module::params`].
    #[must_use]
    pub fn results(&self, ty: usize) -> &[Type<usize>] {
        match self.definitions.types.get(ty).map(|ty| &ty.composite) {
            Some(Composite::Func(_, results)) => results,
            _ => &[],
        }
    }

    /// Whether an item takes or gives references of which its types' names tell only the
    /// hierarchy.
    #[must_use]
    pub fn is_specific(&self, item: Item) -> bool {
        let specific = |ty: &Type<usize>| ty.is_specific();
        match item {
            Item::Function(index) => {
                let ty = self.functions[index].ty;
                self.params(ty).iter().chain(self.results(ty)).any(specific)
            }
            Item::Table(index) => specific(&Type::Ref(self.tables[index].declared)),
            Item::Global(index) => specific(&self.globals[index].declared),
            Item::Tag(index) => self.params(self.tags[index]).iter().any(specific),
            Item::Memory(_) => false,
        }
    }
}

/// A passive element segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassiveElements {
    /// Number of its elements.
    pub len: u32,
    /// How an element is represented.
    pub element: ValType,
}

/// Initial bytes of one memory.
#[derive(Clone, Debug)]
pub struct MemoryImage {
    /// Index of the memory in [`Module::memories`].
    pub memory: usize,
    /// Byte offset in the memory; the image is known to lie within its minimum.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A Wasm function type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct FuncType {
    /// Parameters, without the two context pointers.
    pub params: Vec<ValType>,
    /// Results.
    pub results: Vec<ValType>,
}

impl std::fmt::Display for FuncType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names =
            |types: &[ValType]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ");
        write!(formatter, "({}) -> ({})", names(&self.params), names(&self.results))
    }
}

/// An import: two names, and what they must resolve to.
#[derive(Clone, Debug)]
pub struct Import {
    /// The module name.
    pub module: String,
    /// The field name.
    pub name: String,
    /// Which entry of which index space it fills.
    pub item: Item,
}

/// An export.
#[derive(Clone, Debug)]
pub struct Export {
    /// The name.
    pub name: String,
    /// What it names.
    pub item: Item,
}

/// An entry of one of a module's index spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// Position in [`Module::functions`].
    Function(usize),
    /// Position in [`Module::tables`].
    Table(usize),
    /// Position in [`Module::memories`].
    Memory(usize),
    /// Position in [`Module::globals`].
    Global(usize),
    /// Position in [`Module::tags`].
    Tag(usize),
}

/// A function, imported or defined.
#[derive(Clone, Debug)]
pub struct FunctionDecl {
    /// Position of its type in [`Module::types`].
    pub ty: usize,
    /// Where its `VMFuncRef` lies in vmctx, counted in records, if it has one:
    /// functions that are exported or referenced do.
    pub func_ref: Option<u32>,
}

/// A linear memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Minimum size in pages.
    pub min_pages: u64,
    /// Declared maximum in pages.
    pub max_pages: Option<u64>,
    /// log2 of the page size in bytes: 16, or 0 with custom page sizes.
    pub page_size_log2: u8,
    /// Whether its index type is `i64`.
    pub is_64: bool,
    /// Whether it is shared.
    pub shared: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Minimum number of elements.
    pub min: u64,
    /// Declared maximum number of elements.
    pub max: Option<u64>,
    /// How an element is represented.
    pub element: ValType,
    /// What an element may be.
    pub declared: RefType<usize>,
    /// Whether its index type is `i64`.
    pub is_64: bool,
    /// Initial elements known without running code, from element 0: positions in
    /// [`Module::functions`]. Elements of a function table are made from these
    /// lazily, by the builtin `table_get_lazy_init_func_ref`.
    pub image: Vec<Option<usize>>,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// How the value is represented.
    pub ty: ValType,
    /// What the value may be.
    pub declared: Type<usize>,
    /// Whether the value may change.
    pub mutable: bool,
    /// The initial value as a 16-byte slot, where no code is needed to know it.
    pub init: Option<u128>,
}

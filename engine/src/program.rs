//! A program: arena CLIF functions and the description of the module around them.
//!
//! It comes from Wasm (`frontend`) or from CLIF text, and it is the same for every
//! executor. Every address in its functions is an `i32`: an offset into the arena.
//! Functions are called in four ways:
//!
//! | call | in CLIF |
//! |---|---|
//! | to a function of the program | direct, name `u0:FUNC` ([`FUNCTION_NAMESPACE`]) |
//! | to a builtin of the runtime | direct, name `u1:BUILTIN` ([`BUILTIN_NAMESPACE`]) |
//! | through a code index | `call_indirect`, `return_call_indirect`, ... on an `i32` |
//! | to a host import | the same: the index names a host entry of the code table |
//!
//! All types here are plain data, free of Wasmtime's own, so that only `frontend`
//! depends on Wasmtime.
#![forbid(unsafe_code)]

use cranelift_codegen::ir;

use crate::clif;
use crate::layout::{Layout, Structure};
use crate::wasm_type::{Composite, Definitions, RefType, Type};

/// Namespace of the external names that stand for functions of the program; the
/// index is a [`FuncId`].
pub const FUNCTION_NAMESPACE: u32 = 0;

/// Namespace of the external names that stand for builtins; the index is a
/// [`Builtin`].
pub const BUILTIN_NAMESPACE: u32 = 1;

/// Index of a function defined by a program: the position in [`Program::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(pub u32);

/// A program, before any pass.
#[derive(Clone, Debug)]
pub struct Program {
    /// The functions, defined Wasm functions first, in module order.
    pub functions: Vec<ir::Function>,
    /// The compiled part of instantiation, where there is one: called once with the
    /// new instance's vmctx as both context arguments, after the runtime has built
    /// the VM structures. It ends by calling the module's start function.
    pub startup: Option<FuncId>,
    /// What the module declares.
    pub module: Module,
    /// Where the VM structures of an instance of this module lie; the empty layout in a
    /// program that was read from CLIF text, which has none.
    pub layout: Layout,
}

impl Program {
    /// Whether the program is a module, whose functions run in an instance.
    #[must_use]
    pub fn has_instance(&self) -> bool {
        self.layout != Layout::default()
    }

    /// The structures that its accesses may name: those that an instance has, or those
    /// that text may write into memory.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Structure> {
        if self.has_instance() { self.layout.catalogue() } else { clif::structures() }
    }
}

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

/// A value type, as far as a value's representation depends on it: those of Wasm, and
/// the integers that only programs in CLIF have.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ValType {
    /// 8-bit integer, in CLIF only.
    I8,
    /// 16-bit integer, in CLIF only.
    I16,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 128-bit integer, in CLIF only.
    I128,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A function reference: the arena offset of a `VMFuncRef`, or 0.
    FuncRef,
    /// A reference that may be the host's: an offset in the GC heap, or 0.
    ExternRef,
    /// A reference to an object in the GC heap by its offset there, a 31-bit integer and
    /// 1 in the low bit, or 0.
    AnyRef,
    /// A reference to an exception: its offset in the GC heap, or 0.
    ExnRef,
}

impl ValType {
    /// The name in the text formats of Wasm and CLIF.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ValType::I8 => "i8",
            ValType::I16 => "i16",
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::I128 => "i128",
            ValType::F32 => "f32",
            ValType::F64 => "f64",
            ValType::V128 => "v128",
            ValType::FuncRef => "funcref",
            ValType::ExternRef => "externref",
            ValType::AnyRef => "anyref",
            ValType::ExnRef => "exnref",
        }
    }

    /// The type of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ValType> {
        use ValType::{AnyRef, ExnRef, ExternRef, F32, F64, FuncRef, I32, I64, V128};
        let all = [I32, I64, F32, F64, V128, FuncRef, ExternRef, AnyRef, ExnRef];
        all.into_iter().find(|ty| ty.name() == name)
    }

    /// Whether its values are references.
    #[must_use]
    pub fn is_reference(self) -> bool {
        use ValType::{AnyRef, ExnRef, ExternRef, FuncRef};
        matches!(self, FuncRef | ExternRef | AnyRef | ExnRef)
    }
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

/// Declares [`Builtin`] with the name that Wasmtime gives each.
macro_rules! builtins {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal; )*) => {
        /// The runtime functions that compiled code may call directly. Signatures
        /// are those of Wasmtime's libcalls, each with the caller's vmctx first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum Builtin { $( $(#[$doc])* $variant, )* }

        impl Builtin {
            /// Every builtin; a position here is the index of its external name.
            pub const ALL: &[Builtin] = &[$( Builtin::$variant, )*];

            /// Wasmtime's name for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Builtin::$variant => $name, )* }
            }
        }
    };
}

builtins! {
    /// `(vmctx, delta: i64, memory: i32) -> i32`: the old size in pages, or -1.
    MemoryGrow = "memory_grow";
    /// `(vmctx, dst: i32, src: i32, len: i32)`, arena offsets, checked by the caller.
    MemoryCopy = "memory_copy";
    /// `(vmctx, dst: i32, byte: i32, len: i32)`.
    MemoryFill = "memory_fill";
    /// `(vmctx, segment: i32) -> i32`: current length, 0 once dropped.
    PassiveElemSegmentLen = "passive_elem_segment_len";
    /// `(vmctx, segment: i32) -> i32`: arena offset of the 16-byte slots.
    PassiveElemSegmentBase = "passive_elem_segment_base";
    /// `(vmctx, segment: i32)`.
    PassiveElemSegmentDrop = "passive_elem_segment_drop";
    /// `(vmctx, function: i32) -> i32`: arena offset of its `VMFuncRef`.
    RefFunc = "ref_func";
    /// `(vmctx, table: i32, index: i64) -> i32`: offset of a `VMFuncRef`, or 0.
    TableGetLazyInitFuncRef = "table_get_lazy_init_func_ref";
    /// `(vmctx, table: i32, delta: i64) -> i32`: see `runtime::builtins`.
    TableGrow = "table_grow";
    /// `(vmctx, code: i8)`: raises the trap of that number.
    Trap = "trap";
    /// `(vmctx)`: raises the trap that a host call recorded.
    Raise = "raise";
    /// `(vmctx) -> i32`: the number of the instance.
    GetInstanceId = "get_instance_id";
    /// `(vmctx, kind: i32, type: i32, size: i32, align: i32) -> i32`: see
    /// `runtime::gc_heap`, as for the next three.
    GcAllocRaw = "gc_alloc_raw";
    /// `(vmctx, func_ref: i32) -> i64`.
    InternFuncRefForGcHeap = "intern_func_ref_for_gc_heap";
    /// `(vmctx, number: i32, type: i32) -> i32`.
    GetInternedFuncRef = "get_interned_func_ref";
    /// `(vmctx, actual: i32, expected: i32) -> i32`.
    IsSubtype = "is_subtype";
    /// `(vmctx, exception: i32)`: unwinds to a handler. Executors do it themselves.
    ThrowRef = "throw_ref";
    /// `(vmctx, memory: i32, address: i64, count: i32) -> i64`: see `runtime::wait`, as for
    /// the next two.
    MemoryAtomicNotify = "memory_atomic_notify";
    /// `(vmctx, memory: i32, address: i64, expected: i32, timeout: i64) -> i64`.
    MemoryAtomicWait32 = "memory_atomic_wait32";
    /// `(vmctx, memory: i32, address: i64, expected: i64, timeout: i64) -> i64`.
    MemoryAtomicWait64 = "memory_atomic_wait64";
}

impl Builtin {
    /// The builtin of a given external-name index.
    #[must_use]
    pub fn from_index(index: u32) -> Option<Builtin> {
        Builtin::ALL.get(index as usize).copied()
    }

    /// The builtin that an external name stands for.
    #[must_use]
    pub fn named(name: &ir::UserExternalName) -> Option<Builtin> {
        (name.namespace == BUILTIN_NAMESPACE).then(|| Builtin::from_index(name.index)).flatten()
    }

    /// The builtin to which Wasmtime gives a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Builtin> {
        Builtin::ALL.iter().copied().find(|builtin| builtin.name() == name)
    }
}

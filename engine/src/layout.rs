//! The catalogue of VM structures: what lies where in an instance, and what it means.
//!
//! Offsets come from Wasmtime's own `VMOffsets` for pointers of the layout's width
//! (`frontend` fills them in), so the catalogue cannot drift from the code that uses
//! the structures. A field's [`Meaning`] says how a value stored there is used, which is
//! what typed confusion and corruption choose their targets by.
//!
//! This module knows one module's structures relative to its vmctx; where an
//! instance lies in the arena is decided by `runtime`.
#![forbid(unsafe_code)]

use std::fmt;

use cranelift_codegen::ir::{Type, types};

/// How VM data names memory and code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Addressing {
    /// Offsets into the arena and code indices, of 4 bytes: the subject.
    #[default]
    Arena32,
    /// Raw pointers of 8 bytes, as in today's Wasmtime: the positive control, for cells
    /// only.
    Raw64,
}

impl Addressing {
    /// Both.
    pub const ALL: [Addressing; 2] = [Addressing::Arena32, Addressing::Raw64];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Addressing::Arena32 => "arena32",
            Addressing::Raw64 => "raw64",
        }
    }

    /// The layout of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Addressing> {
        Addressing::ALL.into_iter().find(|addressing| addressing.name() == name)
    }

    /// Bytes of a pointer.
    #[must_use]
    pub fn pointer_bytes(self) -> u8 {
        match self {
            Addressing::Arena32 => 4,
            Addressing::Raw64 => 8,
        }
    }

    /// The type of an address in CLIF.
    #[must_use]
    pub fn pointer_type(self) -> Type {
        match self {
            Addressing::Arena32 => types::I32,
            Addressing::Raw64 => types::I64,
        }
    }
}

/// What the value of a field stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Arena offset of what is named; 0 is null.
    OffsetOf(&'static str),
    /// Index into the code table.
    CodeIndex,
    /// A number of bytes or elements that bounds checks trust.
    Length,
    /// An interned type, compared for equality.
    TypeId,
    /// Position in an index space of an instance.
    Index,
    /// A value that belongs to the guest.
    Plain,
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Meaning::OffsetOf(what) => write!(f, "offset of {what}"),
            Meaning::CodeIndex => f.write_str("code index"),
            Meaning::Length => f.write_str("length"),
            Meaning::TypeId => f.write_str("type id"),
            Meaning::Index => f.write_str("index"),
            Meaning::Plain => f.write_str("plain"),
        }
    }
}

/// A field of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Wasmtime's name.
    pub name: &'static str,
    /// Offset in the structure, in bytes.
    pub offset: u32,
    /// Width in bytes.
    pub width: u32,
    /// What its value stands for.
    pub meaning: Meaning,
}

/// A VM structure, or an array of equal ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Wasmtime's name.
    pub name: &'static str,
    /// Offset of the first in vmctx; `None` for structures that lie elsewhere.
    pub in_vmctx: Option<u32>,
    /// How many there are.
    pub count: u32,
    /// Size of one, in bytes.
    pub size: u32,
    /// The fields that compiled code or the runtime uses.
    pub fields: Vec<Field>,
}

/// Bytes of a field: a number, or those of a `pointer`.
macro_rules! width {
    (pointer, $addressing:expr) => {
        u32::from($addressing.pointer_bytes())
    };
    ($bytes:literal, $addressing:expr) => {
        $bytes
    };
}

/// Declares one offsets type for each structure, with its part of the catalogue.
macro_rules! structures {
    ($( $(#[$doc:meta])* $type:ident = $name:literal {
        $( $field:ident: $width:tt, $meaning:expr; )*
    } )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the fields are offsets of Wasmtime's fields of the same names")]
        pub struct $type {
            $( pub $field: u32, )*
            /// Size of the structure, in bytes.
            pub size: u32,
        }

        impl $type {
            /// Wasmtime's name of the structure.
            pub const NAME: &'static str = $name;

            #[allow(unused_variables, reason = "structures without pointers are the same everywhere")]
            fn structure(
                &self,
                addressing: Addressing,
                in_vmctx: Option<u32>,
                count: u32,
            ) -> Structure {
                let fields = vec![$( Field {
                    name: stringify!($field),
                    offset: self.$field,
                    width: width!($width, addressing),
                    meaning: $meaning,
                }, )*];
                Structure { name: $name, in_vmctx, count, size: self.size, fields }
            }
        }
    )* };
}

structures! {
    /// A function reference.
    FuncRef = "VMFuncRef" {
        array_call: pointer, Meaning::CodeIndex;
        wasm_call: pointer, Meaning::CodeIndex;
        type_index: 4, Meaning::TypeId;
        vmctx: pointer, Meaning::OffsetOf("VMContext");
    }
    /// An imported function.
    FunctionImport = "VMFunctionImport" {
        array_call: pointer, Meaning::CodeIndex;
        wasm_call: pointer, Meaning::CodeIndex;
        type_index: 4, Meaning::TypeId;
        vmctx: pointer, Meaning::OffsetOf("VMContext");
    }
    /// An imported table.
    TableImport = "VMTableImport" {
        from: pointer, Meaning::OffsetOf("VMTableDefinition");
        vmctx: pointer, Meaning::OffsetOf("VMContext");
        index: 4, Meaning::Index;
    }
    /// An imported memory.
    MemoryImport = "VMMemoryImport" {
        from: pointer, Meaning::OffsetOf("VMMemoryDefinition");
        vmctx: pointer, Meaning::OffsetOf("VMContext");
        index: 4, Meaning::Index;
    }
    /// An imported global.
    GlobalImport = "VMGlobalImport" {
        from: pointer, Meaning::OffsetOf("VMGlobalDefinition");
        vmctx: pointer, Meaning::OffsetOf("VMContext");
        kind: 8, Meaning::Index;
    }
    /// An imported tag.
    TagImport = "VMTagImport" {
        from: pointer, Meaning::OffsetOf("VMTagDefinition");
        vmctx: pointer, Meaning::OffsetOf("VMContext");
        index: 4, Meaning::Index;
    }
    /// A tag.
    TagDefinition = "VMTagDefinition" {
        type_index: 4, Meaning::TypeId;
    }
    /// What the collector shares with compiled code: where the next object begins, and
    /// where the space for objects ends.
    CopyingHeapData = "VMCopyingHeapData" {
        bump_ptr: 4, Meaning::OffsetOf("GC object");
        active_space_end: 4, Meaning::OffsetOf("GC heap");
    }
    /// A table: `base` is the offset of its elements, which have the width of a pointer.
    TableDefinition = "VMTableDefinition" {
        base: pointer, Meaning::OffsetOf("table elements");
        current_elements: pointer, Meaning::Length;
    }
    /// A linear memory.
    MemoryDefinition = "VMMemoryDefinition" {
        base: pointer, Meaning::OffsetOf("linear memory");
        current_length: pointer, Meaning::Length;
    }
    /// A global: one 16-byte slot.
    GlobalDefinition = "VMGlobalDefinition" {
        storage: 16, Meaning::Plain;
    }
    /// The context shared by all instances.
    StoreContext = "VMStoreContext" {
        fuel_consumed: 8, Meaning::Plain;
        epoch_deadline: 8, Meaning::Plain;
        stack_limit: pointer, Meaning::Plain;
        gc_heap_base: pointer, Meaning::OffsetOf("GC heap");
        gc_heap_length: pointer, Meaning::Length;
    }
    /// The fixed part of vmctx. `size` is that of the whole, arrays included.
    VmContext = "VMContext" {
        magic: 4, Meaning::Plain;
        store_context: pointer, Meaning::OffsetOf("VMStoreContext");
        builtin_functions: pointer, Meaning::OffsetOf("VMBuiltinFunctionsArray");
        epoch: pointer, Meaning::OffsetOf("epoch counter");
        gc_heap_data: pointer, Meaning::OffsetOf("VMCopyingHeapData");
        type_ids: pointer, Meaning::OffsetOf("type ids");
    }
}

/// An array within vmctx.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Array {
    /// Offset of element 0 from vmctx.
    pub offset: u32,
    /// Number of elements.
    pub count: u32,
    /// Distance of elements, in bytes.
    pub stride: u32,
}

impl Array {
    /// Offset of an element from vmctx.
    ///
    /// # Panics
    /// When there is no such element: indices here come from the trusted module
    /// description.
    #[must_use]
    pub fn at(&self, index: u32) -> u32 {
        assert!(index < self.count, "element {index} of an array of {}", self.count);
        self.offset + index * self.stride
    }
}

/// The layout of one module's instances. All zero for a program without VM structures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// How these structures name memory and code.
    pub addressing: Addressing,
    /// The fixed part of vmctx.
    pub vmctx: VmContext,
    /// Offsets in a function reference.
    pub func_ref: FuncRef,
    /// Offsets in a function import.
    pub function_import: FunctionImport,
    /// Offsets in a table import.
    pub table_import: TableImport,
    /// Offsets in a memory import.
    pub memory_import: MemoryImport,
    /// Offsets in a global import.
    pub global_import: GlobalImport,
    /// Offsets in a tag import.
    pub tag_import: TagImport,
    /// Offsets in a tag definition.
    pub tag: TagDefinition,
    /// Offsets in what the collector keeps; of size 0 where no code needs a collector.
    pub copying_heap_data: CopyingHeapData,
    /// Offsets in a table definition.
    pub table: TableDefinition,
    /// Offsets in a memory definition.
    pub memory: MemoryDefinition,
    /// Offsets in a global definition.
    pub global: GlobalDefinition,
    /// Offsets in the store context.
    pub store_context: StoreContext,
    /// Imported functions: [`FunctionImport`] records.
    pub imported_functions: Array,
    /// Imported tables: [`TableImport`] records.
    pub imported_tables: Array,
    /// Imported memories: [`MemoryImport`] records.
    pub imported_memories: Array,
    /// Imported globals: [`GlobalImport`] records.
    pub imported_globals: Array,
    /// Imported tags: [`TagImport`] records.
    pub imported_tags: Array,
    /// Defined tags: [`TagDefinition`] records.
    pub tags: Array,
    /// Defined tables: [`TableDefinition`] records.
    pub tables: Array,
    /// Defined memories: offsets of their definitions.
    pub memory_pointers: Array,
    /// Defined memories that are not shared: [`MemoryDefinition`] records.
    pub memories: Array,
    /// Defined globals: [`GlobalDefinition`] records.
    pub globals: Array,
    /// Functions that escape the module: [`FuncRef`] records.
    pub func_refs: Array,
    /// Offsets of the module's runtime data segments.
    pub data_bases: Array,
    /// Lengths of the module's runtime data segments.
    pub data_lengths: Array,
}

impl Layout {
    /// Every structure of an instance with its fields, vmctx and its arrays first.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Structure> {
        self.structures().into_iter().filter(|structure| structure.count > 0).collect()
    }

    /// Every structure that an instance can have or reach, also those of which it has
    /// none of its own: the same names for every module.
    #[must_use]
    pub fn structures(&self) -> Vec<Structure> {
        let word = |name, array: Array, meaning| Structure {
            name,
            in_vmctx: Some(array.offset),
            count: array.count,
            size: array.stride,
            fields: vec![Field { name: "value", offset: 0, width: array.stride, meaning }],
        };
        let at = self.addressing;
        vec![
            self.vmctx.structure(at, Some(0), 1),
            self.function_import.structure_at(at, self.imported_functions),
            self.table_import.structure_at(at, self.imported_tables),
            self.memory_import.structure_at(at, self.imported_memories),
            self.global_import.structure_at(at, self.imported_globals),
            self.tag_import.structure_at(at, self.imported_tags),
            self.table.structure_at(at, self.tables),
            word(
                "VMMemoryDefinition pointer",
                self.memory_pointers,
                Meaning::OffsetOf(MemoryDefinition::NAME),
            ),
            self.memory.structure_at(at, self.memories),
            self.global.structure_at(at, self.globals),
            self.tag.structure_at(at, self.tags),
            self.func_ref.structure_at(at, self.func_refs),
            word("runtime data base", self.data_bases, Meaning::OffsetOf("data segment")),
            word("runtime data length", self.data_lengths, Meaning::Length),
            self.store_context.structure(at, None, 1),
            self.copying_heap_data.structure(at, None, u32::from(self.copying_heap_data.size > 0)),
        ]
    }
}

impl Structure {
    /// The field that an access at `offset` from `name` names: from the structure of that
    /// name, or from the vmctx that this array lies in.
    #[must_use]
    pub fn field_at(&self, name: &str, offset: u32) -> Option<&Field> {
        let within = match self.in_vmctx {
            _ if self.name == name => offset,
            Some(start) if name == VmContext::NAME && self.count > 0 => {
                let distance = offset.checked_sub(start)?;
                (distance / self.size < self.count).then_some(distance % self.size)?
            }
            _ => return None,
        };
        self.fields.iter().find(|field| field.offset == within)
    }
}

/// Gives each array element type the catalogue entry of its array.
macro_rules! in_arrays {
    ($($type:ident)*) => { $(
        impl $type {
            fn structure_at(&self, addressing: Addressing, array: Array) -> Structure {
                self.structure(addressing, Some(array.offset), array.count)
            }
        }
    )* };
}

in_arrays! {
    FuncRef FunctionImport TableImport MemoryImport GlobalImport TableDefinition MemoryDefinition
    GlobalDefinition TagImport TagDefinition
}

//! The VM structures by field, and what the value of each field stands for.
#![forbid(unsafe_code)]

use std::fmt;

use super::{Addressing, Array};

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
            pub(super) fn structure(
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

/// Gives each array element type the catalogue entry of its array.
macro_rules! in_arrays {
    ($($type:ident)*) => { $(
        impl $type {
            pub(super) fn structure_at(&self, addressing: Addressing, array: Array) -> Structure {
                self.structure(addressing, Some(array.offset), array.count)
            }
        }
    )* };
}

in_arrays! {
    FuncRef FunctionImport TableImport MemoryImport GlobalImport TableDefinition MemoryDefinition
    GlobalDefinition TagImport TagDefinition
}

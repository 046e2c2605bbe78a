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

mod addressing;
mod structures;

pub use addressing::Addressing;
pub use structures::{
    CopyingHeapData, Field, FuncRef, FunctionImport, GlobalDefinition, GlobalImport, Meaning,
    MemoryDefinition, MemoryImport, StoreContext, Structure, TableDefinition, TableImport,
    TagDefinition, TagImport, VmContext,
};

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

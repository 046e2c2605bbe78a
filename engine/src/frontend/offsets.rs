//! Wasmtime's `VMOffsets` as our [`Layout`].
#![forbid(unsafe_code)]

use wasmtime_environ::{PtrSize, VMOffsets};

use crate::layout::{
    Addressing, Array, CopyingHeapData, FuncRef, FunctionImport, GlobalDefinition, GlobalImport,
    Layout, MemoryDefinition, MemoryImport, StoreContext, TableDefinition, TableImport,
    TagDefinition, TagImport, VmContext,
};

/// Offsets type of a structure: each field from the accessor of the same name.
macro_rules! offsets {
    ($type:ident from $source:expr, { $($field:ident),* $(,)? }) => {{
        let source = $source;
        $type { $( $field: u32::from(source.$field()), )* size: u32::from(source.size()) }
    }};
}

/// The layout of instances of the module that `offsets` was made for.
pub(super) fn layout(addressing: Addressing, offsets: &VMOffsets<u8>) -> Layout {
    let ptr = &offsets.ptr;
    let func_ref =
        offsets!(FuncRef from ptr.vm_func_ref(), { array_call, wasm_call, type_index, vmctx });
    let function_import = offsets!(
        FunctionImport from ptr.vm_function_import(), { array_call, wasm_call, type_index, vmctx }
    );
    let table_import = offsets!(TableImport from ptr.vm_table_import(), { from, vmctx, index });
    let memory_import = offsets!(MemoryImport from ptr.vm_memory_import(), { from, vmctx, index });
    let global_import = offsets!(GlobalImport from ptr.vm_global_import(), { from, vmctx, kind });
    let tag_import = offsets!(TagImport from ptr.vm_tag_import(), { from, vmctx, index });
    let tag = offsets!(TagDefinition from ptr.vm_tag_definition(), { type_index });
    let table =
        offsets!(TableDefinition from ptr.vm_table_definition(), { base, current_elements });
    let memory =
        offsets!(MemoryDefinition from ptr.vm_memory_definition(), { base, current_length });
    let global = offsets!(GlobalDefinition from ptr.vm_global_definition(), { storage });
    let array = |offset, count, stride| Array { offset, count, stride };
    let pointer = u32::from(ptr.size());
    Layout {
        addressing,
        vmctx: vmctx(offsets),
        store_context: store_context(ptr),
        imported_functions: array(
            offsets.vmctx_imported_functions_begin(),
            offsets.num_imported_functions,
            function_import.size,
        ),
        imported_tables: array(
            offsets.vmctx_imported_tables_begin(),
            offsets.num_imported_tables,
            table_import.size,
        ),
        imported_memories: array(
            offsets.vmctx_imported_memories_begin(),
            offsets.num_imported_memories,
            memory_import.size,
        ),
        imported_globals: array(
            offsets.vmctx_imported_globals_begin(),
            offsets.num_imported_globals,
            global_import.size,
        ),
        imported_tags: array(
            offsets.vmctx_imported_tags_begin(),
            offsets.num_imported_tags,
            tag_import.size,
        ),
        tags: array(offsets.vmctx_tags_begin(), offsets.num_defined_tags, tag.size),
        tables: array(offsets.vmctx_tables_begin(), offsets.num_defined_tables, table.size),
        memory_pointers: array(
            offsets.vmctx_memories_begin(),
            offsets.num_defined_memories,
            pointer,
        ),
        memories: array(
            offsets.vmctx_owned_memories_begin(),
            offsets.num_owned_memories,
            memory.size,
        ),
        globals: array(offsets.vmctx_globals_begin(), offsets.num_defined_globals, global.size),
        func_refs: array(offsets.vmctx_func_refs_begin(), offsets.num_escaped_funcs, func_ref.size),
        data_bases: array(
            offsets.vmctx_runtime_data_bases_begin(),
            offsets.num_runtime_data,
            pointer,
        ),
        data_lengths: array(
            offsets.vmctx_runtime_data_lengths_begin(),
            offsets.num_runtime_data,
            4,
        ),
        func_ref,
        function_import,
        table_import,
        memory_import,
        global_import,
        tag_import,
        tag,
        table,
        memory,
        global,
        copying_heap_data: CopyingHeapData::default(),
    }
}

fn vmctx(offsets: &VMOffsets<u8>) -> VmContext {
    let ptr = &offsets.ptr;
    VmContext {
        magic: u32::from(ptr.vmctx_magic()),
        store_context: u32::from(ptr.vmctx_store_context()),
        builtin_functions: u32::from(ptr.vmctx_builtin_functions()),
        epoch: u32::from(ptr.vmctx_epoch_ptr()),
        gc_heap_data: u32::from(ptr.vmctx_gc_heap_data()),
        type_ids: u32::from(ptr.vmctx_type_ids_array()),
        size: offsets.size_of_vmctx(),
    }
}

fn store_context(ptr: &u8) -> StoreContext {
    let source = ptr.vm_store_context();
    StoreContext {
        fuel_consumed: u32::from(source.fuel_consumed()),
        epoch_deadline: u32::from(source.epoch_deadline()),
        stack_limit: u32::from(source.stack_limit()),
        gc_heap_base: u32::from(source.gc_heap_base()),
        gc_heap_length: u32::from(source.gc_heap_current_length()),
        size: u32::from(source.size()),
    }
}

/// The collector's data: the same whatever the width of a pointer.
pub(super) fn copying_heap_data() -> CopyingHeapData {
    let ptr = Addressing::Arena32.pointer_bytes();
    CopyingHeapData {
        bump_ptr: u32::from(ptr.vmcopying_heap_data_bump_ptr()),
        active_space_end: u32::from(ptr.vmcopying_heap_data_active_space_end()),
        size: u32::from(ptr.size_of_vmcopying_heap_data()),
    }
}

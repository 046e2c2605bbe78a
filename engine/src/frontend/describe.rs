//! Wasmtime's description of a module as ours.
#![forbid(unsafe_code)]

use cranelift_codegen::entity::packed_option::ReservedValue;
use wasmtime_environ::{
    EntityIndex, EntityRef as _, GlobalConstValue, IndexType, Initializer, MemoryInitialization,
    ModuleTranslation, ModuleTypes, WasmRefType,
};

use super::{FrontendError, internal, types};
use crate::program::{
    Export, FunctionDecl, Global, Import, Item, Memory, MemoryImage, Module, PassiveElements, Table,
};
use crate::wasm_type::SubType;

/// Describes a module whose memory and table initialisation is final.
pub(super) fn module(
    translation: &ModuleTranslation<'_>,
    module_types: &ModuleTypes,
) -> Result<Module, FrontendError> {
    let images = memory_images(translation);
    let definitions = types::definitions(module_types)?;
    let runtime_data = translation
        .runtime_data
        .iter()
        .map(|(index, bytes)| match images.iter().any(|(image, _)| *image == index) {
            true => Vec::new(),
            false => bytes.to_vec(),
        })
        .collect();
    Ok(Module {
        types: definitions.types.iter().map(SubType::representation).collect(),
        definitions,
        needs_gc_heap: false,
        imports: imports(translation),
        exports: exports(translation),
        functions: functions(translation)?,
        tables: tables(translation)?,
        memories: memories(translation),
        globals: globals(translation)?,
        tags: tags(translation)?,
        runtime_data,
        passive_elements: passive_elements(translation)?,
        memory_images: images.into_iter().map(|(_, image)| image).collect(),
    })
}

type Images = Vec<(wasmtime_environ::RuntimeDataIndex, MemoryImage)>;

fn memory_images(translation: &ModuleTranslation<'_>) -> Images {
    let MemoryInitialization::Static { map } = &translation.module.memory_initialization else {
        return Vec::new();
    };
    map.iter()
        .filter_map(|(memory, image)| {
            let (offset, data) = (*image)?;
            let bytes = translation.runtime_data[data].to_vec();
            Some((data, MemoryImage { memory: memory.index(), offset, bytes }))
        })
        .collect()
}

fn item(index: EntityIndex) -> Item {
    match index {
        EntityIndex::Function(index) => Item::Function(index.index()),
        EntityIndex::Table(index) => Item::Table(index.index()),
        EntityIndex::Memory(index) => Item::Memory(index.index()),
        EntityIndex::Global(index) => Item::Global(index.index()),
        EntityIndex::Tag(index) => Item::Tag(index.index()),
    }
}

fn imports(translation: &ModuleTranslation<'_>) -> Vec<Import> {
    let strings = &translation.module.strings;
    let import = |initializer: &Initializer| {
        let Initializer::Import { name, field, index } = initializer;
        Import {
            module: strings[*name].to_owned(),
            name: strings[*field].to_owned(),
            item: item(*index),
        }
    };
    translation.module.initializers.iter().map(import).collect()
}

fn exports(translation: &ModuleTranslation<'_>) -> Vec<Export> {
    let strings = &translation.module.strings;
    let exports = translation.module.exports.iter();
    exports
        .map(|(name, &index)| Export { name: strings[name].to_owned(), item: item(index) })
        .collect()
}

fn functions(translation: &ModuleTranslation<'_>) -> Result<Vec<FunctionDecl>, FrontendError> {
    let decl = |function: &wasmtime_environ::FunctionType| {
        let escapes = !function.func_ref.is_reserved_value();
        let func_ref = escapes.then(|| function.func_ref.as_u32());
        Ok(FunctionDecl { ty: types::position(function.signature)?, func_ref })
    };
    translation.module.functions.values().map(decl).collect()
}

fn tables(translation: &ModuleTranslation<'_>) -> Result<Vec<Table>, FrontendError> {
    let module = &translation.module;
    let table = |(index, table): (_, &wasmtime_environ::Table)| {
        let image = match module.defined_table_index(index) {
            Some(defined) => module.table_initialization[defined]
                .iter()
                .map(|function| (!function.is_reserved_value()).then(|| function.index()))
                .collect(),
            None => Vec::new(),
        };
        let declared = types::reference(table.ref_type)?;
        Ok(Table {
            min: table.limits.min,
            max: table.limits.max,
            element: declared.heap.representation(),
            declared,
            is_64: table.idx_type == IndexType::I64,
            image,
        })
    };
    module.tables.iter().map(table).collect()
}

fn memories(translation: &ModuleTranslation<'_>) -> Vec<Memory> {
    let memory = |memory: &wasmtime_environ::Memory| Memory {
        min_pages: memory.limits.min,
        max_pages: memory.limits.max,
        page_size_log2: memory.page_size_log2,
        is_64: memory.idx_type == IndexType::I64,
        shared: memory.shared,
    };
    translation.module.memories.values().map(memory).collect()
}

fn globals(translation: &ModuleTranslation<'_>) -> Result<Vec<Global>, FrontendError> {
    let module = &translation.module;
    let global = |(index, global): (_, &wasmtime_environ::Global)| {
        let defined = module.defined_global_index(index);
        let init = module
            .global_initializers
            .iter()
            .find(|(initialised, _)| Some(*initialised) == defined)
            .map(|(_, value)| slot(value));
        let declared = types::value(global.wasm_ty)?;
        let ty = declared.representation();
        Ok(Global { ty, declared, mutable: global.mutability, init })
    };
    module.globals.iter().map(global).collect()
}

fn tags(translation: &ModuleTranslation<'_>) -> Result<Vec<usize>, FrontendError> {
    translation.module.tags.values().map(|tag| types::position(tag.signature)).collect()
}

fn slot(value: &GlobalConstValue) -> u128 {
    match *value {
        GlobalConstValue::I32(value) => u128::from(value.cast_unsigned()),
        GlobalConstValue::I64(value) => u128::from(value.cast_unsigned()),
        GlobalConstValue::F32(bits) => u128::from(bits),
        GlobalConstValue::F64(bits) => u128::from(bits),
        GlobalConstValue::V128(bits) => bits,
    }
}

fn passive_elements(
    translation: &ModuleTranslation<'_>,
) -> Result<Vec<PassiveElements>, FrontendError> {
    let segments = translation.module.passive_elements.values();
    let segment = |&(ty, len): &(WasmRefType, u64)| {
        let element = types::reference(ty)?.heap.representation();
        Ok(PassiveElements { len: u32::try_from(len).map_err(internal)?, element })
    };
    segments.map(segment).collect()
}

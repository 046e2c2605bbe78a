//! Wasmtime's description of a module as ours.
#![forbid(unsafe_code)]

use cranelift_codegen::entity::packed_option::ReservedValue;
use wasmtime_environ::{
    EngineOrModuleTypeIndex, EntityIndex, EntityRef as _, GlobalConstValue, IndexType, Initializer,
    MemoryInitialization, ModuleTranslation, ModuleTypesBuilder, WasmFuncType, WasmHeapTopType,
    WasmRefType, WasmSubType, WasmValType,
};

use super::{FrontendError, internal};
use crate::program::{
    Export, FuncType, FunctionDecl, Global, Import, Item, Memory, MemoryImage, Module, Table,
    ValType,
};

/// Describes a module whose memory and table initialisation is final.
pub(super) fn module(
    translation: &ModuleTranslation<'_>,
    types: &ModuleTypesBuilder,
) -> Result<Module, FrontendError> {
    let images = memory_images(translation);
    let runtime_data = translation
        .runtime_data
        .iter()
        .map(|(index, bytes)| match images.iter().any(|(image, _)| *image == index) {
            true => Vec::new(),
            false => bytes.to_vec(),
        })
        .collect();
    Ok(Module {
        types: types.wasm_types().map(|(_, ty)| func_type(ty)).collect::<Result<_, _>>()?,
        imports: imports(translation)?,
        exports: exports(translation)?,
        functions: functions(translation)?,
        tables: tables(translation)?,
        memories: memories(translation),
        globals: globals(translation)?,
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

fn func_type(ty: &WasmSubType) -> Result<FuncType, FrontendError> {
    if !ty.is_func() {
        return Err(FrontendError::Unsupported("GC types".to_owned()));
    }
    let ty: &WasmFuncType = ty.unwrap_func();
    let all = |types: &[WasmValType]| -> Result<Vec<ValType>, FrontendError> {
        types.iter().map(|&ty| val_type(ty)).collect()
    };
    Ok(FuncType { params: all(ty.params())?, results: all(ty.results())? })
}

fn val_type(ty: WasmValType) -> Result<ValType, FrontendError> {
    Ok(match ty {
        WasmValType::I32 => ValType::I32,
        WasmValType::I64 => ValType::I64,
        WasmValType::F32 => ValType::F32,
        WasmValType::F64 => ValType::F64,
        WasmValType::V128 => ValType::V128,
        WasmValType::Ref(ty) => ref_type(ty)?,
    })
}

fn ref_type(ty: WasmRefType) -> Result<ValType, FrontendError> {
    match ty.heap_type.top() {
        WasmHeapTopType::Func => Ok(ValType::FuncRef),
        WasmHeapTopType::Extern => Ok(ValType::ExternRef),
        top @ (WasmHeapTopType::Any | WasmHeapTopType::Exn | WasmHeapTopType::Cont) => {
            Err(FrontendError::Unsupported(format!("{top:?} references")))
        }
    }
}

fn item(index: EntityIndex) -> Result<Item, FrontendError> {
    Ok(match index {
        EntityIndex::Function(index) => Item::Function(index.index()),
        EntityIndex::Table(index) => Item::Table(index.index()),
        EntityIndex::Memory(index) => Item::Memory(index.index()),
        EntityIndex::Global(index) => Item::Global(index.index()),
        EntityIndex::Tag(_) => return Err(FrontendError::Unsupported("tags".to_owned())),
    })
}

fn imports(translation: &ModuleTranslation<'_>) -> Result<Vec<Import>, FrontendError> {
    let strings = &translation.module.strings;
    let import = |initializer: &Initializer| {
        let Initializer::Import { name, field, index } = initializer;
        Ok(Import {
            module: strings[*name].to_owned(),
            name: strings[*field].to_owned(),
            item: item(*index)?,
        })
    };
    translation.module.initializers.iter().map(import).collect()
}

fn exports(translation: &ModuleTranslation<'_>) -> Result<Vec<Export>, FrontendError> {
    let strings = &translation.module.strings;
    let exports = translation.module.exports.iter();
    exports
        .map(|(name, &index)| Ok(Export { name: strings[name].to_owned(), item: item(index)? }))
        .collect()
}

fn functions(translation: &ModuleTranslation<'_>) -> Result<Vec<FunctionDecl>, FrontendError> {
    let decl = |function: &wasmtime_environ::FunctionType| {
        let EngineOrModuleTypeIndex::Module(ty) = function.signature else {
            return Err(internal("a function type that is not the module's own"));
        };
        let escapes = !function.func_ref.is_reserved_value();
        let func_ref = escapes.then(|| function.func_ref.as_u32());
        Ok(FunctionDecl { ty: ty.index(), func_ref })
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
        Ok(Table {
            min: table.limits.min,
            max: table.limits.max,
            element: ref_type(table.ref_type)?,
            non_null: !table.ref_type.nullable,
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
        Ok(Global { ty: val_type(global.wasm_ty)?, mutable: global.mutability, init })
    };
    module.globals.iter().map(global).collect()
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

fn passive_elements(translation: &ModuleTranslation<'_>) -> Result<Vec<u32>, FrontendError> {
    let segments = translation.module.passive_elements.values();
    segments.map(|(_, len)| u32::try_from(*len).map_err(internal)).collect()
}

//! Wasmtime's types as ours.
#![forbid(unsafe_code)]

use wasmtime_environ::{
    EngineOrModuleTypeIndex, EntityRef as _, ModuleTypes, WasmCompositeInnerType, WasmFieldType,
    WasmHeapType, WasmRefType, WasmStorageType, WasmSubType, WasmValType,
};

use super::FrontendError;
use crate::program::ValType;
use crate::wasm_type::{
    Composite, Definitions, FieldType, HeapType, Hierarchy, RefType, SubType, Type,
};

type Converted<T> = Result<T, FrontendError>;

/// The defined types of a module whose types are all known.
pub(super) fn definitions(types: &ModuleTypes) -> Converted<Definitions> {
    let groups = types.rec_groups();
    Ok(Definitions {
        types: types.wasm_types().map(|(_, ty)| sub_type(ty)).collect::<Converted<_>>()?,
        groups: groups.map(|(_, group)| group.start.index()..group.end.index()).collect(),
    })
}

fn sub_type(ty: &WasmSubType) -> Converted<SubType<usize>> {
    if ty.composite_type.shared {
        return Err(unsupported("shared types"));
    }
    let fields = |fields: &[WasmFieldType]| fields.iter().map(field).collect::<Converted<Vec<_>>>();
    let all = |types: &[WasmValType]| types.iter().map(|&ty| value(ty)).collect::<Converted<_>>();
    let composite = match &ty.composite_type.inner {
        WasmCompositeInnerType::Func(func) => {
            Composite::Func(all(func.params())?, all(func.results())?)
        }
        WasmCompositeInnerType::Struct(ty) => Composite::Struct(fields(&ty.fields)?),
        WasmCompositeInnerType::Array(ty) => Composite::Array(field(&ty.0)?),
        WasmCompositeInnerType::Exn(ty) => Composite::Exn(fields(&ty.fields)?),
        WasmCompositeInnerType::Cont(_) => return Err(unsupported("continuation types")),
    };
    let supertype = ty.supertype.map(position).transpose()?;
    Ok(SubType { is_final: ty.is_final, supertype, composite })
}

fn field(field: &WasmFieldType) -> Converted<FieldType<usize>> {
    let ty = match field.element_type {
        WasmStorageType::I8 => Type::Plain(ValType::I8),
        WasmStorageType::I16 => Type::Plain(ValType::I16),
        WasmStorageType::Val(ty) => value(ty)?,
    };
    Ok(FieldType { ty, mutable: field.mutable })
}

/// The type of a value.
pub(super) fn value(ty: WasmValType) -> Converted<Type<usize>> {
    Ok(match ty {
        WasmValType::I32 => Type::Plain(ValType::I32),
        WasmValType::I64 => Type::Plain(ValType::I64),
        WasmValType::F32 => Type::Plain(ValType::F32),
        WasmValType::F64 => Type::Plain(ValType::F64),
        WasmValType::V128 => Type::Plain(ValType::V128),
        WasmValType::Ref(ty) => Type::Ref(reference(ty)?),
    })
}

/// A reference type.
pub(super) fn reference(ty: WasmRefType) -> Converted<RefType<usize>> {
    use {HeapType as H, WasmHeapType as W};
    let defined = |hierarchy, ty| Ok::<_, FrontendError>(H::Defined(hierarchy, position(ty)?));
    let heap = match ty.heap_type {
        W::Func => H::Func,
        W::ConcreteFunc(ty) => defined(Hierarchy::Func, ty)?,
        W::NoFunc => H::NoFunc,
        W::Extern => H::Extern,
        W::NoExtern => H::NoExtern,
        W::Exn => H::Exn,
        W::ConcreteExn(ty) => defined(Hierarchy::Exn, ty)?,
        W::NoExn => H::NoExn,
        W::Any => H::Any,
        W::Eq => H::Eq,
        W::I31 => H::I31,
        W::Array => H::Array,
        W::ConcreteArray(ty) => defined(Hierarchy::Array, ty)?,
        W::Struct => H::Struct,
        W::ConcreteStruct(ty) => defined(Hierarchy::Struct, ty)?,
        W::None => H::None,
        W::Cont | W::ConcreteCont(_) | W::NoCont => return Err(unsupported("continuation types")),
    };
    Ok(RefType { nullable: ty.nullable, heap })
}

/// Position of a type among those of its module.
pub(super) fn position(ty: EngineOrModuleTypeIndex) -> Converted<usize> {
    match ty {
        EngineOrModuleTypeIndex::Module(ty) => Ok(ty.index()),
        other => Err(super::internal(format!("{other:?} is not one of the module's types"))),
    }
}

fn unsupported(what: &str) -> FrontendError {
    FrontendError::Unsupported(what.to_owned())
}

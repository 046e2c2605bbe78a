//! Types of the whole store: Wasm types by one id each, and how a Wasm function type
//! looks in CLIF.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use cranelift_codegen::ir::{self, AbiParam, ArgumentPurpose, types};
use cranelift_codegen::isa::CallConv;

use crate::program::{FuncType, ValType};

/// Id of a function type, as stored in `VMFuncRef.type_index`: equal for equal types
/// in all instances of a store, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeId(u32);

impl TypeId {
    /// The number that stands for it in the arena.
    #[must_use]
    pub(super) fn as_u32(self) -> u32 {
        self.0
    }
}

/// The function types of a store.
#[derive(Debug, Default)]
pub(super) struct Types {
    all: Vec<FuncType>,
    ids: HashMap<FuncType, TypeId>,
}

impl Types {
    pub(super) fn intern(&mut self, ty: &FuncType) -> TypeId {
        if let Some(&id) = self.ids.get(ty) {
            return id;
        }
        self.all.push(ty.clone());
        let id = TypeId(u32::try_from(self.all.len()).expect("far fewer types than functions"));
        self.ids.insert(ty.clone(), id);
        id
    }

    /// The id of a type that has been interned.
    pub(super) fn id(&self, ty: &FuncType) -> TypeId {
        self.ids[ty]
    }

    pub(super) fn get(&self, id: TypeId) -> &FuncType {
        &self.all[id.0 as usize - 1]
    }
}

/// Number of context parameters that precede the Wasm ones: the callee's vmctx and
/// the caller's.
pub(super) const CONTEXTS: usize = 2;

/// The signature that Wasmtime's front end gives to functions of a Wasm type.
pub(super) fn wasm_signature(ty: &FuncType) -> ir::Signature {
    let mut signature = ir::Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::special(types::I32, ArgumentPurpose::VMContext));
    signature.params.push(AbiParam::new(types::I32));
    signature.params.extend(ty.params.iter().map(|&ty| AbiParam::new(clif_type(ty))));
    signature.returns.extend(ty.results.iter().map(|&ty| AbiParam::new(clif_type(ty))));
    signature
}

fn clif_type(ty: ValType) -> ir::Type {
    match ty {
        ValType::I8 => types::I8,
        ValType::I16 => types::I16,
        ValType::I32 | ValType::FuncRef | ValType::ExternRef => types::I32,
        ValType::I64 => types::I64,
        ValType::I128 => types::I128,
        ValType::F32 => types::F32,
        ValType::F64 => types::F64,
        ValType::V128 => types::I8X16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_front_end() {
        let text = "(module (func (export \"f\")
            (param i32 i64 f32 f64 v128 funcref externref)
            (result externref funcref v128 f64 f32 i64 i32) unreachable))";
        let wasm = wat::parse_str(text).expect("valid text");
        let program = crate::frontend::translate(&wasm).expect("a program");
        let ty = &program.module.types[program.module.functions[0].ty];
        assert_eq!(wasm_signature(ty), program.functions[0].signature);
    }

    #[test]
    fn equal_types_have_equal_ids_and_none_is_zero() {
        let mut types = Types::default();
        let empty = FuncType::default();
        let unary = FuncType { params: vec![ValType::I32], results: vec![] };
        let id = types.intern(&empty);
        assert_ne!(id.as_u32(), 0);
        assert_ne!(types.intern(&unary), id);
        assert_eq!(types.intern(&empty.clone()), id);
        assert_eq!(types.get(id), &empty);
    }
}

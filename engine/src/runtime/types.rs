//! Types of the whole store: defined types by one id each, and how a Wasm function type
//! looks in CLIF.
//!
//! Types are the same if their recursion groups are, member by member, with references
//! into the group taken by position and all others by id. So a group, written that way,
//! is the key under which its types are known.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use cranelift_codegen::ir::{self, AbiParam, ArgumentPurpose, types};
use cranelift_codegen::isa::CallConv;

use super::collector;
use crate::layout::Addressing;
use crate::program::{FuncType, ValType};
use crate::wasm_type::{Composite, Definitions, SubType, Type};

/// Id of a defined type, as stored in `VMFuncRef.type_index` and in the headers of GC
/// objects: equal for equal types in all instances of a store, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeId(u32);

impl TypeId {
    /// The number that stands for it in the arena.
    #[must_use]
    pub(super) fn as_u32(self) -> u32 {
        self.0
    }
}

/// How a recursion group names a defined type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Name {
    /// A member of the group, by position.
    Member(usize),
    /// A type of an earlier group.
    Known(TypeId),
}

/// A defined type.
#[derive(Debug)]
struct Known {
    ty: SubType<TypeId>,
    /// How its functions look, if it is a function type.
    func: FuncType,
    /// Offsets of the fields of its objects that hold references.
    references: Box<[u32]>,
}

/// The defined types of a store.
#[derive(Debug, Default)]
pub(super) struct Types {
    all: Vec<Known>,
    /// The id of each group's first type; the others follow it.
    groups: HashMap<Vec<SubType<Name>>, TypeId>,
}

impl Types {
    /// The ids of a module's types, by position.
    pub(super) fn intern_all(&mut self, definitions: &Definitions) -> Vec<TypeId> {
        let mut ids: Vec<TypeId> = Vec::with_capacity(definitions.types.len());
        for group in &definitions.groups {
            let name = |position: usize| match position.checked_sub(group.start) {
                Some(member) => Name::Member(member),
                None => Name::Known(ids[position]),
            };
            let types = &definitions.types[group.clone()];
            let first = self.intern_group(types.iter().map(|ty| ty.map(name)).collect());
            ids.extend((first.0..).map(TypeId).take(group.len()));
        }
        ids
    }

    /// The id of the final type of the functions of a representation.
    pub(super) fn intern(&mut self, ty: &FuncType) -> TypeId {
        self.intern_group(vec![SubType::func(ty)])
    }

    fn intern_group(&mut self, group: Vec<SubType<Name>>) -> TypeId {
        if let Some(&first) = self.groups.get(&group) {
            return first;
        }
        let first = self.all.len() + 1;
        let id = |position| {
            TypeId(u32::try_from(position).expect("far fewer types than bytes in the arena"))
        };
        let named = |name| match name {
            Name::Member(member) => id(first + member),
            Name::Known(known) => known,
        };
        let known = |ty: &SubType<Name>| {
            let ty = ty.map(named);
            let references = collector::references(&ty.composite);
            Known { func: ty.representation(), references, ty }
        };
        self.all.extend(group.iter().map(known));
        self.groups.insert(group, id(first));
        id(first)
    }

    /// How functions of a type look; that of no function for a type of something else.
    pub(super) fn func(&self, id: TypeId) -> &FuncType {
        &self.known(id).func
    }

    /// The types of a function's parameters; none for a type of something else.
    pub(super) fn params(&self, id: TypeId) -> &[Type<TypeId>] {
        match &self.known(id).ty.composite {
            Composite::Func(params, _) => params,
            _ => &[],
        }
    }

    /// What a type is made of.
    pub(super) fn composite(&self, id: TypeId) -> &Composite<TypeId> {
        &self.known(id).ty.composite
    }

    /// Offsets of the references in its structs or exceptions, in ascending order.
    pub(super) fn references(&self, id: TypeId) -> &[u32] {
        &self.known(id).references
    }

    /// The id that a number from the arena stands for.
    pub(super) fn find(&self, number: u32) -> Option<TypeId> {
        (1..=self.all.len()).contains(&(number as usize)).then_some(TypeId(number))
    }

    /// Whether a type is another one or declared below it. Ends, because a supertype is
    /// always declared before.
    pub(super) fn is_subtype(&self, below: TypeId, above: TypeId) -> bool {
        let chain = std::iter::successors(Some(below), |&id| self.known(id).ty.supertype);
        chain.take(self.all.len()).any(|id| id == above)
    }

    /// Whether values of one type are values of another.
    pub(super) fn matches(&self, given: Type<TypeId>, wanted: Type<TypeId>) -> bool {
        given.matches(wanted, |below, above| self.is_subtype(below, above))
    }

    fn known(&self, id: TypeId) -> &Known {
        &self.all[id.0 as usize - 1]
    }
}

/// Number of context parameters that precede the Wasm ones: the callee's vmctx and
/// the caller's.
pub(super) const CONTEXTS: usize = 2;

/// The signature that Wasmtime's front end gives to functions of a Wasm type.
pub(super) fn wasm_signature(ty: &FuncType, addressing: Addressing) -> ir::Signature {
    let pointer = addressing.pointer_type();
    let value = |&ty: &ValType| AbiParam::new(clif_type(ty, pointer));
    let mut signature = ir::Signature::new(CallConv::Tail);
    signature.params.push(AbiParam::special(pointer, ArgumentPurpose::VMContext));
    signature.params.push(AbiParam::new(pointer));
    signature.params.extend(ty.params.iter().map(value));
    signature.returns.extend(ty.results.iter().map(value));
    signature
}

fn clif_type(ty: ValType, pointer: ir::Type) -> ir::Type {
    match ty {
        ValType::I8 => types::I8,
        ValType::I16 => types::I16,
        ValType::I32 => types::I32,
        ValType::FuncRef => pointer,
        ValType::ExternRef | ValType::AnyRef | ValType::ExnRef => types::I32,
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

    fn definitions(text: &str) -> Definitions {
        let wasm = wat::parse_str(text).expect("valid text");
        crate::frontend::translate(&wasm).expect("a program").module.definitions
    }

    #[test]
    fn signatures_are_those_of_the_front_end() {
        let text = "(module (func (export \"f\")
            (param i32 i64 f32 f64 v128 funcref externref anyref exnref)
            (result exnref externref funcref v128 f64 f32 i64 i32) unreachable))";
        let wasm = wat::parse_str(text).expect("valid text");
        for addressing in Addressing::ALL {
            let program = crate::frontend::translate_for(&wasm, addressing).expect("a program");
            let ty = &program.module.types[program.module.functions[0].ty];
            assert_eq!(wasm_signature(ty, addressing), program.functions[0].signature);
        }
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
        assert_eq!(types.func(id), &empty);
        assert_eq!(types.find(id.as_u32()), Some(id));
        assert_eq!((types.find(0), types.find(3)), (None, None));
    }

    #[test]
    fn types_are_the_same_if_their_groups_are() {
        let mut types = Types::default();
        let list = "(rec (type $l (sub (struct (field (ref null $l))))) (type (func)))";
        let below = "(type (sub $l (struct (field (ref null $l)) (field i32))))";
        let first = types.intern_all(&definitions(&format!("(module {list} {below})")));
        let again = types.intern_all(&definitions(&format!("(module (type (func)) {list})")));
        assert_eq!(again[1..], first[..2]);
        assert_ne!(again[0], first[1], "alone is another type than in a group");
        assert!(types.is_subtype(first[2], first[0]) && !types.is_subtype(first[0], first[2]));
    }
}

//! Wasm's types, as exactly as identity and subtyping need them.
//!
//! [`crate::program::ValType`] says how a value is represented; here is what it may be.
//! A reference to a defined type names it by some `T`: its position in its module, or its
//! id in a store. [`SubType::map`] goes from one to the other. Two defined types are the
//! same exactly if their recursion groups are, which is for a store to find out.
#![forbid(unsafe_code)]

use std::ops::Range;

use crate::program::{FuncType, ValType};

/// What a reference may point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the standard")]
pub enum HeapType<T> {
    Func,
    NoFunc,
    Extern,
    NoExtern,
    Any,
    Eq,
    I31,
    Struct,
    Array,
    None,
    Exn,
    NoExn,
    /// A type that a module defines, and the hierarchy that it belongs to.
    Defined(Hierarchy, T),
}

/// What kind of defined type: its abstract supertype.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the standard")]
pub enum Hierarchy {
    Func,
    Struct,
    Array,
    Exn,
}

/// A reference type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType<T> {
    /// Whether null is a value of it.
    pub nullable: bool,
    /// What it points to otherwise.
    pub heap: HeapType<T>,
}

/// The type of a value, or of what a field of an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type<T> {
    /// A number or vector; in fields, also 8 and 16 bits.
    Plain(ValType),
    /// A reference.
    Ref(RefType<T>),
}

/// A field of a struct, or the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldType<T> {
    /// What it holds.
    pub ty: Type<T>,
    /// Whether that may change.
    pub mutable: bool,
}

/// What a defined type is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Composite<T> {
    /// A function: parameters and results.
    Func(Vec<Type<T>>, Vec<Type<T>>),
    /// A struct.
    Struct(Vec<FieldType<T>>),
    /// An array.
    Array(FieldType<T>),
    /// An exception with these values. Wasm has no such types: Wasmtime gives one to each
    /// function type that a tag has.
    Exn(Vec<FieldType<T>>),
}

/// A defined type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubType<T> {
    /// Whether no type may name it as its supertype.
    pub is_final: bool,
    /// The type that it declares itself a subtype of.
    pub supertype: Option<T>,
    /// What it is made of.
    pub composite: Composite<T>,
}

/// The defined types of a module, and the recursion groups that they form: ranges that
/// cover all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The types; they name each other by their positions here.
    pub types: Vec<SubType<usize>>,
    /// The groups. A group refers to itself and to earlier ones only.
    pub groups: Vec<Range<usize>>,
}

impl Definitions {
    /// Whether a type is what a module gets that writes it without `sub` or `rec`.
    #[must_use]
    pub fn is_plain(&self, ty: usize) -> bool {
        let SubType { is_final, supertype, .. } = self.types[ty];
        is_final && supertype.is_none() && self.groups.contains(&(ty..ty + 1))
    }
}

impl<T: Copy + PartialEq> HeapType<T> {
    /// The same with defined types named otherwise.
    pub fn map<U>(self, name: impl Fn(T) -> U) -> HeapType<U> {
        match self {
            HeapType::Func => HeapType::Func,
            HeapType::NoFunc => HeapType::NoFunc,
            HeapType::Extern => HeapType::Extern,
            HeapType::NoExtern => HeapType::NoExtern,
            HeapType::Any => HeapType::Any,
            HeapType::Eq => HeapType::Eq,
            HeapType::I31 => HeapType::I31,
            HeapType::Struct => HeapType::Struct,
            HeapType::Array => HeapType::Array,
            HeapType::None => HeapType::None,
            HeapType::Exn => HeapType::Exn,
            HeapType::NoExn => HeapType::NoExn,
            HeapType::Defined(hierarchy, ty) => HeapType::Defined(hierarchy, name(ty)),
        }
    }

    /// The representation of references to it.
    #[must_use]
    pub fn representation(self) -> ValType {
        use HeapType as H;
        match self {
            H::Func | H::NoFunc | H::Defined(Hierarchy::Func, _) => ValType::FuncRef,
            H::Extern | H::NoExtern => ValType::ExternRef,
            H::Exn | H::NoExn | H::Defined(Hierarchy::Exn, _) => ValType::ExnRef,
            H::Any | H::Eq | H::I31 | H::Struct | H::Array | H::None => ValType::AnyRef,
            H::Defined(Hierarchy::Struct | Hierarchy::Array, _) => ValType::AnyRef,
        }
    }

    /// Whether this is `other` or below it; `below` decides between defined types.
    #[must_use]
    pub fn matches(self, other: HeapType<T>, below: impl Fn(T, T) -> bool) -> bool {
        use HeapType as H;
        if self == other {
            return true;
        }
        match (self, other) {
            (H::Defined(_, a), H::Defined(_, b)) => below(a, b),
            (H::None, _) => other.representation() == ValType::AnyRef,
            (H::NoFunc, _) => other.representation() == ValType::FuncRef,
            (H::NoExtern, _) => other.representation() == ValType::ExternRef,
            (H::NoExn, _) => other.representation() == ValType::ExnRef,
            (_, H::Any) => self.representation() == ValType::AnyRef,
            (_, H::Func) => self.representation() == ValType::FuncRef,
            (_, H::Extern) => self.representation() == ValType::ExternRef,
            (_, H::Exn) => self.representation() == ValType::ExnRef,
            (H::I31 | H::Struct | H::Array, H::Eq) => true,
            (H::Defined(Hierarchy::Struct, _), H::Struct | H::Eq) => true,
            (H::Defined(Hierarchy::Array, _), H::Array | H::Eq) => true,
            _ => false,
        }
    }
}

impl<T: Copy + PartialEq> RefType<T> {
    /// See [`HeapType::map`].
    pub fn map<U>(self, name: impl Fn(T) -> U) -> RefType<U> {
        RefType { nullable: self.nullable, heap: self.heap.map(name) }
    }

    /// See [`HeapType::matches`].
    #[must_use]
    pub fn matches(self, other: RefType<T>, below: impl Fn(T, T) -> bool) -> bool {
        (other.nullable || !self.nullable) && self.heap.matches(other.heap, below)
    }
}

impl<T: Copy + PartialEq> Type<T> {
    /// The type of all values of a representation.
    #[must_use]
    pub fn top(ty: ValType) -> Type<T> {
        let heap = match ty {
            ValType::FuncRef => HeapType::Func,
            ValType::ExternRef => HeapType::Extern,
            ValType::AnyRef => HeapType::Any,
            ValType::ExnRef => HeapType::Exn,
            _ => return Type::Plain(ty),
        };
        Type::Ref(RefType { nullable: true, heap })
    }

    /// Whether it leaves out some values of its representation.
    #[must_use]
    pub fn is_specific(self) -> bool {
        self != Type::top(self.representation())
    }

    /// See [`HeapType::map`].
    pub fn map<U>(self, name: impl Fn(T) -> U) -> Type<U> {
        match self {
            Type::Plain(ty) => Type::Plain(ty),
            Type::Ref(ty) => Type::Ref(ty.map(name)),
        }
    }

    /// How its values are represented.
    #[must_use]
    pub fn representation(self) -> ValType {
        match self {
            Type::Plain(ty) => ty,
            Type::Ref(ty) => ty.heap.representation(),
        }
    }

    /// See [`HeapType::matches`].
    #[must_use]
    pub fn matches(self, other: Type<T>, below: impl Fn(T, T) -> bool) -> bool {
        match (self, other) {
            (Type::Plain(a), Type::Plain(b)) => a == b,
            (Type::Ref(a), Type::Ref(b)) => a.matches(b, below),
            _ => false,
        }
    }
}

impl<T: Copy + PartialEq> SubType<T> {
    /// The final type of the functions of a representation.
    #[must_use]
    pub fn func(ty: &FuncType) -> SubType<T> {
        let all = |types: &[ValType]| types.iter().map(|&ty| Type::top(ty)).collect();
        let composite = Composite::Func(all(&ty.params), all(&ty.results));
        SubType { is_final: true, supertype: None, composite }
    }

    /// See [`HeapType::map`].
    pub fn map<U>(&self, name: impl Fn(T) -> U) -> SubType<U> {
        let each = |types: &[Type<T>]| types.iter().map(|ty| ty.map(&name)).collect();
        let field =
            |field: &FieldType<T>| FieldType { ty: field.ty.map(&name), mutable: field.mutable };
        let composite = match &self.composite {
            Composite::Func(params, results) => Composite::Func(each(params), each(results)),
            Composite::Struct(fields) => Composite::Struct(fields.iter().map(field).collect()),
            Composite::Array(element) => Composite::Array(field(element)),
            Composite::Exn(fields) => Composite::Exn(fields.iter().map(field).collect()),
        };
        let supertype = self.supertype.map(&name);
        SubType { is_final: self.is_final, supertype, composite }
    }

    /// How its functions take and give values; nothing if it is no function type.
    #[must_use]
    pub fn representation(&self) -> FuncType {
        let Composite::Func(params, results) = &self.composite else {
            return FuncType::default();
        };
        let all = |types: &[Type<T>]| types.iter().map(|ty| ty.representation()).collect();
        FuncType { params: all(params), results: all(results) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Heap = HeapType<u32>;

    const STRUCT: Heap = Heap::Defined(Hierarchy::Struct, 1);

    fn matches(a: Heap, b: Heap) -> bool {
        a.matches(b, |a, b| a > b)
    }

    #[test]
    fn subtyping_follows_the_hierarchies() {
        for (below, above) in [
            (Heap::None, STRUCT),
            (STRUCT, Heap::Struct),
            (STRUCT, Heap::Eq),
            (Heap::I31, Heap::Eq),
            (Heap::Eq, Heap::Any),
            (Heap::NoFunc, Heap::Defined(Hierarchy::Func, 1)),
            (Heap::Defined(Hierarchy::Func, 1), Heap::Func),
            (Heap::NoExtern, Heap::Extern),
            (Heap::NoExn, Heap::Exn),
            (Heap::Defined(Hierarchy::Array, 2), Heap::Defined(Hierarchy::Array, 1)),
        ] {
            assert!(matches(below, above), "{below:?} {above:?}");
            assert!(!matches(above, below), "{above:?} {below:?}");
        }
        assert!(!matches(STRUCT, Heap::Array) && !matches(Heap::None, Heap::Func));
        assert!(!matches(Heap::Extern, Heap::Any) && !matches(Heap::Exn, Heap::Eq));
    }

    #[test]
    fn null_is_no_value_of_a_type_without_it() {
        let [with, without] = [true, false].map(|nullable| RefType { nullable, heap: Heap::Any });
        assert!(without.matches(with, |_, _| false));
        assert!(!with.matches(without, |_, _| false));
    }
}

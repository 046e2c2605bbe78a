//! The types of values, as far as their representation depends on them.
#![forbid(unsafe_code)]

/// A value type, as far as a value's representation depends on it: those of Wasm, and
/// the integers that only programs in CLIF have.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ValType {
    /// 8-bit integer, in CLIF only.
    I8,
    /// 16-bit integer, in CLIF only.
    I16,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 128-bit integer, in CLIF only.
    I128,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// A function reference: the arena offset of a `VMFuncRef`, or 0.
    FuncRef,
    /// A reference that may be the host's: an offset in the GC heap, or 0.
    ExternRef,
    /// A reference to an object in the GC heap by its offset there, a 31-bit integer and
    /// 1 in the low bit, or 0.
    AnyRef,
    /// A reference to an exception: its offset in the GC heap, or 0.
    ExnRef,
}

impl ValType {
    /// The name in the text formats of Wasm and CLIF.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ValType::I8 => "i8",
            ValType::I16 => "i16",
            ValType::I32 => "i32",
            ValType::I64 => "i64",
            ValType::I128 => "i128",
            ValType::F32 => "f32",
            ValType::F64 => "f64",
            ValType::V128 => "v128",
            ValType::FuncRef => "funcref",
            ValType::ExternRef => "externref",
            ValType::AnyRef => "anyref",
            ValType::ExnRef => "exnref",
        }
    }

    /// The type of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ValType> {
        use ValType::{AnyRef, ExnRef, ExternRef, F32, F64, FuncRef, I32, I64, V128};
        let all = [I32, I64, F32, F64, V128, FuncRef, ExternRef, AnyRef, ExnRef];
        all.into_iter().find(|ty| ty.name() == name)
    }

    /// Whether its values are references.
    #[must_use]
    pub fn is_reference(self) -> bool {
        use ValType::{AnyRef, ExnRef, ExternRef, FuncRef};
        matches!(self, FuncRef | ExternRef | AnyRef | ExnRef)
    }
}

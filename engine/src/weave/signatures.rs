//! What a module has to call, without translating it.
#![forbid(unsafe_code)]

use wasmparser::{RefType, ValType};

use super::WeaveError;
use super::parts::Parts;

/// An exported function: its name and the names of its parameters' types.
pub type Signature = (String, Vec<&'static str>);

/// The functions that a module exports, in order. A function with a parameter that the
/// engine has no name for is left out.
///
/// # Errors
/// [`WeaveError`], for what is not a module.
pub fn signatures(wasm: &[u8]) -> Result<Vec<Signature>, WeaveError> {
    let parts = Parts::parse(wasm)?;
    let functions = parts.exported_functions.iter();
    Ok(functions
        .filter_map(|(name, index)| {
            let params = parts.type_of(*index)?.params().iter();
            Some((name.clone(), params.map(|&ty| type_name(ty)).collect::<Option<_>>()?))
        })
        .collect())
}

fn type_name(ty: ValType) -> Option<&'static str> {
    match ty {
        ValType::I32 => Some("i32"),
        ValType::I64 => Some("i64"),
        ValType::F32 => Some("f32"),
        ValType::F64 => Some("f64"),
        ValType::V128 => Some("v128"),
        ValType::Ref(RefType::FUNCREF) => Some("funcref"),
        ValType::Ref(RefType::EXTERNREF) => Some("externref"),
        ValType::Ref(RefType::ANYREF) => Some("anyref"),
        ValType::Ref(RefType::EXNREF) => Some("exnref"),
        ValType::Ref(_) => None,
    }
}

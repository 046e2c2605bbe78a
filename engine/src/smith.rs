//! Random modules, by wasm-smith.
//!
//! The bytes of a module cross the border, no types do: wasm-smith brings its own
//! version of wasmparser.
#![forbid(unsafe_code)]

use arbitrary::Unstructured;
use serde_json::{Map, Value};
use wasm_smith::{Config, Module};

use crate::panic::contained;

/// Why there is no module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmithError {
    /// The configuration names no field of wasm-smith's, or gives it a wrong value.
    #[error("wasm-smith configuration: {0}")]
    Config(String),
    /// The entropy does not suffice for what the configuration demands.
    #[error("wasm-smith: {0}")]
    Entropy(String),
}

/// Makes a module, in binary format. Deterministic.
///
/// `config` holds fields of [`wasm_smith::Config`] by their Rust names. With `fuel`,
/// the module counts down a global at the head of each loop and function and traps
/// at zero, so that it ends in every engine at the same point.
///
/// # Errors
/// [`SmithError`].
pub fn generate(
    entropy: &[u8],
    config: Map<String, Value>,
    fuel: Option<u32>,
) -> Result<Vec<u8>, SmithError> {
    let config = config.into_iter().map(|(name, value)| (name.replace('_', "-"), value));
    let config: Config = serde_json::from_value(Value::Object(config.collect()))
        .map_err(|error| SmithError::Config(error.to_string()))?;
    // wasm-smith asserts that each of its minima is at most the maximum.
    let made = contained(|| Module::new(config, &mut Unstructured::new(entropy)));
    let mut module = made
        .map_err(SmithError::Config)?
        .map_err(|error| SmithError::Entropy(error.to_string()))?;
    if let Some(fuel) = fuel {
        module.ensure_termination(fuel).map_err(|error| SmithError::Config(error.to_string()))?;
    }
    Ok(module.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("an object")
    }

    #[test]
    fn equal_entropy_makes_equal_modules_that_differ_by_fuel() {
        let entropy: Vec<u8> = (0..2048_u32).map(|i| (i * i / 7 % 251) as u8).collect();
        let options = || config(r#"{"min_funcs": 3, "gc_enabled": false}"#);
        let module = generate(&entropy, options(), Some(100)).expect("a module");
        assert_eq!(generate(&entropy, options(), Some(100)), Ok(module.clone()));
        assert_ne!(generate(&entropy, options(), Some(200)), Ok(module));
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error = generate(&[0; 64], config(r#"{"max_fungs": 3}"#), None).expect_err("a typo");
        assert!(error.to_string().contains("max-fungs"), "{error}");
    }
}

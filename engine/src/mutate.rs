//! Mutations of modules, by wasm-mutate.
//!
//! A result is always valid for this engine: a mutation that is not, or that panics, is
//! dropped, and so is one that makes a module larger than [`MAX_BYTES`]. A mutant may
//! run without end even if its seed does not; fuel (`weave`) sees to that.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasm_mutate::WasmMutate;
use wasmparser::Validator;

use crate::frontend::FEATURES;
use crate::panic::contained;

/// How large a mutant may be.
pub const MAX_BYTES: usize = 64 << 10;

/// Steps of wasm-mutate's search for one mutation.
const SEARCH_STEPS: u64 = 300;

/// A module that `rounds` mutations lead to, as far as they can be made. Deterministic.
#[must_use]
pub fn mutate(wasm: &[u8], seed: u64, rounds: u32) -> Vec<u8> {
    let mut module = wasm.to_vec();
    for round in 0..u64::from(rounds) {
        let seed = seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if let Ok(Some(mutant)) = contained(|| once(&module, seed)) {
            module = mutant;
        }
    }
    module
}

fn once(wasm: &[u8], seed: u64) -> Option<Vec<u8>> {
    let mut mutator = WasmMutate::default();
    mutator.seed(seed).fuel(SEARCH_STEPS).raw_mutate_func(Some(data_mutator(seed)));
    let mut mutants = mutator.run(wasm).ok()?;
    let mutant = mutants.next()?.ok()?;
    (mutant.len() <= MAX_BYTES && is_valid(&mutant)).then_some(mutant)
}

fn is_valid(wasm: &[u8]) -> bool {
    Validator::new_with_features(FEATURES).validate_all(wasm).is_ok()
}

type DataMutator = Arc<dyn Fn(&mut Vec<u8>, usize) -> Result<(), wasm_mutate::Error>>;

/// Changes bytes of data segments in place; wasm-mutate's own way makes megabytes.
fn data_mutator(seed: u64) -> DataMutator {
    let state = AtomicU64::new(seed | 1);
    Arc::new(move |data, _| {
        for _ in 0..1 + data.len() / 16 {
            let drawn = state.load(Ordering::Relaxed);
            let drawn = drawn.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(17);
            state.store(drawn, Ordering::Relaxed);
            let [at @ .., value] = drawn.to_le_bytes();
            let at = at.iter().fold(0, |sum, &byte| sum << 7 | usize::from(byte));
            let len = data.len().max(1);
            if let Some(byte) = data.get_mut(at % len) {
                *byte = value;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SEED: &str = r#"(module (memory 1) (table 3 funcref) (global (mut i32) (i32.const 5))
        (func (export "f") (param i32) (result i32)
            (i32.add (i32.load offset=4 (local.get 0)) (global.get 0)))
        (elem (i32.const 0) func 0) (data (i32.const 0) "some data to change"))"#;

    fn seed() -> Vec<u8> {
        wat::parse_str(SEED).expect("a module")
    }

    #[test]
    fn mutants_are_valid_and_a_function_of_their_seed() {
        let mutants: Vec<_> = (0..60).map(|number| mutate(&seed(), number, 3)).collect();
        assert!(mutants.iter().all(|mutant| is_valid(mutant)));
        assert!((0..).zip(&mutants).all(|(number, mutant)| mutate(&seed(), number, 3) == *mutant));
        let different: BTreeSet<_> = mutants.iter().collect();
        assert!(different.len() > 30, "{}", different.len());
    }

    #[test]
    fn what_is_no_module_stays_as_it_is() {
        assert_eq!(mutate(b"no module", 1, 5), b"no module");
    }
}

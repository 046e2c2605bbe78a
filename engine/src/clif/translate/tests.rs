//! Translations are valid modules; what has none is refused by name.
//!
//! What they come to is for Wasmtime to say: `tests/property/test_translation.py`.
#![forbid(unsafe_code)]

use wasmparser::{Validator, WasmFeatures};

use super::{Refused, translate};
use crate::clif::generate::tests::entropy;
use crate::clif::generate::{Dialect, generate};
use crate::clif::read;
use crate::passes::{Mode, prepare};

fn translated(text: &str) -> Result<Vec<u8>, Refused> {
    let program = read(text).map(|source| source.program());
    let Ok(Ok(program)) = program else { panic!("no program: {text}") };
    translate(&program, &prepare(&program, Mode::Exact).expect("nothing is refused"))
}

/// Translates a function of one block with parameters of a type.
fn one_block(ty: &str, code: &str) -> Result<Vec<u8>, Refused> {
    translated(&format!(
        "function %f({ty}, {ty}) {{\nblock0(v0: {ty}, v1: {ty}):\n{code}\n return\n}}"
    ))
}

fn is_valid(wasm: &[u8]) -> Result<(), String> {
    let features = WasmFeatures::default() | WasmFeatures::WIDE_ARITHMETIC;
    let valid = Validator::new_with_features(features).validate_all(wasm);
    valid.map(drop).map_err(|error| error.to_string())
}

#[test]
fn every_generated_program_has_a_valid_module() {
    for dialect in [Dialect::Portable, Dialect::Whole] {
        for case in 0..200 {
            let text = generate(&entropy(case), dialect);
            let wasm = translated(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            is_valid(&wasm).unwrap_or_else(|error| panic!("case {case}: {error}\n{text}"));
        }
    }
}

#[test]
fn any_reducible_graph_is_structured() {
    // A loop whose header is a merge, left from its middle, in one that is left by a table.
    let wasm = translated(
        "function %f(i32) -> i32 {
        block0(v0: i32):
            brif v0, block1(v0), block2(v0)
        block1(v1: i32):
            jump block3(v1, v0)
        block2(v2: i32):
            jump block3(v0, v2)
        block3(v3: i32, v4: i32):
            brif v3, block4, block6
        block4:
            br_table v4, block3(v4, v3), [block5, block6, block3(v3, v3), block5]
        block5:
            jump block3(v4, v4)
        block6:
            return v3
        }",
    );
    is_valid(&wasm.expect("reducible")).expect("valid");
}

#[test]
fn unreachable_blocks_are_left_out() {
    let wasm = translated(
        "function %f() {\nblock0:\n return\nblock1:\n jump block2\nblock2:\n jump block1\n}",
    );
    is_valid(&wasm.expect("reducible")).expect("valid");
}

#[test]
fn what_has_no_translation_is_refused_by_name() {
    let irreducible = translated(
        "function %f(i32) {
        block0(v0: i32):
            brif v0, block1, block2
        block1:
            jump block2
        block2:
            jump block1
        }",
    );
    let said = |result: Result<Vec<u8>, Refused>| result.expect_err("refused").to_string();
    assert_eq!(said(irreducible), "no Wasm for irreducible control flow");
    let chain: String = (1..1200).map(|n| format!("block{n}:\n jump block{}\n", n + 1)).collect();
    let long = format!("function %f() {{\nblock0:\n jump block1\n{chain}block1200:\n return\n}}");
    assert_eq!(said(translated(&long)), "no Wasm for more than 1000 blocks");
    assert_eq!(said(one_block("f32", "v2 = fma v0, v1, v1")), "no Wasm for fma.f32");
    assert_eq!(said(one_block("i64x2", "v2 = smin v0, v1")), "no Wasm for smin.i64x2");
}

#[test]
fn exports_keep_names_that_the_translation_uses_itself() {
    let wasm = translated(
        "function %memory() {\nblock0:\n return\n}\nfunction %trap() {\nblock0:\n return\n}",
    );
    is_valid(&wasm.expect("nothing is refused")).expect("no name twice");
}

#[test]
fn functions_of_more_parameters_than_wasm_has_are_refused() {
    let with = |count: usize| {
        let types = vec!["i32"; count].join(", ");
        let values: Vec<_> = (0..count).map(|n| format!("v{n}: i32")).collect();
        let values = values.join(", ");
        translated(&format!("function %f({types}) {{\nblock0({values}):\n return\n}}"))
    };
    assert!(with(1000).is_ok());
    let refused = with(1001).map_err(|Refused(reason)| reason);
    assert_eq!(refused, Err("more than 1000 parameters or results".to_owned()));
}

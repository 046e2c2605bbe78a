//! Bugs found in dependencies, each with its case under `crashes/`.
//!
//! These tests fail when a dependency mends the bug: then the case becomes a
//! regression test, and what avoids the bug can go.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::{Context, isa, settings};
use pulley_interpreter::decode::Decoder;
use pulley_interpreter::disas::Disassembler;

fn case(name: &str) -> String {
    let path = format!("{}/../crashes/{name}.clif", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a case")
}

/// Compiles each function of a case for `pulley32` and disassembles it; `None` where
/// the backend panics.
fn compile(name: &str) -> Vec<Option<String>> {
    let triple = "pulley32".parse().expect("a triple");
    let flags = settings::Flags::new(settings::builder());
    let isa = isa::lookup(triple).expect("a backend").finish(flags).expect("an ISA");
    let functions = cranelift_reader::parse_functions(&case(name)).expect("CLIF");
    let compile = |function| {
        let mut context = Context::for_function(function);
        let code = context.compile(&*isa, &mut ControlPlane::default()).expect("valid CLIF");
        let mut disassembler = Disassembler::new(code.code_buffer());
        Decoder::decode_all(&mut disassembler).expect("bytecode");
        disassembler.disas().to_owned()
    };
    let attempt = |function| catch_unwind(AssertUnwindSafe(|| compile(function))).ok();
    functions.into_iter().map(attempt).collect()
}

#[test]
fn pulley_panics_on_i128_accesses_that_may_trap() {
    assert_eq!(compile("pulley-i128-trap-code"), [None, None]);
}

#[test]
fn pulley_drops_the_displacement_of_an_i128_store() {
    let code = compile("pulley-i128-store-offset").remove(0).expect("compiles");
    let stores: Vec<_> = code.lines().filter(|line| line.contains("xstore64")).collect();
    assert_eq!(stores.len(), 2, "{code}");
    assert!(stores[0].contains("x0, 0,") && stores[1].contains("x0, 8,"), "{code}");
}

//! Bugs found in dependencies, each with its case under `crashes/`.
//!
//! These tests fail when a dependency mends the bug: then the case becomes a
//! regression test, and what avoids the bug can go.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::TrapCode;
use cranelift_codegen::settings::{self, Configurable as _};
use cranelift_codegen::{Context, isa};
use cranelift_interpreter::environment::FunctionStore;
use cranelift_interpreter::interpreter::{Interpreter, InterpreterState};
use cranelift_interpreter::step::{ControlFlow, CraneliftTrap};
use pulley_interpreter::decode::Decoder;
use pulley_interpreter::disas::Disassembler;

fn case(name: &str) -> String {
    let path = format!("{}/../crashes/{name}.clif", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a case")
}

/// The machine code of each function of a case, or what the backend panics with.
fn emit(name: &str, target: &str) -> Vec<Result<Vec<u8>, String>> {
    let triple = target.parse().expect("a triple");
    let mut flags = settings::builder();
    flags.set("enable_llvm_abi_extensions", "true").expect("a setting"); // i128 results
    let flags = settings::Flags::new(flags);
    let isa = isa::lookup(triple).expect("a backend").finish(flags).expect("an ISA");
    let functions = cranelift_reader::parse_functions(&case(name)).expect("CLIF");
    let emit = |function| {
        let mut context = Context::for_function(function);
        let code = context.compile(&*isa, &mut ControlPlane::default()).expect("valid CLIF");
        code.code_buffer().to_vec()
    };
    let attempt = |function| catch_unwind(AssertUnwindSafe(|| emit(function)));
    let said = |panic: Box<dyn std::any::Any + Send>| {
        let word = panic.downcast_ref::<&str>().map(|&word| word.to_owned());
        word.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
    };
    functions.into_iter().map(|function| attempt(function).map_err(said)).collect()
}

/// Compiles each function of a case for `pulley32` and disassembles it; `None` where
/// the backend panics.
fn compile(name: &str) -> Vec<Option<String>> {
    let disassemble = |code: Vec<u8>| {
        let mut disassembler = Disassembler::new(&code);
        Decoder::decode_all(&mut disassembler).expect("bytecode");
        disassembler.disas().to_owned()
    };
    emit(name, "pulley32").into_iter().map(|code| code.ok().map(disassemble)).collect()
}

/// What `cranelift-interpreter` makes of the function of a case.
fn interpret(name: &str, args: &[DataValue]) -> Result<Vec<DataValue>, CraneliftTrap> {
    let functions = cranelift_reader::parse_functions(&case(name)).expect("CLIF");
    let mut store = FunctionStore::default();
    store.add(functions[0].name.to_string(), &functions[0]);
    let state = InterpreterState::default().with_function_store(store);
    let name = functions[0].name.to_string();
    match Interpreter::new(state).call_by_name(&name, args).expect("no internal error") {
        ControlFlow::Return(values) => Ok(values.to_vec()),
        ControlFlow::Trap(trap) => Err(trap),
        other => panic!("{other:?}"),
    }
}

#[test]
fn cranelift_interpreter_traps_on_a_rest_of_zero() {
    let trap = interpret("reference-srem", &[DataValue::I32(i32::MIN), DataValue::I32(-1)]);
    assert_eq!(trap, Err(CraneliftTrap::User(TrapCode::INTEGER_OVERFLOW)));
}

#[test]
fn cranelift_interpreter_panics_on_casts_of_vectors_to_i128() {
    let cast = || interpret("reference-bitcast", &[DataValue::V128([1; 16])]);
    assert!(std::panic::catch_unwind(cast).is_err());
}

#[test]
fn cranelift_interpreter_panics_on_averages_of_vectors() {
    let args = [DataValue::V128([1; 16]), DataValue::V128([2; 16])];
    let average = || interpret("reference-avg-round", &args);
    assert!(catch_unwind(average).is_err());
}

#[test]
fn x64_panics_on_conversions_of_floats_to_other_than_32_and_64_bits() {
    for (name, words) in [
        ("x64-narrow-float-conversion", "entered unreachable code"),
        ("x64-i128-float-conversion", "Invalid OperandSize: 16"),
    ] {
        let [Err(panic)] = &emit(name, "x86_64")[..] else { panic!("{name} compiles") };
        assert!(panic.contains(words), "{panic}");
    }
}

#[test]
fn pulley_panics_on_some_conditions_of_vector_comparisons() {
    assert_eq!(compile("pulley-vector-fcmp"), [None]);
}

#[test]
fn pulley_panics_on_loads_that_widen_lanes_and_do_not_trap() {
    assert_eq!(compile("pulley-widening-notrap"), [None]);
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

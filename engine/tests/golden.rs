//! What the passes and the lowering make of CLIF, as text: `tests/golden/*.clif`.
//!
//! A file holds functions `%0`, `%1`, ... of one program, named `u0:N`, and behind them,
//! as comments, what each stage makes of them. `BLESS=1` rewrites these. Every
//! output also compiles, with Cranelift's verifier on, for the target of its stage.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::Configurable as _;
use cranelift_codegen::{Context, isa, settings};
use engine::code_table::CodeTable;
use engine::fault::{Fault, Faults};
use engine::layout::Addressing;
use engine::lowering;
use engine::passes::{self, Mode};
use engine::program::Program;

/// Where the expected text begins.
const EXPECTED: &str = "\n;; ";

/// What a file says that Pulley cannot run.
const NATIVE_ONLY: &str = "Pulley has no";

/// What a file says whose program compiles only when it is sanitized.
const EXACT_ONLY: &str = "Compiled in exact runs only";

#[test]
fn return_areas() {
    compare("return_area");
}

#[test]
fn shadow_stack() {
    compare("shadow_stack");
}

#[test]
fn frame_maps() {
    compare("frame_map");
}

#[test]
fn undefined_behaviour() {
    compare("sanitize");
}

#[test]
fn big_endian() {
    compare("big_endian");
}

#[test]
fn atomics() {
    compare("atomics");
}

#[test]
fn native_addresses() {
    compare("address");
}

#[test]
fn calls() {
    compare("calls");
}

#[test]
fn fault_02_extends_signs() {
    compare_with("fault_02", Some(Fault::SignExtendedOffset));
}

#[test]
fn fault_07_adds_in_64_bits() {
    compare_with("fault_07", Some(Fault::UnwrappedSum));
}

fn compare(name: &str) {
    compare_with(name, None);
}

fn compare_with(name: &str, fault: Option<Fault>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.clif"));
    let text = std::fs::read_to_string(&path).expect("a golden file");
    let (input, _) = text.split_once(EXPECTED).unwrap_or((text.trim_end(), ""));
    let mut actual = input.to_owned();
    for (mode, mode_name) in [(Mode::Exact, "exact"), (Mode::AsShipped, "as shipped")] {
        let prepared = passes::prepare(&program(input), mode).expect("a supported program");
        let lowered = lower(&prepared, fault);
        let compiles = mode == Mode::Exact || !input.contains(EXACT_ONLY);
        if compiles && !input.contains(NATIVE_ONLY) {
            prepared.functions.iter().for_each(|f| compile(f, &target("pulley32")));
        }
        if compiles {
            lowered.iter().for_each(|f| compile(f, &target("x86_64-unknown-linux-gnu")));
        }
        section(&mut actual, &format!("{mode_name}, prepared"), &prepared.functions);
        section(&mut actual, &format!("{mode_name}, native"), &lowered);
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &actual).expect("a writable golden file");
    }
    let expected = std::fs::read_to_string(&path).expect("a golden file");
    assert!(actual == expected, "{name}.clif differs (BLESS=1 rewrites it):\n{actual}");
}

fn section(into: &mut String, title: &str, functions: &[impl std::borrow::Borrow<Function>]) {
    writeln!(into, "{EXPECTED}{title}").expect("strings take text");
    for line in functions
        .iter()
        .flat_map(|f| f.borrow().to_string().lines().map(str::to_owned).collect::<Vec<_>>())
    {
        writeln!(into, "{}", format!("; {line}").trim_end()).expect("strings take text");
    }
}

/// A program of the functions in a CLIF text.
fn program(text: &str) -> Program {
    let empty = wat::parse_str("(module)").expect("a module");
    let mut program = engine::frontend::translate(&empty).expect("a program");
    program.functions = cranelift_reader::parse_functions(text).expect("CLIF");
    program
}

fn lower(prepared: &passes::Prepared, fault: Option<Fault>) -> Vec<Function> {
    let faults = Faults::new(fault);
    let mode = prepared.mode;
    let cx = lowering::Context {
        addressing: Addressing::Arena32,
        mode,
        table: 0x1_0000_0000,
        control: 0x2_0000_0000,
        faults: &faults,
        lengths: &[],
        count_calls: false,
        monitor: false,
        merges_checks: false,
    };
    let mut table = CodeTable::default();
    let mut intern = |signature: &_| table.intern(signature);
    let lower =
        |function: &Arc<Function>| lowering::lower(function, &cx, &mut intern).expect("lowers");
    prepared.functions.iter().map(lower).collect()
}

fn target(name: &str) -> OwnedTargetIsa {
    let mut flags = settings::builder();
    flags.enable("preserve_frame_pointers").expect("a setting");
    let flags = settings::Flags::new(flags);
    isa::lookup_by_name(name).expect("a backend").finish(flags).expect("default settings")
}

/// Compiles a function. A backend must do without return areas of its own: its default
/// settings refuse them.
fn compile(function: &Function, isa: &OwnedTargetIsa) {
    let mut context = Context::for_function(function.clone());
    if let Err(error) = context.compile(&**isa, &mut ControlPlane::default()) {
        panic!("{:?}\n{}", error.inner, error.func);
    }
}

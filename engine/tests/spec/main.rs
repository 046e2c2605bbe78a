//! The WebAssembly test suite under every executor, in both kinds of run.
//!
//! Every assertion that is tried must hold. What is not tried is listed in [`SKIPPED`]
//! and [`SKIPPED_SCRIPTS`], each with its reason; anything else that the engine refuses
//! fails the test. The counts are printed (`--no-capture` shows them).

mod runner;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::executor::{Executor, Limits};
use engine::fault::Faults;
use engine::interp::Interpreter;
use engine::jit::{Jit, JitConfig};
use engine::passes::Mode;

use runner::Tally;

/// How far each call may go: far enough for every call of the suite that returns.
const LIMITS: Limits =
    Limits { fuel: 200_000_000, deadline: Duration::from_secs(20), depth: 5_000 };

/// Assertions that pass at least, all kinds together: fewer mean that the runner lost
/// some.
const LEAST: usize = 45_000;

/// Features that the engine does not have yet, by how the reason of a skip begins.
const SKIPPED: &[(&str, &str)] = &[
    ("components", "the component model is not WebAssembly proper"),
    ("GC values", "garbage collection"),
    ("array indexed types", "garbage collection"),
    ("struct indexed types", "garbage collection"),
    ("heap types not supported without the gc", "garbage collection"),
    ("gc proposal must be enabled", "garbage collection"),
    ("rec group usage", "garbage collection"),
    ("constant expression required: global.get of locally", "garbage collection"),
    ("a skipped definition", "garbage collection"),
    ("exception", "exceptions"),
    ("directive assert_exception", "exceptions"),
    ("function references", "typed function references"),
    ("tables with expression initializers", "typed function references"),
    ("invalid var_u32", "other proposals read these bytes as longer numbers"),
    ("memory64 must be enabled", "64-bit memories and tables"),
    ("multiple memories", "multiple memories"),
    ("tail calls", "tail calls"),
    ("threads must be enabled", "threads"),
    ("memory limit", "memories larger than what an arena gives"),
];

/// Scripts that use a feature of [`SKIPPED`] to change what their later assertions see.
const SKIPPED_SCRIPTS: &[(&str, &str)] = &[
    ("linking0.wast", "multiple memories"),
    ("linking1.wast", "multiple memories"),
    ("linking2.wast", "multiple memories"),
    ("linking3.wast", "multiple memories"),
    ("load1.wast", "multiple memories"),
];

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/spec");
    let entries = std::fs::read_dir(&folder).expect("the scripts are part of the project");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let script = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wast");
    let mut paths: Vec<PathBuf> = paths.filter(script).collect();
    paths.sort();
    paths
}

/// Whether a reason to skip is one that is known.
fn known(reason: &str) -> bool {
    let reason = reason.strip_prefix(runner::MODULE_SKIPPED).unwrap_or(reason);
    SKIPPED.iter().any(|(start, _)| reason.starts_with(start))
}

fn suite(executor: &mut dyn Executor, mode: Mode) {
    let mut total = Tally::default();
    for path in scripts() {
        let name = path.file_name().expect("a file").to_string_lossy();
        if let Some((_, reason)) = SKIPPED_SCRIPTS.iter().find(|(script, _)| *script == name) {
            *total.skipped.entry(format!("script: {reason}")).or_default() += 1;
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("readable text");
        total.add(runner::run(executor, mode, &name, &text));
    }
    println!("{}, {mode:?}: {:#?}", executor.name(), total.passed);
    println!("skipped: {:#?}", total.skipped);
    let unknown: Vec<_> = total
        .skipped
        .keys()
        .filter(|reason| !reason.starts_with("script: ") && !known(reason))
        .collect();
    assert!(unknown.is_empty(), "skipped for reasons that are not listed: {unknown:#?}");
    assert!(total.failed.is_empty(), "{} failures: {:#?}", total.failed.len(), total.failed);
    let passed: usize = total.passed.values().sum();
    assert!(passed >= LEAST, "{passed} assertions passed");
}

fn jit(optimize: bool) -> Jit {
    Jit::new(JitConfig { optimize, ..JitConfig::default() }).expect("an executor")
}

#[test]
fn interpreter_exact() {
    suite(&mut Interpreter::new(Faults::default()), Mode::Exact);
}

#[test]
fn interpreter_as_shipped() {
    suite(&mut Interpreter::new(Faults::default()), Mode::AsShipped);
}

#[test]
fn jit_exact() {
    suite(&mut jit(true), Mode::Exact);
}

#[test]
fn jit_as_shipped() {
    suite(&mut jit(true), Mode::AsShipped);
}

#[test]
fn jit_unoptimized_exact() {
    suite(&mut jit(false), Mode::Exact);
}

#[test]
fn jit_unoptimized_as_shipped() {
    suite(&mut jit(false), Mode::AsShipped);
}

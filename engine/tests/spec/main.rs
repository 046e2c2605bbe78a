//! The WebAssembly test suite under every executor, in both kinds of run.
//!
//! Every assertion that is tried must hold. What is not tried is listed in [`SKIPPED`]
//! with its reason; anything else that the engine refuses fails the test. The counts are printed (`--no-capture` shows them).

mod expect;
#[path = "../native/mod.rs"]
mod native;
mod runner;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::executor::{Executor, Limits};
use engine::fault::Faults;
use engine::interp::Interpreter;
use engine::passes::Mode;

use native::jit;
use runner::Tally;

/// How far each call may go: far enough for every call of the suite that returns.
const LIMITS: Limits =
    Limits { fuel: 200_000_000, deadline: Duration::from_secs(20), depth: 5_000 };

/// Assertions that pass at least, all kinds together: fewer mean that the runner lost
/// some.
const LEAST: usize = 60_000;

/// What is not tried, by how the reason begins, and why.
const SKIPPED: &[(&str, &str)] = &[
    ("custom section ignored", "the front end does not read sections such as branch hints"),
    ("invalid exception type", "valid in the proposal for stack switching"),
    ("multiple memories", "the proposal for threads is older than multi-memory"),
    ("multiple tables", "the proposal for threads is older than reference types"),
];

/// Folders of scripts, under `tests/data/spec`.
const FOLDERS: [&str; 5] = [
    ".",
    "custom",
    "proposals/custom-page-sizes",
    "proposals/threads",
    "proposals/wide-arithmetic",
];

fn scripts() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/spec");
    let entries = FOLDERS.iter().flat_map(|folder| {
        std::fs::read_dir(root.join(folder)).expect("the scripts are part of the project")
    });
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let script = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wast");
    let mut paths: Vec<PathBuf> = paths.filter(script).collect();
    paths.sort();
    paths
}

/// Whether a reason to skip is a listed one.
fn is(reason: &str, (start, _): &(&str, &str)) -> bool {
    reason.strip_prefix(runner::MODULE_SKIPPED).unwrap_or(reason).starts_with(start)
}

fn suite(executor: &mut dyn Executor, mode: Mode) {
    let mut total = Tally::default();
    for path in scripts() {
        let name = path.file_name().expect("a file").to_string_lossy();
        let text = std::fs::read_to_string(&path).expect("readable text");
        total.add(runner::run(executor, mode, &name, &text));
    }
    println!("{}, {mode:?}: {:#?}", executor.name(), total.passed);
    println!("skipped: {:#?}", total.skipped);
    let reasons = total.skipped.keys();
    let unknown: Vec<_> = reasons.filter(|r| !SKIPPED.iter().any(|listed| is(r, listed))).collect();
    assert!(unknown.is_empty(), "skipped for reasons that are not listed: {unknown:#?}");
    let met = |listed: &&(&str, &str)| total.skipped.keys().any(|reason| is(reason, listed));
    let unmet: Vec<_> = SKIPPED.iter().filter(|listed| !met(listed)).collect();
    assert!(unmet.is_empty(), "listed, but nothing is skipped for it: {unmet:#?}");
    assert!(total.failed.is_empty(), "{} failures: {:#?}", total.failed.len(), total.failed);
    let passed: usize = total.passed.values().sum();
    assert!(passed >= LEAST, "{passed} assertions passed");
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

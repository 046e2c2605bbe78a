//! Cranelift's own run-tests, in every executor.
//!
//! Each run line of `tests/data/runtests` is a program of its own: the function that it
//! calls, and what that calls. It passes if the call returns what the line says. Lines
//! that cannot be run are counted by reason, and lines that fail are named: each is a
//! finding, with a case under `crashes`. All of it is in the golden file, so nothing
//! changes unnoticed.

mod native;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::clif::{self, RunLine, Source};
use engine::executor::Limits;
use engine::fault::Faults;
use engine::interp::Interpreter;
use engine::passes::Mode;
use engine::program::Program;
use engine::reference::Reference;
use engine::run::{Imports, Observed, Outcome, Request, RunError, run};
use engine::runtime::Reservations;

use native::jit;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/runtests.txt");

/// What came of the lines in one executor.
#[derive(Default)]
struct Tally {
    passed: u32,
    /// Lines that gave another result, by file and line.
    failed: Vec<String>,
    skipped: BTreeMap<String, u32>,
}

impl Tally {
    fn skip(&mut self, reason: &str, lines: usize) {
        let count = u32::try_from(lines).expect("few lines");
        *self.skipped.entry(reason.to_owned()).or_default() += count;
    }

    fn text(&self, name: &str) -> String {
        let skipped: u32 = self.skipped.values().sum();
        let failed = self.failed.len();
        let mut text =
            format!("{name}: {} passed, {failed} failed, {skipped} skipped\n", self.passed);
        for line in &self.failed {
            writeln!(text, "  failed {line}").expect("strings take any text");
        }
        for (reason, count) in &self.skipped {
            writeln!(text, "  skipped {count}: {reason}").expect("strings take any text");
        }
        text
    }
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/runtests"));
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("the folder of run-tests");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let mut files: Vec<_> =
        [root.to_owned(), root.join("x64")].iter().flat_map(|f| list(f)).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "clif"));
    files.sort();
    assert!(files.len() > 350, "{} files", files.len());
    files
}

/// The lines of a file, by the function that they call.
fn by_function(source: &Source) -> BTreeMap<&str, Vec<&RunLine>> {
    let mut lines: BTreeMap<&str, Vec<&RunLine>> = BTreeMap::new();
    for run in &source.runs {
        lines.entry(&run.call.export).or_default().push(run);
    }
    lines
}

fn request(lines: &[&RunLine]) -> Request {
    Request {
        calls: lines.iter().map(|run| run.call.clone()).collect(),
        mode: Mode::Exact,
        limits: Limits { fuel: 100_000_000, deadline: Duration::from_secs(60), depth: 2500 },
        reservations: Reservations { memory_bytes: 0, table_elements: 0 },
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    }
}

/// A message without what differs from function to function.
fn reason(error: &RunError) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    if first.contains("invalid pointer width") {
        return "an address of 64 bits".to_owned();
    }
    first
        .split(" in function")
        .next()
        .unwrap_or_default()
        .trim_start_matches("unsupported: ")
        .to_owned()
}

/// Files whose lines expect the NaNs of one target; ours are canonical.
const TARGET_NANS: &str = "simd-fmax-fmin-nondeterministic";

fn judge(tally: &mut Tally, file: &str, run: &RunLine, outcome: Option<&Outcome>) {
    let fine = match (outcome, &run.expected) {
        (Some(Outcome::Values(_)), None) => true,
        (Some(Outcome::Values(values)), Some(expected)) => {
            let values: Vec<_> = values.iter().filter_map(|value| value.bits).collect();
            (values == expected.values) == expected.equal
        }
        _ => false,
    };
    if fine {
        tally.passed += 1;
    } else if file.starts_with(TARGET_NANS) {
        tally.skip("the NaNs of one target", 1);
    } else {
        tally.failed.push(format!("{file}:{}: {outcome:x?}", run.line));
    }
}

fn run_function(
    tally: &mut Tally,
    executor: &mut dyn Observed,
    file: &str,
    program: &Program,
    lines: &[&RunLine],
) {
    match run(program, executor, &request(lines)) {
        Err(error @ RunError::CompileFailure(_)) => {
            tally.skip(&format!("{file}: {}", reason(&error)), lines.len());
        }
        Err(error) => tally.skip(&reason(&error), lines.len()),
        Ok(report) => {
            for (position, run) in lines.iter().enumerate() {
                judge(tally, file, run, report.calls.get(position));
            }
        }
    }
}

fn run_file(tally: &mut Tally, executor: &mut dyn Observed, path: &Path) {
    let file = path.file_name().expect("a name").to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).expect("a run-test");
    let source = match clif::read(&text) {
        Ok(source) => source,
        Err(error) => {
            let lines = text.lines().filter(|line| line.starts_with("; run:")).count();
            return tally.skip(&format!("not read: {}", error.message), lines);
        }
    };
    for (name, lines) in by_function(&source) {
        match source.program_of(name) {
            Some(Ok(program)) => run_function(tally, executor, &file, &program, &lines),
            Some(Err(error)) => tally.skip(&reason(&error.into()), lines.len()),
            None => tally.skip("no such function", lines.len()),
        }
    }
}

fn run_all(executor: &mut dyn Observed) -> Tally {
    let mut tally = Tally::default();
    for path in files() {
        run_file(&mut tally, executor, &path);
    }
    tally
}

#[test]
fn run_tests_give_what_they_say() {
    let mut text = String::new();
    let mut executors: [Box<dyn Observed>; 4] = [
        Box::new(Interpreter::new(Faults::new(None))),
        Box::new(jit(true)),
        Box::new(jit(false)),
        Box::new(Reference::default()),
    ];
    for executor in &mut executors {
        let tally = run_all(executor.as_mut());
        text += &tally.text(executor.name());
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(GOLDEN, &text).expect("the golden file");
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert_eq!(text, golden, "run with BLESS=1 to accept");
}

//! Generated programs are valid, end, and give the same in every executor.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::{Dialect, generate};
use crate::clif::read;
use crate::executor::Limits;
use crate::fault::Faults;
use crate::interp::Interpreter;
use crate::jit::{Jit, JitConfig};
use crate::passes::Mode;
use crate::program::{Item, Program};
use crate::reference::Reference;
use crate::run::{Call, Imports, Observed, Outcome, Report, Request, RunError, run};
use crate::runtime::Reservations;
use crate::trap::Trap;

const CASES: u64 = 200;

/// Entropy of a case, by SplitMix64.
pub(in crate::clif) fn entropy(case: u64) -> Vec<u8> {
    let word = |n: u64| {
        let mut z = (case << 32 | n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb).to_le_bytes()
    };
    (0..40 + case % 200).flat_map(word).collect()
}

fn program(case: u64, dialect: Dialect) -> Program {
    let text = generate(&entropy(case), dialect);
    let program = read(&text).map(|source| source.program());
    match program {
        Ok(Ok(program)) => program,
        other => panic!("case {case}: {:?}\n{text}", other.map(|inner| inner.map(drop))),
    }
}

/// Calls each function once, with all bits of each argument set.
fn request(program: &Program) -> Request {
    let calls = program.module.exports.iter().filter_map(|export| {
        let Item::Function(function) = export.item else { return None };
        let ty = &program.module.types[program.module.functions[function].ty];
        let ones = |&ty| Some(crate::runtime::significant(ty, u128::MAX));
        Some(Call { export: export.name.clone(), args: ty.params.iter().map(ones).collect() })
    });
    Request {
        calls: calls.collect(),
        mode: Mode::Exact,
        limits: Limits { fuel: 5_000_000, deadline: Duration::from_secs(60), depth: 1000 },
        reservations: Reservations { memory_bytes: 0, table_elements: 0 },
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    }
}

fn jit(optimize: bool) -> Box<dyn Observed> {
    let flags = vec![("enable_verifier".to_owned(), "true".to_owned())];
    let config = JitConfig { optimize, settings: flags, ..JitConfig::default() };
    Box::new(Jit::new(config).expect("native code"))
}

/// Whether Pulley took an access of linear memory through a base of 0 for one through null.
fn is_null_base(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Trap { trap: Trap::NullBase, .. })
}

fn same(left: &Report, right: &Report) -> bool {
    let shown = |outcome: &Outcome| match outcome {
        Outcome::Trap { trap, .. } => format!("{trap}"),
        other => format!("{other:?}"),
    };
    left.calls.iter().map(shown).eq(right.calls.iter().map(shown))
        && left.arena_digest == right.arena_digest
}

/// Runs all cases of a dialect; the share of runs that an executor lacks something for.
fn agree(dialect: Dialect, mut executors: Vec<Box<dyn Observed>>) -> f64 {
    let (mut missing, mut runs, mut ended) = (0_u32, 0_u32, 0_u32);
    for case in 0..CASES {
        let program = program(case, dialect);
        let request = request(&program);
        let mut reports: Vec<(&str, Report)> = Vec::new();
        for executor in &mut executors {
            runs += 1;
            match run(&program, executor.as_mut(), &request) {
                Ok(report) => reports.push((executor.name(), report)),
                Err(RunError::Unsupported(what)) => {
                    println!("case {case}: {}: {what}", executor.name());
                    missing += 1;
                }
                Err(error) => panic!("case {case}: {}: {error}", executor.name()),
            }
        }
        for (name, report) in &reports {
            let (first, expected) = &reports[0];
            if expected.calls.iter().any(is_null_base) {
                break;
            }
            assert!(
                same(expected, report),
                "case {case}: {first} against {name}\n{:#x?}\n{:#x?}\n{}",
                expected.calls,
                report.calls,
                generate(&entropy(case), dialect)
            );
            let fuel = |outcome: &Outcome| {
                matches!(outcome, Outcome::Trap { trap: Trap::OutOfFuel | Trap::Interrupt, .. })
            };
            assert!(!report.calls.iter().any(fuel), "case {case}: {name} has no end");
            ended += u32::from(report.calls.iter().any(|call| matches!(call, Outcome::Values(_))));
        }
    }
    assert!(ended > runs / 3, "{ended} of {runs} runs have a call that returned");
    f64::from(missing) / f64::from(runs)
}

#[test]
fn portable_programs_run_and_agree_everywhere() {
    let interpreter = Box::new(Interpreter::new(Faults::new(None)));
    let missing = agree(
        Dialect::Portable,
        vec![interpreter, jit(true), jit(false), Box::new(Reference::default())],
    );
    assert!(missing < 0.02, "{missing} of the runs lack something");
}

#[test]
fn whole_programs_agree_in_native_code_and_the_reference() {
    let missing =
        agree(Dialect::Whole, vec![jit(true), jit(false), Box::new(Reference::default())]);
    assert!(missing < 0.1, "{missing} of the runs lack something");
}

#[test]
fn the_same_entropy_gives_the_same_program() {
    for case in 0..20 {
        let entropy = entropy(case);
        let text = generate(&entropy, Dialect::Whole);
        assert_eq!(text, generate(&entropy, Dialect::Whole));
    }
    assert_ne!(generate(&entropy(1), Dialect::Whole), generate(&entropy(2), Dialect::Whole));
}

#[test]
fn any_entropy_makes_a_program() {
    for length in [0, 1, 2, 7, 30, 100] {
        for byte in [0, 1, 0x7f, 0xff] {
            let text = generate(&vec![byte; length], Dialect::Whole);
            let source = read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            source.program().unwrap_or_else(|error| panic!("{error}\n{text}"));
        }
    }
}

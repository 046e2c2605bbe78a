//! What prepared and lowered code does when it runs: planted faults escape, stack
//! overflow falls on the same call everywhere, results that need an area arrive, merged
//! checks trap like the others.

use std::time::Duration;

use engine::executor::{Access, Limits};
use engine::fault::{Fault, Faults};
use engine::frontend;
use engine::interp::Interpreter;
use engine::jit::{Jit, JitConfig};
use engine::passes::Mode;
use engine::run::{Call, Imports, Observed, Outcome, Report, Request, run};
use engine::runtime::Reservations;
use engine::trap::Trap;

const MODES: [Mode; 2] = [Mode::Exact, Mode::AsShipped];

fn jit(optimize: bool, fault: Option<Fault>) -> Jit {
    Jit::new(JitConfig { optimize, fault, ..JitConfig::default() }).expect("an executor")
}

fn report(executor: &mut dyn Observed, text: &str, mode: Mode, calls: &[(&str, u32)]) -> Report {
    let program = frontend::translate(&wat::parse_str(text).expect("valid text"));
    let limits = Limits { fuel: 1 << 32, deadline: Duration::from_secs(30), depth: 300 };
    let call = |&(export, argument): &(&str, u32)| Call {
        export: export.to_owned(),
        args: vec![Some(argument.into())],
    };
    let request = Request {
        calls: calls.iter().map(call).collect(),
        mode,
        limits,
        reservations: Reservations { memory_bytes: 3 << 30, ..Reservations::default() },
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    };
    run(&program.expect("a program"), executor, &request).expect("a report")
}

/// The escape that a call came to, relative to the base.
fn escaped(outcome: &Outcome) -> Option<(Access, i128)> {
    match outcome {
        Outcome::Escape { escape, .. } => Some((escape.access, escape.offset)),
        _ => None,
    }
}

fn trap(outcome: &Outcome) -> Option<Trap> {
    match outcome {
        Outcome::Trap { trap, .. } => Some(*trap),
        _ => None,
    }
}

/// Offsets from 2^31 on exist in a memory of more than 2 GiB.
const LARGE_MEMORY: &str = r#"(module (memory 32800)
    (func (export "load") (param i32) (result i32) (i32.load offset=4 (local.get 0))))"#;

/// `f(x)` stores at x - 4: in 32 bits a sum that wraps.
const NEGATIVE_INDEX: &str = r#"(module (memory 1)
    (func (export "store") (param i32)
      (i32.store offset=8 (i32.add (local.get 0) (i32.const -4)) (i32.const 7)))
    (func (export "plain") (param i32) (i32.store offset=8 (local.get 0) (i32.const 7))))"#;

#[test]
fn fault_02_escapes_below_the_base_from_2_gib_on() {
    for (mode, optimize) in [(Mode::Exact, true), (Mode::AsShipped, false)] {
        let mut faulty = jit(optimize, Some(Fault::SignExtendedOffset));
        let low = report(&mut faulty, LARGE_MEMORY, mode, &[("load", 16)]);
        assert!(matches!(low.calls[0], Outcome::Values(_)) && !low.fault_triggered, "{low:?}");
        let high = report(&mut faulty, LARGE_MEMORY, mode, &[("load", 0x8000_0000)]);
        let (access, offset) = escaped(&high.calls[0]).expect("an escape");
        assert!(access == Access::Read && (-(1 << 31)..0).contains(&offset), "{offset:#x}");
        assert!(high.fault_triggered);
    }
    let sound = report(&mut jit(true, None), LARGE_MEMORY, Mode::Exact, &[("load", 0x8000_0000)]);
    assert!(matches!(sound.calls[0], Outcome::Values(_)), "{sound:?}");
}

#[test]
fn fault_07_escapes_above_4_gib_when_a_sum_wraps() {
    for (mode, optimize) in MODES.into_iter().flat_map(|mode| [(mode, true), (mode, false)]) {
        let mut faulty = jit(optimize, Some(Fault::UnwrappedSum));
        let plain = report(&mut faulty, NEGATIVE_INDEX, mode, &[("plain", 16)]);
        assert!(matches!(plain.calls[0], Outcome::Values(_)) && !plain.fault_triggered);
        let wrapped = report(&mut faulty, NEGATIVE_INDEX, mode, &[("store", 16)]);
        let (access, offset) = escaped(&wrapped.calls[0]).expect("an escape");
        assert!(access == Access::Write && offset >= 1 << 32, "{offset:#x}");
        assert!(wrapped.fault_triggered);
        let sound = report(&mut jit(optimize, None), NEGATIVE_INDEX, mode, &[("store", 16)]);
        assert!(matches!(sound.calls[0], Outcome::Values(_)), "{sound:?}");
    }
}

/// Each function counts itself, and what it got done: a builtin is no guest function, so
/// calling one takes no depth; a leaf takes one and gives it back.
const RECURSION: &str = r#"(module (memory 1 2)
    (global $entered (export "entered") (mut i32) (i32.const 0))
    (type $t (func (param i32)))
    (table 1 funcref) (elem (i32.const 0) $down)
    (func $leaf (global.set $entered (i32.add (global.get $entered) (i32.const 1))))
    (func $down (export "down") (type $t)
      (global.set $entered (i32.add (global.get $entered) (i32.const 1000)))
      (drop (memory.grow (i32.const 0)))
      (global.set $entered (i32.add (global.get $entered) (i32.const 1000000)))
      (if (i32.and (local.get 0) (i32.const 1)) (then (call $leaf)))
      (call_indirect (type $t) (i32.add (local.get 0) (i32.const 1)) (i32.const 0))))"#;

#[test]
fn exact_runs_overflow_on_the_same_call() {
    let mut interpreter = Interpreter::new(Faults::default());
    let expected = report(&mut interpreter, RECURSION, Mode::Exact, &[("down", 0)]);
    assert_eq!(trap(&expected.calls[0]), Some(Trap::StackOverflow));
    for optimize in [true, false] {
        let actual = report(&mut jit(optimize, None), RECURSION, Mode::Exact, &[("down", 0)]);
        assert_eq!(trap(&actual.calls[0]), trap(&expected.calls[0]));
        assert_eq!(actual.globals, expected.globals);
        assert_eq!(actual.arena_digest, expected.arena_digest);
    }
}

/// The depth that a trap leaves behind is not the next call's.
#[test]
fn a_call_after_an_overflow_has_its_whole_depth() {
    for optimize in [true, false] {
        let calls = [("down", 0), ("down", 0)];
        let both = report(&mut jit(optimize, None), RECURSION, Mode::Exact, &calls);
        let once = report(&mut jit(optimize, None), RECURSION, Mode::Exact, &calls[..1]);
        assert_eq!(trap(&both.calls[1]), Some(Trap::StackOverflow));
        assert_ne!(both.globals, once.globals);
    }
}

/// Twelve results of mixed types, called directly, through a table and from outside.
const MANY_RESULTS: &str = r#"(module
    (type $many (func (param i32)
      (result i32 i64 i32 i32 i32 i32 i32 i32 i64 i32 f64 i32)))
    (table 1 funcref) (elem (i32.const 0) $many)
    (func $many (export "many") (type $many)
      (local.get 0) (i64.const 0x123456789) (i32.const 3) (i32.const 4) (i32.const 5)
      (i32.const 6) (i32.const 7) (i32.const 8) (i64.const -9) (i32.const 10) (f64.const 0.5)
      (i32.mul (local.get 0) (i32.const 2)))
    (func $sum (param i32 i64 i32 i32 i32 i32 i32 i32 i64 i32 f64 i32) (result i64)
      (i64.add (i64.add (local.get 1) (local.get 8))
        (i64.extend_i32_s (i32.add (local.get 0) (local.get 11)))))
    (func (export "direct") (param i32) (result i64) (call $sum (call $many (local.get 0))))
    (func (export "indirect") (param i32) (result i64)
      (call $sum (call_indirect (type $many) (local.get 0) (i32.const 0)))))"#;

#[test]
fn results_arrive_through_return_areas() {
    let bits = |outcome: &Outcome| match outcome {
        Outcome::Values(values) => values.iter().map(|value| value.bits).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let half = 0x3fe0_0000_0000_0000;
    let nine = u128::from((-9_i64).cast_unsigned());
    let many = [21, 0x1_2345_6789, 3, 4, 5, 6, 7, 8, nine, 10, half, 42];
    let sum = 0x1_2345_6789 - 9 + 63;
    for mode in MODES {
        let mut executors: [Box<dyn Observed>; 3] = [
            Box::new(Interpreter::new(Faults::default())),
            Box::new(jit(true, None)),
            Box::new(jit(false, None)),
        ];
        for executor in &mut executors {
            let calls = [("many", 21), ("direct", 21), ("indirect", 21)];
            let report = report(&mut **executor, MANY_RESULTS, mode, &calls);
            assert_eq!(bits(&report.calls[0]), many.map(Some), "{mode:?}");
            assert_eq!(bits(&report.calls[1]), [Some(sum)], "{mode:?}");
            assert_eq!(bits(&report.calls[2]), [Some(sum)], "{mode:?}");
        }
    }
}

/// Accesses of one index by offsets that grow and shrink, with something between them.
const MIXED_CHECKS: &str = r#"(module (memory 1 3)
    (func (export "loads") (param i32) (result i32)
      (i32.store8 offset=2 (local.get 0) (i32.const 1))
      (i32.add (i32.add (i32.load8_u (local.get 0)) (i32.load offset=4 (local.get 0)))
        (i32.load8_u offset=12 (local.get 0))))
    (func (export "stores") (param i32) (result i32)
      (i32.store8 (local.get 0) (i32.const 2)) (i32.store offset=8 (local.get 0) (i32.const 3))
      (i32.store16 offset=4 (local.get 0) (i32.const 4)) (i32.load8_u offset=20 (local.get 0)))
    (func (export "divides") (param i32) (result i32)
      (i32.add
        (i32.add (i32.load8_u (local.get 0))
          (i32.div_u (i32.const 6) (i32.and (local.get 0) (i32.const 1))))
        (i32.load8_u offset=8 (local.get 0))))
    (func (export "grows") (param i32) (result i32)
      (drop (i32.load8_u (local.get 0)))
      (drop (memory.grow (i32.eqz (i32.and (local.get 0) (i32.const 15)))))
      (i32.load8_u offset=20 (local.get 0)))
    (func (export "branches") (param i32) (result i32)
      (if (i32.and (local.get 0) (i32.const 1)) (then (drop (i32.load offset=8 (local.get 0)))))
      (i32.store8 offset=4 (local.get 0) (i32.const 5))
      (i32.load8_u offset=11 (local.get 0)))
    (func (export "loops") (param i32) (result i32) (local i32)
      (loop $again
        (i32.store8 (local.get 0) (local.get 1))
        (local.set 1 (i32.add (local.get 1) (i32.load8_u offset=5 (local.get 0))))
        (local.set 0 (i32.add (local.get 0) (i32.const 3)))
        (br_if $again (i32.lt_u (local.get 1) (i32.const 9))))
      (local.get 1)))"#;

/// Native code as shipped merges checks; what a program does, and what it has done when it
/// traps, stays the same.
#[test]
fn merged_checks_trap_where_the_others_do() {
    let edges = (65_510..65_540).chain([0, 0x7fff_fff0, 0xffff_fff0, 0xffff_ffff]);
    for export in ["loads", "stores", "divides", "grows", "branches", "loops"] {
        let calls: Vec<_> = edges.clone().map(|argument| (export, argument)).collect();
        let mut interpreter = Interpreter::new(Faults::default());
        let expected = report(&mut interpreter, MIXED_CHECKS, Mode::Exact, &calls);
        assert!(expected.calls.iter().any(|call| trap(call) == Some(Trap::HeapOutOfBounds)));
        for optimize in [true, false] {
            let mut jit = jit(optimize, None);
            let actual = report(&mut jit, MIXED_CHECKS, Mode::AsShipped, &calls);
            for (actual, expected) in actual.calls.iter().zip(&expected.calls) {
                match expected {
                    Outcome::Trap { trap: kind, .. } => assert_eq!(trap(actual), Some(*kind)),
                    values => assert_eq!(actual, values),
                }
            }
            assert_eq!(actual.calls.len(), calls.len());
            assert_eq!(actual.memories, expected.memories, "{export}");
        }
    }
}

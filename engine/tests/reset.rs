//! A run leaves nothing to the next: its arena is, byte by byte, that of a new executor.

mod native;

use std::time::Duration;

use engine::arena::Arena;
use engine::executor::Limits;
use engine::fault::Faults;
use engine::frontend;
use engine::interp::Interpreter;
use engine::passes::Mode;
use engine::program::Program;
use engine::run::{Call, Imports, Observed, Outcome, Request, run};
use engine::runtime::Reservations;

/// Writes to all of its memory and table, and uses as much stack as it may.
const VANDAL: &str = r#"(module
    (memory 1 40)
    (table 5000 funcref)
    (elem declare func $deep)
    (global (mut i64) (i64.const -1))
    (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
            (else (i32.const 0))))
    (func (export "write")
        (drop (memory.grow (i32.const 39)))
        (memory.fill (i32.const 0) (i32.const 0xa5)
            (i32.mul (memory.size) (i32.const 0x10000)))
        (table.fill (i32.const 0) (ref.func $deep) (i32.const 5000))))"#;

/// Looks at little, and changes some of it.
const VICTIM: &str = r#"(module
    (memory 3 40)
    (table 900 funcref)
    (global (mut i32) (i32.const 7))
    (func (export "sum") (result i64) (local $at i32) (local $sum i64)
        (loop $next
            (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 0x30000))))
        (i32.store (i32.const 64) (i32.const 1))
        (local.get $sum)))"#;

fn program(text: &str) -> Program {
    frontend::translate(&wat::parse_str(text).expect("valid text")).expect("a program")
}

fn request(mode: Mode, calls: &[(&str, &[u128])]) -> Request {
    let call = |(name, args): &(&str, &[u128])| Call {
        export: (*name).to_owned(),
        args: args.iter().copied().map(Some).collect(),
    };
    let (fuel, depth) = (1_000_000_000, 5_000);
    Request {
        calls: calls.iter().map(call).collect(),
        mode,
        limits: Limits { fuel, deadline: Duration::from_secs(60), depth },
        reservations: Reservations::default(),
        gc_stress: false,
        check_objects: false,
        imports: Imports::Stubs,
    }
}

/// Every byte of an arena.
fn image(arena: &dyn Arena) -> Vec<u8> {
    let start = engine::arena::NULL_PAGE;
    let mut bytes = vec![0; (arena.len() - start) as usize];
    arena.read(start, &mut bytes).expect("all of the arena");
    bytes
}

fn victim(executor: &mut dyn Observed, mode: Mode) -> Vec<u8> {
    let report =
        run(&program(VICTIM), executor, &request(mode, &[("sum", &[])])).expect("a report");
    let sums: Vec<Option<u128>> = match &report.calls[..] {
        [Outcome::Values(values)] => values.iter().map(|value| value.bits).collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!(sums, [Some(0)], "memory was not zero");
    image(executor.arena())
}

fn vandal(executor: &mut dyn Observed, mode: Mode) {
    let request = request(mode, &[("write", &[]), ("deep", &[1000])]);
    let report = run(&program(VANDAL), executor, &request).expect("a report");
    let well = report.calls.iter().all(|ended| matches!(ended, Outcome::Values(_)));
    assert!(well && report.calls.len() == 2, "{:?}", report.calls);
}

fn check(new: impl Fn() -> Box<dyn Observed>) {
    for mode in [Mode::Exact, Mode::AsShipped] {
        let expected = victim(&mut *new(), mode);
        let mut used = new();
        for turn in 0..3 {
            vandal(&mut *used, mode);
            assert!(victim(&mut *used, mode) == expected, "turn {turn}, {mode:?}");
            assert!(victim(&mut *used, mode) == expected, "again, turn {turn}, {mode:?}");
        }
    }
}

#[test]
fn the_interpreter_forgets_everything() {
    check(|| Box::new(Interpreter::new(Faults::default())));
}

#[test]
fn native_code_forgets_everything() {
    check(|| Box::new(native::jit(true)));
}

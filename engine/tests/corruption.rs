//! Corrupted runs: schedules of writes to VM data, the same in every executor.

mod native;

use std::time::Duration;

use engine::corrupt::{Event, Schedule};
use engine::executor::Limits;
use engine::fault::Faults;
use engine::frontend;
use engine::interp::Interpreter;
use engine::passes::Mode;
use engine::program::ValType;
use engine::reference::Reference;
use engine::run::{Call, Imports, Observed, Outcome, Report, Request, RunError, Subject};
use engine::runtime::{Reservations, Value};
use engine::trap::Trap;

const LIMITS: Limits = Limits { fuel: 1_000_000, deadline: Duration::from_secs(10), depth: 100 };

/// A module that reads everything that can be corrupted.
const TEXT: &str = r#"(module
    (import "env" "log" (func $log (param i32)))
    (type $unary (func (param i32) (result i32)))
    (memory (export "memory") 1 4)
    (table (export "table") 4 8 funcref)
    (elem (i32.const 1) func $double $square $other)
    (elem $late func $double)
    (global $number (mut i32) (i32.const 5))
    (tag $thrown (param i32))
    (func $throw (throw $thrown (i32.const 3)))
    (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
    (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
    (func $other (result i64) (i64.const 1))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "grow") (result i32)
        (drop (memory.grow (i32.const 1)))
        (global.get $number))
    (func (export "logged") (result i32)
        (call $log (i32.const 1))
        (global.get $number))
    (func (export "call") (param i32) (result i32)
        (call_indirect (type $unary) (i32.const 7) (local.get 0)))
    (func (export "busy") (result i32)
        (drop (memory.grow (i32.const 1)))
        (drop (table.grow (ref.null func) (i32.const 1)))
        (table.init $late (i32.const 0) (i32.const 0) (i32.const 1))
        (elem.drop $late)
        (table.copy (i32.const 2) (i32.const 0) (i32.const 2))
        (memory.fill (i32.const 0) (i32.const 7) (i32.const 100))
        (memory.copy (i32.const 50) (i32.const 0) (i32.const 100))
        (call $log (i32.load (i32.const 8)))
        (drop (block $caught (result i32)
            (try_table (catch $thrown $caught) (call $throw))
            (i32.const 0)))
        (i32.add
            (call_indirect (type $unary) (i32.const 7) (i32.const 1))
            (call_indirect (type $unary) (i32.const 9) (i32.const 0)))))"#;

fn subject() -> Subject {
    Subject::new(frontend::translate(&wat::parse_str(TEXT).expect("valid")).expect("a program"))
}

fn run(
    executor: &mut dyn Observed,
    schedule: &str,
    calls: &[(&str, Option<u128>)],
    mode: Mode,
) -> Result<Report, RunError> {
    let call = |&(name, arg): &(&str, Option<u128>)| Call {
        export: name.to_owned(),
        args: arg.iter().map(|&arg| Some(arg)).collect(),
    };
    let request = Request {
        calls: calls.iter().map(call).collect(),
        mode,
        limits: LIMITS,
        reservations: Reservations::default(),
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    };
    let schedule = Schedule::from_json(schedule).expect("a schedule");
    subject().corrupted(schedule).run(executor, &request)
}

fn executors() -> Vec<Box<dyn Observed>> {
    vec![
        Box::new(Interpreter::new(Faults::default())),
        Box::new(native::jit(true)),
        Box::new(native::jit(false)),
        Box::new(Reference::default()),
    ]
}

/// What the last call comes to, which must be the same in every executor.
fn everywhere(schedule: &str, calls: &[(&str, Option<u128>)]) -> Outcome {
    let mut seen: Vec<(Vec<Outcome>, u64)> = Vec::new();
    for mut executor in executors() {
        let report = run(&mut *executor, schedule, calls, Mode::Exact).expect("a report");
        let outcomes = report.calls.iter().map(|outcome| match outcome {
            // Executors know more or less of where a trap was.
            Outcome::Trap { trap, .. } => Outcome::Trap { trap: *trap, site: None },
            other => other.clone(),
        });
        seen.push((outcomes.collect(), report.arena_digest.0));
        let written = report.written.iter().filter(|entry| entry.offset.is_some()).count();
        assert_eq!(written, 1, "the write is made in {}", executor.name());
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{schedule}: {seen:?}");
    seen[0].0.last().expect("one call").clone()
}

fn entry(event: &str, nth: u32, target: &str, value: &str) -> String {
    format!(
        r#"[{{"event": "{event}", "nth": {nth}, "target": {target}, "width": 4, "value": {value}}}]"#
    )
}

fn field(structure: &str, field: &str, index: u32) -> String {
    format!(r#"{{"structure": "{structure}", "field": "{field}", "index": {index}}}"#)
}

fn number(bits: u32) -> Outcome {
    Outcome::Values(vec![Value::new(ValType::I32, bits.into())])
}

fn trap(trap: Trap) -> Outcome {
    Outcome::Trap { trap, site: None }
}

const LENGTH: (&str, &str) = ("VMMemoryDefinition", "current_length");

#[test]
fn every_executor_sees_a_write_at_entry() {
    let calls = [("load", Some(16)), ("load", Some(16))];
    let length = field(LENGTH.0, LENGTH.1, 0);
    assert_eq!(
        everywhere(&entry("entry", 1, &length, r#""8""#), &calls),
        trap(Trap::HeapOutOfBounds)
    );
    let past = [("load", Some(0x2_0000))];
    let longer = entry("entry", 0, &length, r#"{"flip": 20}"#);
    assert_eq!(everywhere(&longer, &past), number(0), "in the arena, and nobody's yet");
    let endless = entry("entry", 0, &length, r#""4294967295""#);
    let calls = [("load", Some(0x7fff_ffff))];
    assert_eq!(everywhere(&endless, &calls), trap(Trap::HeapOutOfBounds), "past the arena's end");
}

#[test]
fn every_executor_sees_a_write_before_a_builtin_and_a_host_call() {
    let global = field("VMGlobalDefinition", "storage", 0);
    assert_eq!(everywhere(&entry("builtin", 0, &global, r#""77""#), &[("grow", None)]), number(77));
    let calls = [("logged", None), ("logged", None)];
    assert_eq!(everywhere(&entry("host_call", 1, &global, r#"{"old": 2}"#), &calls), number(7));
}

#[test]
fn every_executor_sees_a_write_between_a_load_of_the_runtime_and_its_use() {
    // The first call makes the element; what the second one reads is what it gets, so the
    // write is seen by the third.
    let element = entry(
        "load",
        0,
        &field("table", "1", 0),
        r#"{"offset_of":
        {"structure": "VMFuncRef", "field": "array_call", "index": 1}}"#,
    );
    let calls = [("call", Some(2)), ("call", Some(1))];
    let forged = everywhere(&element, &calls);
    assert!(matches!(forged, Outcome::Values(_) | Outcome::Trap { .. }), "{forged:?}");
}

#[test]
fn a_forged_code_index_reaches_no_function_of_another_signature() {
    let mut called = 0;
    for index in 0..16 {
        for func_ref in 0..3 {
            let target = field("VMFuncRef", "wasm_call", func_ref);
            let forged = entry("entry", 0, &target, &format!(r#"{{"code": {index}}}"#));
            for element in 1..3 {
                match everywhere(&forged, &[("call", Some(element))]) {
                    Outcome::Values(values) => {
                        called += 1;
                        assert!(
                            [14, 49].contains(&values[0].bits.expect("a number")),
                            "{values:?}"
                        );
                    }
                    other => assert_eq!(other, trap(Trap::BadCodeReference)),
                }
            }
        }
    }
    assert!(called > 0, "some are of the right signature");
}

#[test]
fn only_the_interpreter_writes_between_a_load_of_the_guest_and_its_use() {
    let length = field(LENGTH.0, LENGTH.1, 0);
    let calls = [("load", Some(16)), ("load", Some(16))];
    let schedule = entry("program_load", 0, &length, r#""8""#);
    for mode in [Mode::Exact, Mode::AsShipped] {
        let mut interpreter = Interpreter::new(Faults::default());
        let report = run(&mut interpreter, &schedule, &calls, mode).expect("a report");
        assert_eq!(report.calls[0], number(0), "it had read the length already");
        assert!(matches!(report.calls[1], Outcome::Trap { trap: Trap::HeapOutOfBounds, .. }));
        assert!(report.events.get(Event::ProgramLoad) >= 2);
        let native = run(&mut native::jit(true), &schedule, &calls, mode).expect("a report");
        assert_eq!(native.calls, [number(0), number(0)]);
    }
}

#[test]
fn the_runtime_fetches_nothing_twice_and_stands_whatever_it_reads() {
    // Each element is made when it is first called.
    let elements = (0..4).map(|element| ("call", Some(element)));
    let calls: Vec<_> = elements.chain([("busy", None), ("grow", None)]).collect();
    let mut interpreter = Interpreter::new(Faults::default());
    let counted = run(&mut interpreter, "[]", &calls, Mode::Exact).expect("a report");
    let loads = counted.events.get(Event::Load);
    assert!(loads >= 3, "there is something to attack: {:?}", counted.events);
    for nth in 0..loads {
        for value in [r#"{"flip": 0}"#, r#"{"flip": 31}"#, r#""0""#, r#""4294967295""#] {
            let schedule =
                entry("load", u32::try_from(nth).expect("few"), r#"{"loaded": true}"#, value);
            let report = run(&mut interpreter, &schedule, &calls, Mode::Exact).expect("a report");
            assert!(report.written[0].offset.is_some());
            let fault = report.calls.iter().find(|call| matches!(call, Outcome::RuntimeFault(_)));
            assert_eq!(fault, None, "{schedule}");
        }
    }
}

#[test]
fn a_schedule_that_does_not_fit_is_refused_before_anything_runs() {
    let mut interpreter = Interpreter::new(Faults::default());
    for (target, why) in [
        (field("VMTableDefinition", "base", 1), "there is no VMTableDefinition[1].base"),
        (field("VMMemoryDefinition", "size", 0), "there is no VMMemoryDefinition[0].size"),
        (field("table", "8", 0), "there is no table[0].8"),
        (r#"{"offset": 12}"#.to_owned(), "lie outside the arena"),
    ] {
        let schedule = entry("entry", 0, &target, r#""0""#);
        let refused = run(&mut interpreter, &schedule, &[], Mode::Exact).expect_err("refused");
        assert!(refused.to_string().contains(why), "{refused}");
    }
}

//! Runs that are taken apart between two calls and put together elsewhere.

mod native;

use std::time::Duration;

use engine::cage::{Base, OPPOSITE};
use engine::executor::Limits;
use engine::fault::Faults;
use engine::frontend;
use engine::interp::Interpreter;
use engine::jit::{Jit, JitConfig};
use engine::passes::Mode;
use engine::reference::Reference;
use engine::run::{Call, Imports, Observed, Outcome, Record, Report, Request, Snapshot, Subject};
use engine::runtime::{Ambush, GcHeapState, Reservations, StoreState};

const LIMITS: Limits =
    Limits { fuel: 1_000_000_000, deadline: Duration::from_secs(60), depth: 1_000 };

/// Everything that trusted state outside the arena is for: memories and tables that grow,
/// segments that are dropped, references of the host, objects that hold functions, a host
/// function whose answers depend on how often the host was called, and a write to the
/// store's page that waits for the builtin after the next one.
const PROGRAM: &str = r#"(module
    (import "env" "answer" (func $answer (param i32) (result i32)))
    (import "fencepost" "store32_in_builtin" (func $ambush (param i32 i32 i32)))
    (type $box (struct (field funcref)))
    (memory 1 10)
    (table $table 2 20 funcref)
    (elem $segment func $ask)
    (data $bytes "hello")
    (global $number (mut i32) (i32.const 5))
    (global $held (mut (ref null $box)) (ref.null $box))
    (func $ask (export "ask") (result i32) (call $answer (global.get $number)))
    (func (export "grow") (result i32)
        (drop (memory.grow (i32.const 1)))
        (table.grow $table (ref.func $ask) (i32.const 3)))
    (func (export "drop")
        (elem.drop $segment) (data.drop $bytes)
        (global.set $number (i32.const 77)))
    (func (export "hold") (global.set $held (struct.new $box (ref.func $ask))))
    (func (export "held") (result i32)
        (ref.is_null (struct.get $box 0 (global.get $held))))
    (func (export "lie in wait")
        (call $ambush (i32.const 1) (i32.const 0x10f00) (i32.const 99)))
    (func (export "store") (param i32) (i32.store (local.get 0) (i32.const 42)))
    (func (export "init")
        (table.init $table $segment (i32.const 0) (i32.const 0) (i32.const 1)))
    (func (export "same") (param externref) (result externref) (local.get 0))
    (func (export "call") (param i32) (result i32)
        (call_indirect $table (result i32) (local.get 0))))"#;

fn subject() -> Subject {
    let wasm = wat::parse_str(PROGRAM).expect("valid text");
    Subject::new(frontend::translate(&wasm).expect("a program"))
}

fn request(mode: Mode, len: usize) -> Request {
    let calls: [(&str, &[Option<u128>]); CALLS] = [
        ("ask", &[]),
        ("lie in wait", &[]),
        ("grow", &[]),
        ("store", &[Some(70_000)]),
        ("same", &[Some(9)]),
        ("hold", &[]),
        ("drop", &[]),
        ("init", &[]),
        ("call", &[Some(3)]),
        ("held", &[]),
        ("same", &[Some(8)]),
        ("store", &[Some(1 << 20)]),
        ("ask", &[]),
    ];
    let call = |(name, args): &(&str, &[Option<u128>])| Call {
        export: (*name).to_owned(),
        args: args.to_vec(),
    };
    Request {
        calls: calls[..len].iter().map(call).collect(),
        mode,
        limits: LIMITS,
        reservations: Reservations::default(),
        check_objects: true,
        gc_stress: false,
        imports: Imports::Stubs,
    }
}

const CALLS: usize = 13;

fn executors() -> [Box<dyn Observed>; 3] {
    [
        Box::new(Interpreter::new(Faults::default())),
        Box::new(native::jit(true)),
        Box::new(Reference::default()),
    ]
}

fn relocated() -> Jit {
    let config = JitConfig { base: Base::Opposite, ..JitConfig::default() };
    Jit::new(config).expect("an executor")
}

fn same(left: &Report, right: &Report) {
    assert_eq!(left.instantiation, right.instantiation);
    assert_eq!(left.calls, right.calls);
    assert_eq!(left.memories, right.memories);
    assert_eq!(left.tables, right.tables);
    assert_eq!(left.globals, right.globals);
    assert_eq!(left.host_calls, right.host_calls);
    assert_eq!((&left.traces, &right.traces), (&vec![], &vec![]));
    assert_eq!(left.arena_digest, right.arena_digest);
}

#[test]
fn a_run_goes_on_in_any_executor_as_if_nothing_had_happened() {
    let subject = subject();
    let whole = request(Mode::Exact, CALLS);
    let expected = subject.run(&mut Interpreter::new(Faults::default()), &whole).expect("a report");
    assert_eq!(expected.calls.len(), CALLS);
    let mut elsewhere = relocated();
    for first in &mut executors() {
        for len in 0..=CALLS {
            let (report, snapshot) =
                subject.save(&mut **first, &request(Mode::Exact, len)).expect("a report");
            assert_eq!(report.calls, expected.calls[..len]);
            let snapshot = through_data(&snapshot.expect("the run may go on"));
            let report = subject.resume(&mut elsewhere, &whole, &snapshot).expect("a report");
            same(&report, &expected);
            for second in &mut executors() {
                let report = subject.resume(&mut **second, &whole, &snapshot).expect("a report");
                same(&report, &expected);
            }
        }
    }
}

/// What is left of a snapshot that is written down and read again: all of it.
fn through_data(snapshot: &Snapshot) -> Snapshot {
    let record = Record::from_json(&snapshot.record.to_json()).expect("a record");
    assert_eq!(record, snapshot.record);
    Snapshot { record, pages: snapshot.pages.clone() }
}

#[test]
fn as_shipped_code_goes_on_too() {
    let subject = subject();
    let whole = request(Mode::AsShipped, CALLS);
    let expected = subject.run(&mut native::jit(true), &whole).expect("a report");
    for len in [1, 5, 9] {
        let (_, snapshot) =
            subject.save(&mut native::jit(true), &request(Mode::AsShipped, len)).expect("a report");
        let snapshot = snapshot.expect("the run may go on");
        same(
            &subject.resume(&mut native::jit(true), &whole, &snapshot).expect("a report"),
            &expected,
        );
    }
}

#[test]
fn the_bases_of_native_code_differ_in_every_bit_from_16_to_46() {
    let subject = subject();
    let whole = request(Mode::Exact, CALLS);
    let usual = subject.run(&mut native::jit(true), &whole).expect("a report");
    let relocated = subject.run(&mut relocated(), &whole).expect("a report");
    if std::env::var_os("FENCEPOST_TEST_NATIVE").is_none() {
        assert_eq!(usual.base ^ relocated.base, OPPOSITE);
    }
    same(&usual, &relocated);
}

fn snapshot(len: usize) -> Snapshot {
    let mut interpreter = Interpreter::new(Faults::default());
    let (_, snapshot) =
        subject().save(&mut interpreter, &request(Mode::Exact, len)).expect("a report");
    snapshot.expect("the run may go on")
}

fn refusal(snapshot: &Snapshot) -> String {
    let mut interpreter = Interpreter::new(Faults::default());
    let resumed = subject().resume(&mut interpreter, &request(Mode::Exact, CALLS), snapshot);
    resumed.expect_err("refused").to_string()
}

#[test]
fn what_is_trusted_is_checked_again() {
    let good = snapshot(6);
    let changed = |change: fn(&mut StoreState)| {
        let mut snapshot = good.clone();
        change(snapshot.record.store.as_mut().expect("a module has one"));
        refusal(&snapshot)
    };
    type Change = fn(&mut StoreState);
    let cases: [(&str, Change); 14] = [
        ("memory 0 of size 11, which is not from 1 to 10", |s| s.memories[0] = 11),
        ("memory 0 of size 0, which is not from 1 to 10", |s| s.memories[0] = 0),
        ("0 memories where there are 1", |s| s.memories.clear()),
        ("table 0 of size 21, which is not from 2 to 20", |s| s.tables[0] = 21),
        ("2 tables where there are 1", |s| s.tables.push(2)),
        ("2 instances where there are 1", |s| s.dropped_segments.push(vec![])),
        ("2 passive segments where there are 1", |s| s.dropped_segments[0].push(true)),
        ("a GC heap of a size that none has", |s| {
            s.gc_heap = Some(GcHeapState { half: 3 << 20, upper: true });
        }),
        ("a GC heap in one of the two only", |s| s.gc_heap = None),
        ("too many references, or one twice", |s| s.host_references.push(9)),
        ("a number that no reference of the host has", |s| s.host_references[0] = 1 << 32),
        ("a function reference that the store never made", |s| s.held_func_refs[0] += 1),
        ("a write that cannot wait for a builtin", |s| {
            s.ambushes.push(Ambush { lets_pass: 0, offset: 4, value: 0 });
        }),
        ("another number of logged host calls than were made", |s| s.host_calls_made = 3),
    ];
    for (expected, change) in cases {
        assert_eq!(changed(change), expected);
    }
}

#[test]
fn a_snapshot_of_another_run_is_refused() {
    let good = snapshot(5);
    let changed = |change: &dyn Fn(&mut Record)| {
        let mut snapshot = good.clone();
        change(&mut snapshot.record);
        refusal(&snapshot)
    };
    assert_eq!(changed(&|r| r.program.clear()), "it is of another program");
    assert_eq!(changed(&|r| r.mode = Mode::AsShipped), "it is of another kind of run");
    assert_eq!(changed(&|r| r.reservations.memory_bytes += 1), "it is of another kind of run");
    assert_eq!(
        changed(&|r| r.calls.resize(CALLS + 1, r.calls[0].clone())),
        "it has more calls behind it than there are"
    );
    assert_eq!(changed(&|r| r.store = None), "a module has a store, and nothing else does");
}

#[test]
fn a_run_that_has_ended_leaves_no_snapshot() {
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "end") (call $exit (i32.const 3))))"#;
    let wasm = wat::parse_str(text).expect("valid text");
    let subject = Subject::new(frontend::translate(&wasm).expect("a program"));
    let call = Call { export: "end".to_owned(), args: vec![] };
    let request = Request { calls: vec![call], ..request(Mode::Exact, 0) };
    let mut interpreter = Interpreter::new(Faults::default());
    let (report, snapshot) = subject.save(&mut interpreter, &request).expect("a report");
    assert_eq!((report.calls, snapshot), (vec![Outcome::Exit(3)], None));
}

//! One run of a program, from Wasm to report, as users of the crate see it.

mod native;

use std::path::Path;
use std::time::Duration;

use engine::executor::Limits;
use engine::fault::Faults;
use engine::frontend;
use engine::interp::Interpreter;
use engine::passes::Mode;
use engine::program::{Program, ValType};
use engine::run::{Call, Imports, Observed, Outcome, Report, Request, RunError, run};
use engine::runtime::{Reservations, Value, answers};
use engine::trap::Trap;

const LIMITS: Limits =
    Limits { fuel: 1_000_000_000_000, deadline: Duration::from_secs(60), depth: 5_000 };

/// Every executor in every kind of run.
fn everywhere(mut check: impl FnMut(&mut dyn Observed, Mode)) {
    let mut interpreter = Interpreter::new(Faults::default());
    for mode in [Mode::Exact, Mode::AsShipped] {
        check(&mut interpreter, mode);
    }
    for optimize in [true, false] {
        let mut jit = native::jit(optimize);
        for mode in [Mode::Exact, Mode::AsShipped] {
            check(&mut jit, mode);
        }
    }
}

fn program(text: &str) -> Program {
    frontend::translate(&wat::parse_str(text).expect("valid text")).expect("a program")
}

fn request(mode: Mode, calls: &[(&str, &[Option<u128>])]) -> Request {
    let call = |(name, args): &(&str, &[Option<u128>])| Call {
        export: (*name).to_owned(),
        args: args.to_vec(),
    };
    Request {
        calls: calls.iter().map(call).collect(),
        mode,
        limits: LIMITS,
        reservations: Reservations::default(),
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    }
}

fn report(executor: &mut dyn Observed, text: &str, request: &Request) -> Report {
    run(&program(text), executor, request).expect("a report")
}

fn i32s(values: &[u32]) -> Outcome {
    let value = |&bits: &u32| Value::new(ValType::I32, bits.into());
    Outcome::Values(values.iter().map(value).collect())
}

/// Runs a program of the benchmark suite: it must end well everywhere, and leave the same
/// memory.
fn benchmark(name: &str, tried: impl Fn(&dyn Observed, Mode) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/bench").join(name);
    let wasm = std::fs::read(folder.join(format!("{name}.wasm"))).expect("part of the project");
    let program = frontend::translate(&wasm).expect("a program");
    let mut digests = Vec::new();
    everywhere(|executor, mode| {
        if !tried(executor, mode) {
            return;
        }
        let report = run(&program, executor, &request(mode, &[("_start", &[])])).expect("a report");
        let ended = report.calls.last().expect("one call");
        let well = matches!(ended, Outcome::Exit(0) | Outcome::Values(_));
        assert!(well, "{name} in {}, {mode:?}: {ended:?}", executor.name());
        let names: Vec<&str> = report.host_calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names[..2], ["start", "end"], "{name}");
        assert_eq!(report.traces, []);
        digests.push(report.memories[0].digest);
    });
    digests.dedup();
    assert_eq!(digests.len(), 1, "{name} leaves different memories");
}

#[test]
fn keccak_ends_well_everywhere() {
    benchmark("shootout-keccak", |_, _| true);
}

/// Four thousand million interpreted operations: once is enough.
#[test]
fn heapsort_ends_well_everywhere() {
    benchmark("shootout-heapsort", |executor, mode| {
        executor.name() != "interpreter" || mode == Mode::AsShipped
    });
}

#[test]
fn a_report_shows_all_state() {
    const TEXT: &str = r#"(module
        (import "env" "log" (func $log (param i32 i64) (result i32)))
        (memory (export "memory") 1 2)
        (table $functions (export "functions") 3 funcref)
        (table $hosts 2 externref)
        (elem (table $functions) (i32.const 1) func $set)
        (global (export "counter") (mut i32) (i32.const 40))
        (global $held (mut externref) (ref.null extern))
        (func $set (export "set") (param externref) (result i32)
            (global.set $held (local.get 0))
            (table.set $hosts (i32.const 1) (local.get 0))
            (global.set 0 (i32.add (global.get 0) (i32.const 2)))
            (i32.store8 (i32.const 65535) (i32.const 7))
            (drop (memory.grow (i32.const 1)))
            (call $log (global.get 0) (i64.const -1)))
        (func (export "self") (result funcref) (table.get $functions (i32.const 1))))"#;
    everywhere(|executor, mode| {
        let request = request(mode, &[("set", &[Some(6)]), ("self", &[])]);
        let report = report(executor, TEXT, &request);
        assert_eq!(report.instantiation, Outcome::Values(vec![]));
        let args = [42, u128::from(u64::MAX)];
        let answer = answers("env", "log", &args, 0, &[ValType::I32]);
        assert_eq!(report.calls[0], Outcome::Values(vec![Value::new(ValType::I32, answer[0])]));
        let set = Value::new(ValType::FuncRef, 1);
        assert_eq!(report.calls[1], Outcome::Values(vec![set]), "a function by its position");
        assert_eq!(report.memories[0].pages, 2);
        let mut bytes = vec![0; 2 << 16];
        bytes[65535] = 7;
        assert_eq!(report.memories[0].digest, xxhash_rust::xxh3::xxh3_64(&bytes));
        assert_eq!(report.tables[0].elements, [None, Some(1), None]);
        assert_eq!(report.tables[1].elements, [None, Some(6)]);
        assert_eq!(report.globals[0].value, Value::new(ValType::I32, 42));
        assert_eq!(report.globals[1].value, Value::new(ValType::ExternRef, 6));
        let args = [Value::new(ValType::I32, 42), Value::new(ValType::I64, u64::MAX.into())];
        assert_eq!(report.host_calls[0].args, args);
        assert!(report.traces.is_empty());
    });
}

#[test]
fn exact_runs_leave_equal_arenas_in_all_executors() {
    const TEXT: &str = r#"(module (memory 1) (table 2 funcref) (elem (i32.const 0) func $f)
        (func $f (export "f") (param i32) (result f64)
            (f64.store offset=4 (local.get 0) (f64.div (f64.const 0) (f64.const 0)))
            (drop (table.grow (ref.func $f) (i32.const 3)))
            (f64.load offset=4 (local.get 0))))"#;
    let mut digests = Vec::new();
    everywhere(|executor, mode| {
        if mode == Mode::Exact {
            let report = report(executor, TEXT, &request(mode, &[("f", &[Some(16)])]));
            assert!(matches!(report.calls[0], Outcome::Values(_)));
            digests.push(report.arena_digest);
        }
    });
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[test]
fn a_trap_says_where_and_the_next_call_is_made() {
    const TEXT: &str = r#"(module (memory 1)
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "div") (param i32) (result i32)
            (i32.div_u (i32.const 6) (local.get 0))))"#;
    everywhere(|executor, mode| {
        let calls: &[(&str, &[Option<u128>])] =
            &[("load", &[Some(65533)]), ("div", &[Some(0)]), ("div", &[Some(2)])];
        let report = report(executor, TEXT, &request(mode, calls));
        let Outcome::Trap { trap: Trap::HeapOutOfBounds, site: Some(site) } = &report.calls[0]
        else {
            panic!("{:?}", report.calls[0]);
        };
        assert!(site.contains("load") && site.contains("Memory"), "{site}");
        let zero = Outcome::Trap { trap: Trap::IntegerDivisionByZero, site: None };
        assert_eq!(report.calls[1], zero);
        assert_eq!(report.calls[2], i32s(&[3]));
    });
}

#[test]
fn a_trap_of_the_start_function_is_the_outcome_of_instantiation() {
    const TEXT: &str = r#"(module (memory (export "m") 1) (func (export "f")) (start $s)
        (func $s (i32.store8 (i32.const 1) (i32.const 5)) (unreachable)))"#;
    everywhere(|executor, mode| {
        let report = report(executor, TEXT, &request(mode, &[("f", &[])]));
        let trapped = Outcome::Trap { trap: Trap::Unreachable, site: None };
        assert_eq!(report.instantiation, trapped);
        assert!(report.calls.is_empty());
        let mut bytes = vec![0; 1 << 16];
        bytes[1] = 5;
        assert_eq!(report.memories[0].digest, xxhash_rust::xxh3::xxh3_64(&bytes));
    });
}

#[test]
fn imports_of_state_are_provided() {
    const TEXT: &str = r#"(module
        (import "env" "memory" (memory 1 2)) (import "env" "table" (table 4 funcref))
        (import "env" "count" (global (mut i64))) (import "env" "held" (global externref))
        (func (export "f") (result i32)
            (global.set 0 (i64.const 9)) (table.set (i32.const 2) (ref.func $g))
            (i32.store (i32.const 0) (memory.grow (i32.const 1))) (memory.size))
        (func $g (export "g")))"#;
    everywhere(|executor, mode| {
        let report = report(executor, TEXT, &request(mode, &[("f", &[])]));
        assert_eq!(report.calls[0], i32s(&[2]));
        assert_eq!(report.memories[0].pages, 2);
        assert_eq!(report.tables[0].elements, [None, None, Some(1), None]);
        assert_eq!(report.globals[0].value, Value::new(ValType::I64, 9));
        assert_eq!(report.globals[1].value, Value::zero(ValType::ExternRef));
    });
}

#[test]
fn many_parameters_and_results_cross_both_ways() {
    for (ty, bits) in [(ValType::I64, 64), (ValType::F32, 32), (ValType::V128, 128)] {
        many_of(ty, bits);
    }
}

/// Far more values of one type than any convention has registers for.
fn many_of(ty: ValType, bits: u32) {
    let count = 24;
    let each = |text: &str| text.repeat(count);
    let gets: String = (0..count).map(|n| format!("(local.get {n})")).collect();
    let text = format!(
        r#"(module (type $t (func (param{p}) (result{p})))
            (import "env" "host" (func $host (type $t)))
            (func $id (type $t) {gets})
            (func (export "direct") (type $t) {gets} (call $id))
            (table funcref (elem $id $host))
            (func (export "indirect") (type $t) {gets} (call_indirect (type $t) (i32.const 0)))
            (func (export "host") (type $t) {gets} (call_indirect (type $t) (i32.const 1))))"#,
        p = each(&format!(" {}", ty.name()))
    );
    let mask = u128::MAX >> (128 - bits);
    let args: Vec<Option<u128>> =
        (0..24).map(|n| Some((n * (0x0123 << 112 | 7 << 40 | 9)) & mask)).collect();
    let values = |bits: &[Option<u128>]| {
        let value = |&bits: &Option<u128>| Value { ty, bits };
        Outcome::Values(bits.iter().map(value).collect())
    };
    everywhere(|executor, mode| {
        let calls: &[(&str, &[Option<u128>])] =
            &[("direct", &args), ("indirect", &args), ("host", &args)];
        let report = report(executor, &text, &request(mode, calls));
        assert_eq!(report.calls[0], values(&args));
        assert_eq!(report.calls[1], values(&args));
        let slots: Vec<u128> = args.iter().flatten().copied().collect();
        let answered = answers("env", "host", &slots, 0, &[ty; 24]).into_iter().map(Some);
        assert_eq!(report.calls[2], values(&answered.collect::<Vec<_>>()));
        let logged: Vec<_> = report.host_calls[0].args.iter().map(|value| value.bits).collect();
        assert_eq!(logged, args);
    });
}

#[test]
fn every_access_of_a_correct_program_lies_in_its_object() {
    const TEXT: &str = r#"(module
        (import "env" "memory" (memory 1 3)) (import "env" "table" (table 2 funcref))
        (table $own 3 5 funcref) (table $hosts 1 externref) (global $g (mut v128) (v128.const i64x2 1 2))
        (memory $second 1)
        (elem $e func $f $h) (data $d "bytes")
        (func $f (export "f") (param externref) (result i32)
            (memory.init $d (i32.const 9) (i32.const 0) (i32.const 5))
            (table.init $own $e (i32.const 0) (i32.const 0) (i32.const 2))
            (drop (table.grow $own (ref.func $h) (i32.const 2)))
            (table.set 0 (i32.const 1) (table.get $own (i32.const 4)))
            (table.set $hosts (i32.const 0) (local.get 0))
            (drop (memory.grow (i32.const 1)))
            (i64.store (i32.const 131064) (i64.load (i32.const 9)))
            (global.set $g (v128.load (i32.const 131056)))
            (v128.store $second (i32.const 65520) (global.get $g))
            (memory.copy $second 0 (i32.const 0) (i32.const 131024) (i32.const 48))
            (call_indirect $own (result i32) (i32.const 1)))
        (func $h (result i32) (i32.load8_u (i32.const 131064))))"#;
    let mut interpreter = Interpreter::new(Faults::default());
    let mut request = request(Mode::AsShipped, &[("f", &[Some(3)])]);
    request.check_objects = true;
    let seen = report(&mut interpreter, TEXT, &request);
    assert_eq!(seen.calls[0], i32s(&[u32::from(b'b')]));
    assert_eq!(seen.traces, []);
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    const TEXT: &str = "(module (memory (export \"m\") 1) (func (export \"f\") (param i32)))";
    everywhere(|executor, mode| {
        let arguments: [(&str, &[Option<u128>]); 5] =
            [("g", &[]), ("m", &[]), ("f", &[]), ("f", &[None]), ("f", &[Some(1 << 32)])];
        for call in arguments {
            let refused = run(&program(TEXT), executor, &request(mode, &[call]));
            assert!(matches!(refused, Err(RunError::Request(_))), "{call:?}: {refused:?}");
        }
    });
}

#[test]
fn a_memory_above_the_limit_is_unsupported() {
    let text = "(module (memory 65536))";
    everywhere(|executor, mode| {
        let refused = run(&program(text), executor, &request(mode, &[]));
        let Err(RunError::Unsupported(what)) = refused else { panic!("{refused:?}") };
        assert!(what.starts_with("memory limit"), "{what}");
    });
}

#[test]
fn endless_programs_are_stopped() {
    const TEXT: &str = r#"(module (func (export "loop") (loop (br 0)))
        (func $r (export "recurse") (call $r)))"#;
    everywhere(|executor, mode| {
        let mut request = request(mode, &[("loop", &[]), ("recurse", &[])]);
        request.limits.deadline = Duration::from_millis(50);
        request.limits.fuel = 1_000_000;
        let report = report(executor, TEXT, &request);
        let traps: Vec<_> = report
            .calls
            .iter()
            .map(|outcome| match outcome {
                Outcome::Trap { trap, .. } => *trap,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(matches!(traps[0], Trap::Interrupt | Trap::OutOfFuel), "{traps:?}");
        assert_eq!(traps[1], Trap::StackOverflow);
    });
}

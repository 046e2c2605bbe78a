//! Calls, tail calls, branch tables, depth and fuel.

use super::*;

const CALLS: &str = "
function u0:0(i32, i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
block0(v0: i32, v1: i32):
    v2 = call_indirect sig0, v0(v1)
    return v2
}
function u0:1(i32) -> i32 tail {
block0(v0: i32):
    v201 = iconst.i32 1
    v1 = iadd v0, v201
    return v1
}
function u0:2(i64) -> i32 tail {
block0(v0: i64):
    v1 = ireduce.i32 v0
    return v1
}
function u0:3(i32, i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
block0(v0: i32, v1: i32):
    return_call_indirect sig0, v0(v1)
}";

#[test]
fn an_indirect_call_reaches_code_of_the_expected_signature_only() {
    for mode in MODES {
        let mut bench = Bench::with(CALLS, mode);
        for caller in [1, 4] {
            assert_eq!(bench.call(caller, &[2, 41]), Ok(vec![42]));
            for index in [0, 1, 3, 5, 0x7fff_ffff, 0x8000_0000, 0xc000_0001, 0xffff_ffff] {
                let site = (caller == 4).into();
                assert_eq!(bench.trap(caller, &[index, 41]), (Trap::BadCodeReference, Some(site)));
            }
        }
        assert_eq!(bench.interpreter.counts().indirect_calls, 18);
    }
}

#[test]
fn arguments_and_results_pass_by_stack_and_through_tail_calls() {
    let ints = ["i32"; 40].join(", ");
    let params: Vec<_> = (0..40).map(|n| format!("v{n}: i32")).collect();
    let reversed: Vec<_> = (0..40).rev().map(|n| format!("v{n}")).collect();
    let clif = format!(
        "function u0:0({ints}) -> i32, i32, f64 tail {{
    fn0 = u0:1({ints}) -> i32, i32, f64 tail
    fn1 = u0:2(i64) -> i64 tail
block0({params}):
    v50 = uextend.i64 v3
    v51 = call fn1(v50)
    v52 = ireduce.i32 v51
    v53, v54, v55 = call fn0({reversed})
    v56 = iadd v53, v52
    return v56, v54, v55
}}
function u0:1({ints}) -> i32, i32, f64 tail {{
    fn0 = u0:3(i32, i32) -> i32, i32, f64 tail
block0({params}):
    v50 = isub v0, v39
    v51 = isub v16, v20
    return_call fn0(v50, v51)
}}
function u0:2(i64) -> i64 tail {{
    fn0 = u0:4(i64, {ints}) -> i64 tail
block0(v0: i64):
    v1 = iconst.i32 7
    return_call fn0(v0, {sevens})
}}
function u0:3(i32, i32) -> i32, i32, f64 tail {{
block0(v0: i32, v1: i32):
    v2 = f64const 0x1.8p1
    return v0, v1, v2
}}
function u0:4(i64, {ints}) -> i64 tail {{
block0(v100: i64, {params}):
    v101 = iadd v0, v39
    v102 = uextend.i64 v101
    v103 = iadd v100, v102
    return v103
}}",
        params = params.join(", "),
        reversed = reversed.join(", "),
        sevens = ["v1"; 40].join(", "),
    );
    for mode in MODES {
        let mut bench = Bench::with(&clif, mode);
        let args: Vec<Slot> = (0..40).map(|n| n * n).collect();
        // 39^2 - 0 + (3^2 + 14), and 23^2 - 19^2: the arguments arrive reversed.
        let expected = vec![1521 + 23, 529 - 361, 3f64.to_bits().into()];
        assert_eq!(bench.call(1, &args), Ok(expected));
    }
}

const FIB: &str = "
function u0:0(i32) -> i32 tail {
    fn0 = u0:0(i32) -> i32 tail
block0(v0: i32):
    v202 = iconst.i32 2
    v1 = icmp ult v0, v202
    brif v1, block2, block1
block1:
    v203 = iconst.i32 -1
    v2 = iadd v0, v203
    v3 = call fn0(v2)
    v204 = iconst.i32 -2
    v4 = iadd v0, v204
    v5 = call fn0(v4)
    v6 = iadd v3, v5
    return v6
block2:
    return v0
}";

#[test]
fn the_depth_limit_falls_on_the_call_that_exceeds_it() {
    let mut bench = Bench::with(FIB, Mode::Exact);
    let with_depth = |depth| Limits { depth, ..LIMITS };
    // fib(9) nests fib(9) to fib(1): nine calls.
    assert_eq!(bench.serve(&mut NoServices, 1, &[9], with_depth(9)), Ok(vec![34]));
    for depth in [0, 1, 8] {
        let ended = bench.serve(&mut NoServices, 1, &[9], with_depth(depth));
        assert!(
            matches!(&ended, Err(Stop::Trap(report)) if report.trap == Trap::StackOverflow),
            "{ended:?}"
        );
    }
}

#[test]
fn fuel_counts_every_op() {
    let mut bench = Bench::with(FIB, Mode::Exact);
    assert_eq!(bench.call(1, &[12]), Ok(vec![144]));
    let ops = bench.interpreter.counts().ops;
    let exactly = bench.serve(&mut NoServices, 1, &[12], Limits { fuel: ops, ..LIMITS });
    assert_eq!(exactly, Ok(vec![144]));
    let one_less = bench.serve(&mut NoServices, 1, &[12], Limits { fuel: ops - 1, ..LIMITS });
    assert!(matches!(&one_less, Err(Stop::Trap(r)) if r.trap == Trap::OutOfFuel), "{one_less:?}");
    assert_eq!(bench.interpreter.counts().ops, 3 * ops - 1);
}

#[test]
fn the_machine_stack_overflows_as_a_trap() {
    let ints = ["i64"; 60].join(", ");
    let params: Vec<_> = (0..60).map(|n| format!("v{n}: i64")).collect();
    let values: Vec<_> = (0..60).map(|n| format!("v{n}")).collect();
    let clif = format!(
        "function u0:0({ints}) -> i64 tail {{
    fn0 = u0:0({ints}) -> i64 tail
block0({}):
    v100 = call fn0({})
    v101 = iadd v100, v59
    return v101
}}",
        params.join(", "),
        values.join(", ")
    );
    let mut bench = Bench::with(&clif, Mode::Exact);
    let limits = Limits { depth: u32::MAX, fuel: u64::MAX, ..LIMITS };
    let ended = bench.serve(&mut NoServices, 1, &[1; 60], limits);
    assert!(matches!(&ended, Err(Stop::Trap(r)) if r.trap == Trap::StackOverflow), "{ended:?}");
}

#[test]
fn a_branch_table_takes_its_default_beyond_its_end() {
    let clif = "
function u0:0(i32) -> i32 tail {
block0(v0: i32):
    br_table v0, block9, [block1, block2, block1]
block1:
    v1 = iconst.i32 10
    return v1
block2:
    v2 = iconst.i32 20
    return v2
block9:
    v9 = iconst.i32 90
    return v9
}";
    let mut bench = Bench::with(clif, Mode::Exact);
    let taken = [0, 1, 2, 3, 4, 0x8000_0000, 0xffff_ffff].map(|index| bench.call(1, &[index]));
    assert_eq!(taken, [10, 20, 10, 90, 90, 90, 90].map(|value| Ok(vec![value])));
}

/// An address of the machine itself, which is refused.
const STACK_ADDRESS: &str = "function u0:0() -> i32 tail {
    ss0 = explicit_slot 8
block0:
    v0 = stack_addr.i32 ss0
    return v0
}";

#[test]
fn what_the_interpreter_lacks_is_refused_when_a_program_is_loaded() {
    let refused = |clif: &str| Bench::empty(None).load(clif, Mode::Exact);
    let short_vector = "function u0:0(i16x4) tail { block0(v0: i16x4): return }";
    let misdeclared = "function u0:0() tail {
    fn0 = u0:0(i32) tail
block0:
    v0 = iconst.i32 1
    call fn0(v0)
    return
}";
    for (clif, reason) in [
        (short_vector, "type i16x4"),
        (STACK_ADDRESS, "stack_addr"),
        (misdeclared, "a call to u0:0"),
    ] {
        let result = refused(clif);
        assert!(
            matches!(&result, Err(LoadError::Unsupported(what)) if what.contains(reason)),
            "{result:?}"
        );
    }
}

#[test]
fn a_refused_program_leaves_the_executor_as_it_was() {
    let mut bench = Bench::with(FIB, Mode::Exact);
    let before = bench.interpreter.code.instructions.len();
    let good_then_bad = format!("{FIB} {STACK_ADDRESS}");
    assert!(bench.load(&good_then_bad, Mode::Exact).is_err());
    assert_eq!(bench.interpreter.code.instructions.len(), before);
    bench.load(CALLS, Mode::AsShipped).expect("a second program");
    assert_eq!(bench.call(1, &[10]), Ok(vec![55]));
    assert_eq!(bench.call(2, &[3, 1]), Ok(vec![2]));
}

/// Pulley's backend panics on this at 0.135.8. When it no longer does, another input
/// that makes it panic is needed here.
#[test]
fn a_panic_of_the_compiler_is_a_compile_failure_and_leaves_it_usable() {
    let clif = "function u0:0(i32) -> i128 tail {
block0(v0: i32):
    v1 = load.i128 user6 v0
    return v1
}";
    let mut bench = Bench::with(FIB, Mode::Exact);
    let result = bench.load(clif, Mode::Exact);
    assert!(
        matches!(&result, Err(LoadError::CompileFailure(what)) if what.contains("panic")),
        "{result:?}"
    );
    bench.load(FIB, Mode::Exact).expect("the compiler still works");
    assert_eq!(bench.call(2, &[10]), Ok(vec![55]));
}

#[test]
fn a_call_with_handlers_is_a_call() {
    let clif = "function u0:0(i32, i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
block0(v0: i32, v1: i32):
    try_call_indirect v0(v1), sig0, block1(ret0), [ default: block2(exn0) ]
block1(v2: i32):
    return v2
block2(v3: i32):
    v4 = iconst.i32 -1
    return v4
}
function u0:1(i32) -> i32 tail {
block0(v0: i32):
    v1 = bnot v0
    return v1
}";
    let mut bench = Bench::with(clif, Mode::Exact);
    assert_eq!(bench.call(1, &[2, 0]), Ok(vec![0xffff_ffff]));
    assert_eq!(bench.trap(1, &[1, 0]).0, Trap::BadCodeReference);
}

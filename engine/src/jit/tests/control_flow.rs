//! Calls, and the ways in which guest code is stopped.

use std::time::Instant;

use super::*;
use crate::executor::Access;

const FIB: &str = "function u0:0(i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
    fn0 = colocated u0:0 sig0
block0(v0: i32):
    v10 = iconst.i32 2
    v1 = icmp ult v0, v10
    brif v1, block1(v0), block2
block1(v2: i32):
    return v2
block2:
    v11 = iconst.i32 1
    v3 = isub v0, v11
    v4 = call fn0(v3)
    v12 = iconst.i32 2
    v5 = isub v0, v12
    v6 = call fn0(v5)
    v7 = iadd v4, v6
    return v7
}";

const RECURSE: &str = "function u0:0(i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
    fn0 = u0:0 sig0
block0(v0: i32):
    v10 = iconst.i32 1
    v1 = iadd v0, v10
    v2 = call fn0(v1)
    v3 = iadd v2, v0
    return v3
}";

const FOREVER: &str = "function u0:0(i32) tail {
block0(v0: i32):
    jump block1
block1:
    jump block1
}";

#[test]
fn direct_calls_work_near_and_far() {
    for optimize in [false, true] {
        for clif in [FIB.to_owned(), FIB.replace("colocated ", "")] {
            let mut bench = Bench::new(JitConfig { optimize, ..JitConfig::default() });
            bench.load(&clif, Mode::Exact).expect("a program that compiles");
            assert_eq!(bench.call(1, &[20]), Ok(vec![6765]));
        }
    }
}

#[test]
fn divisions_trap_with_their_own_codes() {
    let clif = "function %f(i32, i32) -> i32 tail {
block0(v0: i32, v1: i32):
    v2 = sdiv v0, v1
    return v2
}";
    let mut bench = Bench::with(clif, Mode::Exact);
    assert_eq!(bench.call(1, &[7, 2]), Ok(vec![3]));
    assert_eq!(bench.trap(1, &[7, 0]).0, Trap::IntegerDivisionByZero);
    assert_eq!(bench.trap(1, &[0x8000_0000, 0xffff_ffff]).0, Trap::IntegerOverflow);
}

#[test]
fn deep_recursion_is_a_trap_and_the_next_call_works() {
    let mut bench = Bench::with(&format!("{RECURSE}\n{FOREVER}"), Mode::AsShipped);
    for _ in 0..3 {
        let Err(Stop::Trap(report)) = bench.call(1, &[1]) else { panic!("expected a trap") };
        assert_eq!((report.trap, report.program), (Trap::StackOverflow, Some(0)));
        assert_eq!(report.function, Some(FuncId(0)));
    }
}

#[test]
fn the_guard_catches_a_stack_overflow_that_the_check_misses() {
    let clif = "function u0:0(i32, i64 vmctx) -> i32 tail {
    sig0 = (i32, i64 vmctx) -> i32 tail
    fn0 = u0:0 sig0
block0(v0: i32, v1: i64):
    v2 = call fn0(v0, v1)
    v3 = iadd v2, v0
    return v3
}";
    let mut bench = Bench::new(JitConfig::default());
    bench.load_native(clif, Mode::Exact);
    for _ in 0..3 {
        assert_eq!(bench.trap(1, &[1]).0, Trap::StackOverflow);
    }
}

#[test]
fn a_frame_beyond_the_cap_is_refused() {
    let many: String =
        (0..9000).map(|i| format!("    v{} = load.i64 v0+{}\n", i + 1, i * 8)).collect();
    let uses: String =
        (0..9000).map(|i| format!("    store.i64 v{}, v0+{}\n", 9000 - i, i * 8)).collect();
    let clif = format!("function %f(i32) tail {{\nblock0(v0: i32):\n{many}{uses}    return\n}}");
    let config = JitConfig { optimize: false, ..JitConfig::default() };
    let refused = Bench::new(config).load(&clif, Mode::Exact);
    assert!(
        matches!(&refused, Err(LoadError::Unsupported(what)) if what.contains("frame")),
        "{refused:?}"
    );
}

#[test]
fn a_loop_without_end_is_stopped_at_the_deadline() {
    let mut bench = Bench::with(FOREVER, Mode::Exact);
    for _ in 0..3 {
        let start = Instant::now();
        let limits = Limits { deadline: Duration::from_millis(30), ..LIMITS };
        let stop = bench.jit.call(&bench.table, &mut NoServices, CodeIndex(1), &[0], limits);
        let Err(Stop::Trap(report)) = stop else { panic!("expected a trap, got {stop:?}") };
        // A cell is killed, so nobody knows where it was.
        let function = if in_cell() { None } else { Some(FuncId(0)) };
        assert_eq!((report.trap, report.function), (Trap::Interrupt, function));
        assert!((30..10_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }
}

const INDIRECT: &str = "function %f(i32, i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
block0(v0: i32, v1: i32):
    v2 = call_indirect sig0, v0(v1)
    return v2
}
function %square(i32) -> i32 tail {
block0(v0: i32):
    v1 = imul v0, v0
    return v1
}
function %wide(i64) -> i64 tail {
block0(v0: i64):
    return v0
}";

#[test]
fn indirect_calls_reach_entries_of_their_signature_only() {
    for mode in MODES {
        let mut bench = Bench::with(INDIRECT, mode);
        assert_eq!(bench.call(1, &[2, 9]), Ok(vec![81]));
        for code in [0, 1, 3, 4, 0xffff, 0x1_0000, 0x1_0002, 0x8000_0002, 0xffff_ffff] {
            assert_eq!(bench.trap(1, &[code, 9]).0, Trap::BadCodeReference, "{code:#x}");
        }
    }
}

#[test]
fn a_call_of_entry_0_traps() {
    let mut bench = Bench::with(INDIRECT, Mode::Exact);
    assert_eq!(bench.trap(0, &[]).0, Trap::BadCodeReference);
}

#[test]
fn the_stub_behind_entry_0_traps() {
    let clif = "function %f(i64, i64 vmctx) tail {
    sig0 = () tail
block0(v0: i64, v1: i64):
    v2 = load.i64 v0
    call_indirect sig0, v2()
    return
}";
    let mut bench = Bench::new(JitConfig::default());
    bench.load_native(clif, Mode::Exact);
    let table = bench.jit.process().table.address();
    assert_eq!(bench.trap(1, &[table.into()]).0, Trap::BadCodeReference);
}

/// Calls the address that it is given.
const JUMP: &str = "function %f(i64, i64 vmctx) tail {
    sig0 = () tail
block0(v0: i64, v1: i64):
    call_indirect sig0, v0()
    return
}";

#[test]
fn jumps_out_of_the_code_are_escapes() {
    let mut bench = Bench::new(JitConfig::default());
    bench.load_native(JUMP, Mode::Exact);
    let base = bench.jit.cage().base();
    for (target, offset) in
        [(base + 0x1_0000, 0x1_0000), (base + (5 << 30), 5 << 30), (8, 8 - i128::from(base))]
    {
        let escape = bench.escape(1, &[target.into()]);
        assert_eq!((escape.access, escape.offset), (Access::Execute, offset), "{target:#x}");
    }
    let escape = bench.escape(1, &[1 << 62]);
    assert_eq!((escape.access, escape.function), (Access::Execute, Some(FuncId(0))));
}

#[test]
fn calls_with_another_signature_than_the_callee_has_are_not_linked() {
    let clif = FIB.replacen("sig0 = (i32) -> i32", "sig0 = (i32) -> i64", 1);
    let clif = clif.replace("iadd v4, v6", "ireduce.i32 v4");
    let refused = Bench::new(JitConfig::default()).load(&clif, Mode::Exact);
    assert!(
        matches!(&refused, Err(LoadError::Unsupported(what)) if what.contains("u0:0")),
        "{refused:?}"
    );
}

#[test]
fn results_wider_than_one_register_come_back() {
    let clif =
        "function %f(i8, i16, f32, f64, i64x2, i128) -> i128, i64x2, f64, f32, i16, i8 tail {
block0(v0: i8, v1: i16, v2: f32, v3: f64, v4: i64x2, v5: i128):
    return v5, v4, v3, v2, v1, v0
}";
    let mut bench = Bench::with(clif, Mode::Exact);
    let wide: Slot = 0x0123_4567_89ab_cdef_1122_3344_5566_7788;
    let args = [0xfe, 0xfedc, 0x7fc0_0001, 0x7ff8_0000_0000_0001, wide, !wide];
    let reversed: Vec<Slot> = args.iter().rev().copied().collect();
    assert_eq!(bench.call(1, &args), Ok(reversed));
}

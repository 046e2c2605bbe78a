//! Where accesses may go, and what is said of those that go elsewhere.

use super::*;
use crate::executor::Access;

const LOAD: &str = "function %load(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 user6 v0+8
    return v1
}";

const STORE: &str = "function %store(i32, i64) tail {
block0(v0: i32, v1: i64):
    store.i64 notrap v1, v0
    return
}";

#[test]
fn accesses_inside_read_and_write_the_arena() {
    for mode in MODES {
        let mut bench = Bench::with(&format!("{STORE}\n{LOAD}"), mode);
        bench.call(1, &[0x1_0100, 0x1122_3344_5566_7788]).expect("inside");
        assert_eq!(bench.jit.arena().load_u32(0x1_0104), Ok(0x1122_3344));
        assert_eq!(bench.call(2, &[0x1_00f8]), Ok(vec![0x5566_7788]));
    }
}

#[test]
fn the_null_page_and_the_end_trap_with_the_code_and_site_of_the_access() {
    for mode in MODES {
        let mut bench = Bench::with(&format!("{STORE}\n{LOAD}"), mode);
        let end = u128::from(bench.jit.arena().len());
        for offset in [0, 0xfff4, end - 11, end, 0xffff_ffff] {
            let trap = (Trap::TableOutOfBounds, Some(SiteId(1)));
            assert_eq!(bench.trap(2, &[offset]), trap, "{offset:#x} {mode:?}");
        }
        for offset in [0, 0xfff9, end - 7, 0xffff_ffff] {
            let trap = (Trap::ArenaOutOfBounds, Some(SiteId(0)));
            assert_eq!(bench.trap(1, &[offset, 0]), trap, "{offset:#x} {mode:?}");
        }
    }
}

#[test]
fn a_store_across_the_end_leaves_no_trace() {
    let mut bench = Bench::with(STORE, Mode::Exact);
    let end = bench.jit.arena().len();
    bench.trap(1, &[u128::from(end) - 4, u128::MAX >> 64]);
    assert_eq!(bench.jit.arena().load_u32(end - 4), Ok(0));
}

#[test]
fn a_displacement_is_part_of_correct_reach_as_shipped() {
    let clif = "function %f(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 notrap v0+0x7fff_fff0
    v2 = load.i32 notrap v0-0x7fff_fff0
    v3 = iadd v1, v2
    return v3
}";
    let mut bench = Bench::with(clif, Mode::AsShipped);
    assert_eq!(bench.trap(1, &[0xffff_ffff]), (Trap::ArenaOutOfBounds, Some(SiteId(0))));
    assert_eq!(bench.trap(1, &[4]), (Trap::ArenaOutOfBounds, Some(SiteId(0))));
}

#[test]
fn a_negative_displacement_is_part_of_correct_reach_as_shipped() {
    let clif = "function %f(i32) tail {
block0(v0: i32):
    store.i32 notrap v0, v0-0x7fff_fff0
    return
}";
    let mut bench = Bench::with(clif, Mode::AsShipped);
    assert_eq!(bench.trap(1, &[4]), (Trap::ArenaOutOfBounds, Some(SiteId(0))));
    let mut bench = Bench::with(clif, Mode::Exact);
    assert_eq!(bench.trap(1, &[4]), (Trap::ArenaOutOfBounds, Some(SiteId(0))));
}

#[test]
fn a_load_that_the_compiler_moved_is_judged_by_its_own_displacement() {
    let clif = "function %f(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 notrap aligned readonly can_move v0+4
    v2 = load.i32 notrap v1+0x20
    return v2
}";
    let mut bench = Bench::with(clif, Mode::AsShipped);
    let (trap, _) = bench.trap(1, &[0]);
    assert_eq!(trap, Trap::ArenaOutOfBounds);
}

#[test]
fn a_load_that_is_folded_into_an_address_is_judged_by_its_own_displacement() {
    let clif = "function %f(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 notrap v0-0x8000_0000
    v2 = load.i32 notrap v1+0x20
    return v2
}";
    let mut bench = Bench::with(clif, Mode::AsShipped);
    let (trap, _) = bench.trap(1, &[4]);
    assert_eq!(trap, Trap::ArenaOutOfBounds);
}

#[test]
fn a_load_that_is_folded_into_its_user_is_judged_by_its_displacement() {
    let clif = "function %f(i32, i32) -> i32 tail {
block0(v0: i32, v1: i32):
    v2 = load.i32 user6 v0+0x7fff_fff0
    v3 = iadd v1, v2
    return v3
}";
    let mut bench = Bench::with(clif, Mode::AsShipped);
    // The compiler gives the folded load its user's source location: there is no site.
    assert_eq!(bench.trap(1, &[0xffff_ffff, 1]), (Trap::TableOutOfBounds, None));
}

#[test]
fn the_fault_that_sign_extends_is_an_escape_in_both_modes() {
    for mode in MODES {
        let fault = Some(Fault::SignExtendedOffset);
        let mut bench = Bench::new(JitConfig { fault, ..JitConfig::default() });
        bench.load(LOAD, mode).expect("a program that compiles");
        assert_eq!(bench.call(1, &[0x1_0000]), Ok(vec![0]));
        let escape = bench.escape(1, &[0xffff_f000]);
        assert_eq!((escape.access, escape.offset), (Access::Read, -0x1000 + 8));
        assert_eq!((escape.function, escape.site), (Some(FuncId(0)), Some(SiteId(0))));
        assert!(escape.disassembly.starts_with("mov "), "{}", escape.disassembly);
        assert!(!escape.instruction.is_empty());
        assert_eq!(escape.registers.len(), 17);
    }
}

/// Native functions with broken addresses, with an argument and the offset that each
/// then reaches.
const BROKEN: &[(&str, u128, i128)] = &[
    ("v2 = sextend.i64 v0\n v3 = iadd v1, v2", 0x8000_0000, -0x8000_0000),
    (
        "v9 = uextend.i64 v0\n v8 = iconst.i64 3\n v2 = ishl v9, v8\n v3 = iadd v1, v2",
        0xffff_ff00,
        0x7_ffff_f800,
    ),
    ("v9 = uextend.i64 v0\n v2 = iadd v9, v9\n v3 = iadd v1, v2", 0xffff_ff00, 0x1_ffff_fe00),
];

fn broken(address: &str) -> String {
    format!(
        "function %f(i32, i64 vmctx) tail {{
block0(v0: i32, v1: i64):
    {address}
    v4 = iconst.i64 7
    store.i64 v4, v3
    return
}}"
    )
}

#[test]
fn broken_addresses_are_escapes_in_both_modes() {
    for mode in MODES {
        for &(address, argument, offset) in BROKEN {
            let mut bench = Bench::new(JitConfig::default());
            bench.load_native(&broken(address), mode);
            let escape = bench.escape(1, &[argument]);
            assert_eq!((escape.access, escape.offset), (Access::Write, offset), "{address}");
            assert_eq!(escape.site, Some(SiteId(0)));
        }
    }
}

#[test]
fn a_non_canonical_address_is_an_escape_at_the_address_computed() {
    let address = "v8 = iconst.i64 0x4000_0000_0000_0000\n v3 = iadd v1, v8";
    let mut bench = Bench::new(JitConfig::default());
    bench.load_native(&broken(address), Mode::Exact);
    assert_eq!(bench.escape(1, &[0]).offset, 0x4000_0000_0000_0000);
}

#[test]
fn decoys_keep_traces_of_writes_that_no_guard_catches() {
    let config = JitConfig { guard: GuardMode::Decoy, ..JitConfig::default() };
    let mut bench = Bench::new(config);
    let address = "v8 = iconst.i64 0x1_4000_1000\n v3 = iadd v1, v8";
    bench.load_native(&broken(address), Mode::Exact);
    assert_eq!(bench.jit.inspect(), []);
    bench.call(1, &[0]).expect("a decoy is writable");
    let found: Vec<(u32, u32)> = bench.jit.inspect().iter().map(|t| (t.offset, t.found)).collect();
    assert_eq!(found, [(0x1000, 7), (0x1004, 0)]);
    assert_eq!(bench.jit.inspect(), []);
}

#[test]
fn decoys_give_values_that_are_recognised() {
    let clif = "function %f(i64 vmctx) -> i32 tail {
block0(v0: i64):
    v1 = iconst.i64 0x1_4000_1000
    v2 = iadd v0, v1
    v3 = load.i32 v2
    return v3
}";
    let mut bench = Bench::new(JitConfig { guard: GuardMode::Decoy, ..JitConfig::default() });
    bench.load_native(clif, Mode::Exact);
    let value = bench.call(1, &[]).expect("a decoy is readable")[0];
    let value = u32::try_from(value).expect("32 bits");
    assert_eq!(crate::cage::recognise(value), Some(0x1000));
}

#[test]
fn decoys_leave_the_reach_of_correct_code_alone() {
    let clif = "function %f(i32) tail {
block0(v0: i32):
    store.i32 v0, v0+0x7fff_fff0
    return
}";
    for mode in MODES {
        let mut bench = Bench::new(JitConfig { guard: GuardMode::Decoy, ..JitConfig::default() });
        bench.load(clif, mode).expect("a program that compiles");
        bench.trap(1, &[0x8000_0000]);
        bench.trap(1, &[0x7000_0000]);
        assert_eq!(bench.jit.inspect(), []);
    }
}

//! Effective addresses, bounds, traps, planted faults and the object check.

use std::sync::{Arc, Mutex};

use super::*;
use crate::executor::Access;

const END: u32 = NULL_PAGE + PAGE;

const ACCESSES: &str = "
function u0:0(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 notrap v0+8
    return v1
}
function u0:1(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 user6 v0+8
    return v1
}
function u0:2(i32, i64) tail {
block0(v0: i32, v1: i64):
    store.i64 user6 v1, v0-4
    return
}
function u0:3(i32, i32, i32) -> i32 tail {
block0(v0: i32, v1: i32, v2: i32):
    v14 = iconst.i32 20
    v3 = isub v1, v14
    v13 = icmp ugt v2, v3
    v4 = iadd v0, v2
    v202 = iconst.i32 16
    v5 = iadd v4, v202
    v6 = iconst.i32 0
    v7 = select_spectre_guard v13, v6, v5
    v8 = load.i32 little heap_oob v7
    return v8
}";

fn bench(mode: Mode) -> Bench {
    Bench::with(ACCESSES, mode)
}

#[test]
fn an_access_lies_between_null_page_and_end_or_traps() {
    for mode in MODES {
        let mut bench = bench(mode);
        for (entry, trap) in [(1, Trap::ArenaOutOfBounds), (2, Trap::TableOutOfBounds)] {
            for inside in [NULL_PAGE - 8, END - 12] {
                assert_eq!(bench.call(entry, &[inside.into()]), Ok(vec![0]), "{inside:#x}");
            }
            for outside in [NULL_PAGE - 9, END - 11, END, 0xffff_fff4, 0xffff_fff8] {
                assert_eq!(bench.trap(entry, &[outside.into()]), (trap, Some(entry - 1)));
            }
        }
    }
}

#[test]
fn addresses_wrap_modulo_two_to_the_32() {
    for mode in MODES {
        let mut bench = bench(mode);
        let wraps = Bench::with(
            "function u0:0(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 notrap v0+0x7ffffff0
    return v1
}",
            mode,
        );
        bench.interpreter.arena().store_u32(NULL_PAGE + 4, 77).expect("inside");
        let base = (NULL_PAGE + 4).wrapping_sub(0x7fff_fff0);
        bench.interpreter.code = wraps.interpreter.code;
        assert_eq!(bench.call(1, &[base.into()]), Ok(vec![77]));
    }
}

#[test]
fn a_refused_store_changes_nothing() {
    let mut bench = bench(Mode::Exact);
    bench.interpreter.arena().fill(NULL_PAGE, 0x5a, PAGE).expect("inside");
    let before = bench.interpreter.arena().digest(NULL_PAGE, PAGE);
    for straddles in [NULL_PAGE - 1, NULL_PAGE - 7, END - 7, END - 1] {
        let base = Slot::from(straddles + 4);
        assert_eq!(bench.trap(3, &[base, 0]), (Trap::TableOutOfBounds, Some(2)));
    }
    assert_eq!(bench.interpreter.arena().digest(NULL_PAGE, PAGE), before);
    assert_eq!(bench.call(3, &[Slot::from(NULL_PAGE + 4), 0x0102_0304_0506_0708]), Ok(vec![]));
    assert_eq!(bench.interpreter.arena().load_u32(NULL_PAGE), Ok(0x0506_0708));
}

#[test]
fn a_null_base_is_told_apart_where_only_a_confused_program_can_see_it() {
    let clif = format!(
        "function u0:0(i32) -> i32 tail {{
block0(v0: i32):
    v1 = load.i32 user6 v0+{NULL_PAGE}
    return v1
}}
function u0:1(i32) -> i32 tail {{
block0(v0: i32):
    v1 = load.i32 user6 v0+{END}
    return v1
}}"
    );
    let mut bench = Bench::with(&clif, Mode::Exact);
    assert_eq!(bench.trap(1, &[0]), (Trap::NullBase, Some(0)));
    assert_eq!(bench.trap(2, &[0]), (Trap::TableOutOfBounds, Some(1)));
    assert_eq!(bench.call(1, &[4]), Ok(vec![0]));
}

#[test]
fn a_folded_bounds_check_wraps_as_the_program_states_it() {
    for mode in MODES {
        let mut bench = bench(mode);
        let names: Vec<_> =
            bench.interpreter.code.instructions.iter().map(|op| op.name()).collect();
        assert!(names.contains(&"xload32le_g32"), "the backend folds the check: {names:?}");
        let base = Slot::from(NULL_PAGE);
        bench.interpreter.arena().store_u32(NULL_PAGE + 16 + 30, 5).expect("inside");
        assert_eq!(bench.call(4, &[base, 50, 30]), Ok(vec![5]));
        assert_eq!(bench.trap(4, &[base, 49, 30]), (Trap::HeapOutOfBounds, Some(3)));
        // A bound below 20 wraps to a huge one; the arena's own end still holds.
        assert_eq!(bench.call(4, &[base, 0, 30]), Ok(vec![5]));
        assert_eq!(bench.trap(4, &[base, 0, PAGE.into()]), (Trap::HeapOutOfBounds, Some(3)));
    }
}

#[test]
fn planted_faults_escape_where_correct_code_traps() {
    for (fault, base, offset) in [
        (Fault::SignExtendedOffset, 0xfff0_0000_u32, 0xfff0_0008_u32.cast_signed().into()),
        (Fault::UnwrappedSum, 0xffff_fffc, 0x1_0000_0004_i128),
    ] {
        for mode in MODES {
            let mut correct = bench(mode);
            assert_eq!(correct.trap(2, &[base.into()]).0, Trap::TableOutOfBounds);
            let mut faulty = Bench::empty(Some(fault));
            faulty.load(ACCESSES, mode).expect("a program that compiles");
            assert_eq!(faulty.call(2, &[Slot::from(NULL_PAGE)]), Ok(vec![0]));
            assert!(!faulty.interpreter.faults().triggered());
            match faulty.call(2, &[base.into()]) {
                Err(Stop::Escape(escape)) => {
                    assert_eq!((escape.offset, escape.access), (offset, Access::Read));
                    assert_eq!(escape.site, Some(SiteId(1)));
                }
                other => panic!("{fault:?}: {other:?}"),
            }
            assert!(faulty.interpreter.faults().triggered());
        }
    }
}

#[test]
fn the_first_bytes_after_4_gib_are_contained_under_a_fault() {
    let mut faulty = Bench::empty(Some(Fault::UnwrappedSum));
    faulty.load(ACCESSES, Mode::Exact).expect("a program that compiles");
    let base = Slot::from(0xffff_fff8_u32 + 3);
    assert_eq!(faulty.trap(2, &[base]), (Trap::TableOutOfBounds, Some(1)));
    assert!(faulty.interpreter.faults().triggered());
}

#[test]
fn the_object_check_sees_each_access_and_keeps_what_it_refused() {
    let mut bench = bench(Mode::Exact);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    bench.interpreter.watch(Some(Box::new(move |access: &Observation| {
        log.lock().expect("one thread").push(*access);
        access.access == Access::Read
    })));
    for _ in 0..MAX_NOTES + 3 {
        bench.call(3, &[Slot::from(NULL_PAGE + 4), 1]).expect("inside");
    }
    bench.call(1, &[Slot::from(NULL_PAGE)]).expect("inside");
    bench.trap(1, &[0]);
    let store = Observation {
        program: 0,
        site: SiteId(2),
        offset: NULL_PAGE,
        width: 8,
        access: Access::Write,
    };
    let load = Observation {
        site: SiteId(0),
        offset: NULL_PAGE + 8,
        width: 4,
        access: Access::Read,
        ..store
    };
    let refused = bench.interpreter.take_notes();
    assert_eq!(refused.refused, vec![store; MAX_NOTES]);
    assert_eq!(refused.refused_count, MAX_NOTES as u64 + 3);
    let seen = seen.lock().expect("one thread");
    assert_eq!((seen.len(), seen.last()), (MAX_NOTES + 4, Some(&load)));
    assert_eq!(bench.interpreter.counts().accesses, MAX_NOTES as u64 + 4);
}

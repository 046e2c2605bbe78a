//! After a reset nothing is left of the run before: bytes, permissions, code.

use super::*;
use crate::arena::OutOfArena;

const CODE: &str = "function %fill(i32, i32) tail {
block0(v0: i32, v1: i32):
    v2 = iconst.i64 -1
    jump block1(v0)
block1(v3: i32):
    store heap_oob v2, v3
    v4 = iconst.i32 8
    v5 = iadd v3, v4
    v6 = icmp ult v5, v1
    brif v6, block1(v5), block2
block2:
    return
}

function %load(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 heap_oob v0
    return v1
}";

const FILL: u32 = 1;
const LOAD: u32 = 2;

fn slots(offsets: &[u32]) -> Vec<Slot> {
    offsets.iter().map(|&offset| offset.into()).collect()
}

/// Another run of the same program, in an arena of some pages.
fn begin(bench: &mut Bench, pages: u32) -> u32 {
    bench.jit.reset(NULL_PAGE + pages * PAGE).expect("memory");
    bench.table = CodeTable::default();
    bench.load(CODE, Mode::Exact).expect("a program that compiles");
    bench.jit.cage().len()
}

#[test]
fn an_arena_that_was_written_all_over_is_as_new_and_ends_where_it_should() {
    let mut bench = Bench::with(CODE, Mode::Exact);
    for (pages, written) in [(300, 300), (300, 7), (5, 5), (300, 64), (80, 65), (80, 0), (300, 1)] {
        let end = begin(&mut bench, pages);
        let mut bytes = vec![1; (pages * PAGE) as usize];
        bench.jit.arena().read(NULL_PAGE, &mut bytes).expect("inside");
        assert!(bytes.iter().all(|&byte| byte == 0), "{pages} pages are not zero");
        assert_eq!(bench.call(LOAD, &slots(&[end - 4])), Ok(vec![0]));
        for outside in [end - 3, end, NULL_PAGE - 4, NULL_PAGE - 1] {
            assert_eq!(bench.trap(LOAD, &slots(&[outside])).0, Trap::HeapOutOfBounds);
        }
        if written != 0 {
            let last = slots(&[end - written * PAGE, end]);
            assert_eq!(bench.call(FILL, &last), Ok(vec![]));
            assert_eq!(bench.call(LOAD, &slots(&[end - 4])), Ok(vec![u32::MAX.into()]));
        }
    }
}

#[test]
fn a_new_executor_has_no_byte_of_the_one_before() {
    let mut bench = Bench::with(CODE, Mode::Exact);
    let end = begin(&mut bench, 2);
    bench.call(FILL, &slots(&[NULL_PAGE, end])).expect("inside");
    drop(bench);
    let mut jit = Bench::with(CODE, Mode::Exact).jit;
    assert_eq!(jit.arena().load_u32(end - 4), Ok(0));
    drop(jit);
    let mut empty = Jit::new(JitConfig::default()).expect("an executor");
    let refused = Err(OutOfArena { offset: NULL_PAGE, width: 4 });
    assert_eq!(empty.arena().load_u32(NULL_PAGE), refused);
}

#[test]
fn runs_of_different_programs_take_turns_and_find_their_own_code() {
    let constant = |value| {
        format!("function %f() -> i32 tail {{\nblock0:\n v0 = iconst.i32 {value}\n return v0\n}}")
    };
    let mut bench = Bench::new(JitConfig::default());
    for programs in
        [vec![1, 2], vec![1, 2], vec![1], vec![1, 3], vec![3, 2, 1], vec![2], vec![1, 2]]
    {
        bench.jit.reset(NULL_PAGE + PAGE).expect("memory");
        bench.table = CodeTable::default();
        for value in &programs {
            bench.load(&constant(*value), Mode::Exact).expect("a program that compiles");
        }
        for (entry, &value) in (1..).zip(&programs) {
            assert_eq!(bench.call(entry, &[]), Ok(vec![value]), "{programs:?}");
        }
    }
}

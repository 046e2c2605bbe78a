//! What is ours in the reference, seen from outside.
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::clif;
use crate::executor::Limits;
use crate::passes::Mode;
use crate::reference::Reference;
use crate::run::{Call, Imports, Outcome, Request, RunError, run};
use crate::runtime::Reservations;
use crate::trap::Trap;

/// Calls the function `%f` of a program.
fn call(text: &str, args: &[u128]) -> Result<Outcome, RunError> {
    let program = clif::read(text).expect("CLIF").program().expect("a program");
    let args = args.iter().copied().map(Some).collect();
    let request = Request {
        calls: vec![Call { export: "f".to_owned(), args }],
        mode: Mode::Exact,
        limits: Limits { fuel: 10_000, deadline: Duration::from_secs(60), depth: 100 },
        reservations: Reservations { memory_bytes: 0, table_elements: 0 },
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    };
    run(&program, &mut Reference::default(), &request).map(|mut report| report.calls.remove(0))
}

fn result(text: &str, args: &[u128]) -> u128 {
    match call(text, args) {
        Ok(Outcome::Values(values)) => values[0].bits.expect("a number"),
        other => panic!("{other:?}"),
    }
}

fn trap(text: &str, args: &[u128]) -> Trap {
    match call(text, args) {
        Ok(Outcome::Trap { trap, .. }) => trap,
        other => panic!("{other:?}"),
    }
}

#[test]
fn displacements_count_modulo_the_address_space() {
    let text = "function %f(i32) -> i32 {
    block0(v0: i32):
        v1 = iconst.i32 77
        store v1, v0-4
        v4 = iconst.i32 8
        v2 = iadd v0, v4
        v3 = load.i32 v2-12
        return v3
    }";
    assert_eq!(result(text, &[u128::from(clif::MEMORY) + 4]), 77);
    let wrapped = "function %f(i32) -> i32 {
    block0(v0: i32):
        v1 = load.i32 v0+0x7fff_ffff
        return v1
    }";
    let below = u128::from(clif::MEMORY.wrapping_sub(0x7fff_ffff));
    assert_eq!(result(wrapped, &[below]), 0);
    assert_eq!(trap(wrapped, &[0x8000_0001]), Trap::HeapOutOfBounds);
}

#[test]
fn an_atomic_traps_as_an_access_does() {
    let text = "function %f(i32, i32) -> i32 {
    block0(v0: i32, v1: i32):
        v2 = atomic_rmw.i32 add v0, v1
        v3 = atomic_load.i32 v0
        return v3
    }";
    assert_eq!(result(text, &[clif::MEMORY.into(), 5]), 5);
    assert_eq!(trap(text, &[0, 5]), Trap::HeapOutOfBounds);
    assert_eq!(trap(text, &[u128::from(clif::MEMORY) + 1, 5]), Trap::HeapMisaligned);
}

#[test]
fn a_code_index_reaches_functions_of_its_signature_only() {
    let text = "function %f(i32) -> i64 {
        sig0 = (i64) -> i64 tail
    block0(v0: i32):
        v1 = iconst.i64 20
        v2 = call_indirect sig0, v0(v1)
        return v2
    }
    function %g(i64) -> i64 tail {
    block0(v0: i64):
        v9 = iconst.i64 1
        v1 = iadd v0, v9
        return v1
    }";
    assert_eq!(result(text, &[2]), 21);
    for index in [0, 1, 3, 0xffff_ffff] {
        assert_eq!(trap(text, &[index]), Trap::BadCodeReference, "{index}");
    }
}

#[test]
fn nested_calls_are_counted_and_tail_calls_are_not() {
    let nested = "function %f(i32) -> i32 tail {
        fn0 = %f(i32) -> i32 tail
    block0(v0: i32):
        brif v0, block1, block2
    block1:
        v3 = iconst.i32 1
        v1 = isub v0, v3
        v2 = call fn0(v1)
        return v2
    block2:
        return v0
    }";
    assert_eq!(result(nested, &[99]), 0);
    assert_eq!(trap(nested, &[100]), Trap::StackOverflow);
    let tail = nested.replace("v2 = call fn0(v1)", "return_call fn0(v1)").replace("return v2", "");
    assert_eq!(result(&tail, &[1000]), 0);
    assert_eq!(trap(&tail, &[100_000]), Trap::OutOfFuel);
}

#[test]
fn stack_slots_begin_as_zeroes_and_lie_in_the_arena() {
    let text = "function %f(i64) -> i64 {
        ss0 = explicit_slot 16
    block0(v0: i64):
        v1 = stack_addr.i32 ss0+8
        v2 = load.i64 v1
        store v0, v1
        v3 = load.i64 v1
        v4 = iadd v2, v3
        return v4
    }";
    assert_eq!(result(text, &[0x1234_5678_9abc]), 0x1234_5678_9abc);
}

#[test]
fn results_that_do_not_fit_registers_come_through_memory() {
    let text = "function %many(i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64 tail {
    block0(v0: i64):
        v9 = iconst.i64 1
        v1 = iadd v0, v9
        return v0, v0, v0, v0, v0, v0, v0, v0, v1
    }
    function %f(i64) -> i64 {
        fn0 = %many(i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64 tail
    block0(v0: i64):
        v1, v2, v3, v4, v5, v6, v7, v8, v9 = call fn0(v0)
        return v9
    }";
    assert_eq!(result(text, &[41]), 42);
}

#[test]
fn lanes_are_widened_by_a_load() {
    let text = "function %f(i32, i64) -> i16x8 {
    block0(v0: i32, v1: i64):
        store v1, v0
        v2 = sload8x8 v0
        return v2
    }";
    let lanes = result(text, &[clif::MEMORY.into(), 0x80_7f_00_ff]);
    assert_eq!(lanes, 0xff80_007f_0000_ffff);
}

#[test]
fn what_the_crate_does_not_implement_is_unsupported() {
    let text = "function %f(i8x16, i8x16) -> i8x16 {
    block0(v0: i8x16, v1: i8x16):
        v2 = x86_pshufb v0, v1
        return v2
    }";
    assert!(matches!(call(text, &[0, 0]), Err(RunError::Unsupported(_))));
}

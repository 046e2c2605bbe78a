//! Code of the real front end: what it emits is compiled, decoded and run.

use super::*;
use crate::frontend::translate;

/// The functions of a module in a new interpreter, from code index 1 on.
fn module(text: &str) -> Bench {
    let program = translate(&wat::parse_str(text).expect("valid text")).expect("a program");
    let mut functions = program.functions;
    number_sites(&mut functions);
    let mut bench = Bench::empty(None);
    bench.load_functions(functions, Mode::AsShipped).expect("scalar code");
    bench
}

#[test]
fn functions_without_memory_run() {
    let mut bench = module(
        "(module
           (func $fib (param i32) (result i32)
             (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
               (then (local.get 0))
               (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                              (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
           (func (param f64) (result i64) (i64.trunc_sat_f64_u (f64.sqrt (local.get 0))))
           (func (param i32) (result i32 f32 i64)
             (local.get 0) (f32.convert_i32_u (local.get 0)) (i64.extend_i32_s (local.get 0))))",
    );
    let vmctx = Slot::from(NULL_PAGE);
    assert_eq!(bench.call(1, &[vmctx, vmctx, 20]), Ok(vec![6765]));
    assert_eq!(bench.call(2, &[vmctx, vmctx, 1e6f64.to_bits().into()]), Ok(vec![1000]));
    // -5: as an unsigned number it rounds to 2^32 in a float.
    let expected = vec![0xffff_fffb, 4_294_967_296_f32.to_bits().into(), 0xffff_ffff_ffff_fffb];
    assert_eq!(bench.call(3, &[vmctx, vmctx, 0xffff_fffb]), Ok(expected));
}

#[test]
fn every_kind_of_reference_to_the_instance_is_decoded() {
    let bench = module(
        "(module
           (import \"host\" \"f\" (func $f (param i32) (result i32)))
           (memory 1 2) (table 4 8 funcref) (global (mut f64) (f64.const 1))
           (elem declare func $all)
           (func $all (param i32) (result i32)
             (global.set 0 (f64.add (global.get 0) (f64.load offset=70000 (local.get 0))))
             (i64.store16 offset=4 (local.get 0) (i64.load32_s (local.get 0)))
             (memory.fill (local.get 0) (i32.const 1) (i32.const 2))
             (memory.copy (local.get 0) (i32.const 1) (i32.const 2))
             (table.set (i32.const 0) (ref.func $all))
             (drop (table.grow (ref.null func) (memory.grow (i32.const 1))))
             (call_indirect (param i32) (result i32) (call $f (local.get 0)) (local.get 0))))",
    );
    let names: Vec<_> = bench.interpreter.code.instructions.iter().map(|op| op.name()).collect();
    let folded = names.iter().filter(|name| name.contains("g32")).count();
    let indirect = names.iter().filter(|name| **name == "call_code").count();
    assert!(folded >= 2, "bounds checks are folded into accesses: {names:?}");
    assert_eq!(indirect, 2, "the import and the table element: {names:?}");
    assert!(bench.interpreter.builtins.len() >= 5, "{:?}", bench.interpreter.builtins);
}

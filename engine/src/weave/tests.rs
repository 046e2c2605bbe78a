#![forbid(unsafe_code)]

use serde_json::json;
use wasmparser::{Validator, WasmFeatures};

use super::*;
use crate::smith;

fn woven(text: &str, options: Weave) -> String {
    let wasm = weave(&wat::parse_str(text).expect("a module"), options).expect("it is woven");
    validate(&wasm);
    wasmprinter::print_bytes(&wasm).expect("it is printed")
}

fn validate(wasm: &[u8]) {
    Validator::new_with_features(WasmFeatures::all()).validate_all(wasm).expect("it is valid");
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn nothing_asked_for_is_nothing_changed() {
    let text = "(module (memory 1) (table 2 funcref) (global i32 (i32.const 1)) (start 0)
        (func (export \"f\") i32.const 0 i32.load drop) (elem func 0) (data \"x\"))";
    let before = wasmprinter::print_bytes(wat::parse_str(text).expect("a module"));
    assert_eq!(woven(text, Weave::default()), before.expect("it is printed"));
}

#[test]
fn functions_of_one_type_have_neighbouring_slots_in_every_table() {
    let text = "(module (table 1 2 funcref) (table 9 externref) (table 9 funcref)
        (func $a (param i32)) (func $b) (func $c (param i32)))";
    let woven = woven(text, Weave { indirect: Some(0), ..Weave::default() });
    for line in [
        "(table (;0;) 3 3 funcref)",
        "(table (;2;) 9 funcref)",
        "(elem (;0;) (i32.const 0) func 0 2 1)",
        "(elem (;1;) (table 2) (i32.const 0) func 0 2 1)",
    ] {
        assert!(lines(&woven).contains(&line), "{line} is not in {woven}");
    }
}

#[test]
fn direct_calls_go_through_the_table() {
    let text = "(module (func $a (param i32)) (func $b i32.const 7 call $a))";
    let indirect = woven(text, Weave { indirect: Some(100), ..Weave::default() });
    assert!(lines(&indirect).contains(&"call_indirect (type 0)"), "{indirect}");
    assert!(!indirect.contains("call 0"), "{indirect}");
    let direct = woven(text, Weave { indirect: Some(0), ..Weave::default() });
    assert!(direct.contains("call 0"), "{direct}");
    let tail = woven(
        &text.replace("call", "return_call"),
        Weave { indirect: Some(100), ..Weave::default() },
    );
    assert!(lines(&tail).contains(&"return_call_indirect (type 0)"), "{tail}");
}

#[test]
fn most_indices_are_brought_into_the_range_of_their_type() {
    let call = "local.get 0 call_indirect (param f32) (result f32)";
    let calls = format!("f32.const 0 {}", format!("{call} ").repeat(200));
    let text = format!(
        "(module (table 2 funcref) (func (param i32) {calls} drop)
            (func (param f32) (result f32) local.get 0) (func (param f32) (result f32) local.get 0))"
    );
    let woven = woven(&text, Weave { indirect: Some(0), ..Weave::default() });
    let expected = ["i32.const 2", "i32.rem_u", "i32.const 1", "i32.add"];
    let share = lines(&woven).windows(4).filter(|four| **four == expected).count();
    assert!((160..199).contains(&share), "{share} of 200");
}

#[test]
fn fuel_is_taken_at_entries_loops_and_bulk_operations() {
    let text = "(module (memory 1) (memory $far i64 1) (func (param i32) (local i64) loop br 0 end
        i64.const 0 i32.const 0 i64.const 9 memory.fill $far
        i64.const 0 i32.const 0 i32.const 9 memory.copy $far 0
        i32.const 0 i32.const 0 i32.const 9 memory.fill))";
    let woven = woven(text, Weave { fuel: Some(77), ..Weave::default() });
    assert_eq!(woven.matches("i32.eqz").count(), 2, "{woven}");
    assert_eq!(woven.matches("local.tee 2").count(), 2, "{woven}");
    assert_eq!(woven.matches("local.tee 3").count(), 1, "{woven}");
    assert!(woven.contains("(global (;0;) (mut i32) i32.const 77)"), "{woven}");
    assert!(woven.contains(&format!("(export \"{REFUEL}\" (func 1))")), "{woven}");
}

#[test]
fn waits_get_no_time() {
    let wait = "local.get 0 i64.const 1 local.get 1 memory.atomic.wait64 drop";
    let text = format!("(module (memory 1 1 shared) (func (param i32 i64) {wait}))");
    let woven = woven(&text, Weave::default());
    let expected = ["local.get 1", "drop", "i64.const 0", "memory.atomic.wait64"];
    assert!(lines(&woven).windows(4).any(|four| *four == expected), "{woven}");
}

#[test]
fn most_unreachables_return_zeros() {
    let text = format!("(module (func (result i64 funcref) {}))", "unreachable ".repeat(200));
    let woven = woven(&text, Weave { soften: true, ..Weave::default() });
    let lines = lines(&woven);
    let returns =
        lines.windows(3).filter(|three| *three == ["i64.const 0", "ref.null func", "return"]);
    let softened = returns.count();
    assert!((130..190).contains(&softened), "{softened} of 200");
    assert_eq!(softened + lines.iter().filter(|line| **line == "unreachable").count(), 200);
}

#[test]
fn random_modules_stay_valid_and_the_seed_decides() {
    let mut different = 0;
    for case in 0..200_u64 {
        let mut draw = Draw::new(case);
        let entropy: Vec<u8> = (0..256).flat_map(|_| draw.next().to_le_bytes()).collect();
        let config = json!({"min_funcs": 3, "min_types": 1, "gc_enabled": false});
        let serde_json::Value::Object(config) = config else { unreachable!("it is an object") };
        let module = smith::generate(&entropy, config, None).expect("a module");
        let options =
            Weave { indirect: Some(50), fuel: Some(9), soften: true, traffic: 4, seed: case };
        let wasm = weave(&module, options).expect("it is woven");
        validate(&wasm);
        assert_eq!(weave(&module, options), Ok(wasm.clone()));
        different += u32::from(weave(&module, Weave { seed: !case, ..options }) != Ok(wasm));
    }
    assert!(different > 20, "{different}");
}

#[test]
fn exhausted_fuel_returns_zeros_in_a_softened_module() {
    let text = "(module (func (result f32) f32.const 1))";
    let woven = woven(text, Weave { fuel: Some(1), soften: true, ..Weave::default() });
    let stop = ["if ;; label = @1", "f32.const 0x0p+0 (;=0;)", "return", "end"];
    assert!(lines(&woven).windows(4).any(|four| *four == stop), "{woven}");
}

#[test]
fn accessors_are_exported_once_each() {
    let text = "(module (memory 1) (table 1 externref) (func $f (param i64) (result f32)
        f32.const 0))";
    let all = Weave { indirect: Some(0), traffic: 255, ..Weave::default() };
    let wasm = weave(&wat::parse_str(text).expect("a module"), all).expect("it is woven");
    validate(&wasm);
    let exported = signatures(&wasm).expect("a module");
    assert_eq!(exported.len(), 8 + 6 + 6 + 1 + 1);
    for (name, params) in [
        ("fencepost.memory.fill.0", vec!["i32", "i32", "i32"]),
        ("fencepost.table.grow.0", vec!["externref", "i32"]),
        ("fencepost.table.put.1", vec!["i32"]),
        ("fencepost.table.call.1.0", vec!["i64", "i32"]),
    ] {
        assert!(exported.contains(&(name.to_owned(), params)), "{name} is not in {exported:?}");
    }
    let few = weave(&wat::parse_str(text).expect("a module"), Weave { traffic: 3, ..all });
    assert_eq!(signatures(&few.expect("it is woven")).expect("a module").len(), 3);
}

#[test]
fn what_is_no_module_is_refused_with_its_offset() {
    let error = weave(b"\0asm\x01\0\0\0\x01\x02", Weave::default()).expect_err("it is cut off");
    assert!(matches!(error, WeaveError::Invalid { offset: 8.., .. }), "{error}");
}

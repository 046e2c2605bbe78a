;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "bad_code_reference"}}]}
;; A tail call through a forged VMFuncRef to a function with more stack arguments than its caller's frame has room for. The
;; code table refuses it before the frame is touched.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMFuncRef+wasm_call" (func $wasm_call (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $nullary (func (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $seven)
  (elem declare func $seven $many)
  (func $seven (type $nullary) (i32.const 7))
  (func $many (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i32) (i32.const 8))
  (func $by_table (result i32) (return_call_indirect (type $nullary) (i32.const 0)))
  (func $by_reference (result i32) (return_call_ref $nullary (ref.func $seven)))
  (func (export "attack") (param $by_reference i32) (result i32)
    (call $store32
      (i32.add (call $function_offset (ref.func $seven)) (call $wasm_call))
      (call $load32 (i32.add (call $function_offset (ref.func $many)) (call $wasm_call))))
    (if (result i32) (local.get $by_reference) (then (call $by_reference)) (else (call $by_table)))))

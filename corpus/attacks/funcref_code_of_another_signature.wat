;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "expect": {"trap": "bad_code_reference"}}]}
;; A forged VMFuncRef: its code index becomes that of a function of another signature, while type id and vmctx stay,
;; so Wasm's own check passes. The code table lies outside the arena and says what signature the index has.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMFuncRef+wasm_call" (func $wasm_call (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $unary (func (param i32) (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $twice)
  (elem declare func $twice $wide)
  (func $twice (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $wide (param i64 i64 i64) (result i64) (local.get 2))
  (func (export "attack") (result i32)
    (call $store32
      (i32.add (call $function_offset (ref.func $twice)) (call $wasm_call))
      (call $load32 (i32.add (call $function_offset (ref.func $wide)) (call $wasm_call))))
    (call_indirect (type $unary) (i32.const 21) (i32.const 0))))

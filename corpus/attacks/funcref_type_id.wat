;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"values": [{"i32": "42"}]}}]}
;; A forged VMFuncRef that claims another type, so that Wasm's check passes for a function that it should not pass for.
;; What is called must still have the signature of the call; two types of one signature may stand for each other.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMFuncRef+type_index" (func $type_index (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $unary (func (param i32) (result i32)))
  (type $open (sub (func (param i32) (result i32))))
  (table 2 2 funcref)
  (elem (i32.const 0) func $wide $other)
  (elem declare func $twice $wide $other)
  (func $twice (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (func $wide (param i64 i64) (result i64) (local.get 1))
  (func $other (type $open) (i32.mul (local.get 0) (i32.const 2)))
  (func $claim (param $forged funcref) (param $claimed funcref)
    (call $store32
      (i32.add (call $function_offset (local.get $forged)) (call $type_index))
      (call $load32 (i32.add (call $function_offset (local.get $claimed)) (call $type_index)))))
  (func (export "attack") (param i32) (result i32)
    (call $claim (ref.func $wide) (ref.func $twice))
    (call $claim (ref.func $other) (ref.func $twice))
    (call_indirect (type $unary) (i32.const 21) (local.get 0))))

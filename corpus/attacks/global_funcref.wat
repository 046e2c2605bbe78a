;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "2"}], "expect": {"values": [{"i32": "7"}]}}]}
;; A global holds a function reference by its offset. Forged, it names what is no VMFuncRef, one of another signature,
;; or another of the same, which may be called.
(module
  (import "fencepost" "VMGlobalDefinition.storage" (func $storage (param i32 i32) (result i32)))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "length" (func $length (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $nullary (func (result i32)))
  (global $global (mut (ref $nullary)) (ref.func $six))
  (elem declare func $wide)
  (func $six (type $nullary) (i32.const 6))
  (func $seven (type $nullary) (i32.const 7))
  (elem declare func $seven)
  (func $wide (param i64) (result i64) (local.get 0))
  (func (export "attack") (param $which i32) (result i32)
    (call $store32 (call $storage (call $self) (i32.const 0))
      (select (i32.add (call $length) (i32.const 0x1000))
        (call $function_offset (select (result funcref) (ref.func $wide) (ref.func $seven)
          (i32.eq (local.get $which) (i32.const 1))))
        (i32.eqz (local.get $which))))
    (call_ref $nullary (global.get $global))))

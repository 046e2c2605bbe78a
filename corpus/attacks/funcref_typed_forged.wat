;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_typed", "expect": {"trap": "bad_code_reference"}}]}
;; A typed function reference made from nothing: `call_ref` checks no type at run time. It loads its code index from where
;; the reference points, in the arena or not at all, and the code table checks the signature.
(module
  (type $nullary (func (result i32)))
  (import "fencepost" "function_at" (func $function_at (param i32) (result (ref $nullary))))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "length" (func $length (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (elem declare func $wide)
  (func $wide (param i64 i64) (result i64) (local.get 1))
  (func (export "attack") (param $outside i32) (result i32)
    (call_ref $nullary (call $function_at
      (select (call $length) (call $context (call $self) (i32.const 0)) (local.get $outside)))))
  (func (export "attack_typed") (result i32)
    (call_ref $nullary (call $function_at (call $function_offset (ref.func $wide))))))

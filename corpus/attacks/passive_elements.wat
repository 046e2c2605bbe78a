;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "bad_signature"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_length", "expect": {"trap": "table_out_of_bounds"}}]}
;; The slots of a passive element segment lie in the arena, its length does not. Forged slots become forged elements, which
;; calls check like any other; no slot beyond the true length is ever copied.
(module
  (import "fencepost" "passive_elements" (func $passive_elements (param i32 i32) (result i32)))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "length" (func $length (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $nullary (func (result i32)))
  (table $table 2 2 funcref)
  (elem $late func $seven)
  (elem declare func $wide)
  (func $seven (type $nullary) (i32.const 7))
  (func $wide (param i64) (result i64) (local.get 0))
  (func $init (param $count i32) (table.init $table $late (i32.const 0) (i32.const 0) (local.get $count)))
  (func $go (export "honest") (param i32) (result i32)
    (call $init (i32.const 1))
    (call_indirect $table (type $nullary) (local.get 0)))
  (func (export "attack") (param $outside i32) (result i32)
    (call $store32 (call $passive_elements (call $self) (i32.const 0))
      (select (call $length) (call $function_offset (ref.func $wide)) (local.get $outside)))
    (call $go (i32.const 0)))
  (func (export "attack_length") (result i32)
    (call $store32 (i32.add (call $passive_elements (call $self) (i32.const 0)) (i32.const 16)) (i32.const 0x10001))
    (call $init (i32.const 2))
    (i32.const 0)))

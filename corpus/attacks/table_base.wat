;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_top", "expect": {"trap": "arena_out_of_bounds"}}]}
;; The base in a VMTableDefinition is moved into linear memory, where elements are the attacker's, and to the top of the
;; arena, where they end outside. Elements are offsets, and what they name is checked as ever.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMTableDefinition.base" (func $table_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "length" (func $length (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (type $nullary (func (result i32)))
  (table $table 2 2 funcref)
  (elem declare func $seven)
  (func $seven (type $nullary) (i32.const 7))
  (func $move (param i32) (call $store32 (call $table_base (call $self) (i32.const 0)) (local.get 0)))
  (func (export "attack") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.or (call $function_offset (ref.func $seven)) (i32.const 1)))
    (i32.store (i32.const 4) (i32.const 0x101))
    (call $move (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call_indirect (type $nullary) (local.get 0)))
  (func (export "attack_top") (result i32)
    (call $move (i32.sub (call $length) (i32.const 4)))
    (ref.is_null (table.get $table (i32.const 1)))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "expect": {"values": [{"i32": "1701998435"}]}},
;; fencepost: {"export": "attack_null", "args": [{"i32": "0"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "attack_null", "args": [{"i32": "-32768"}], "expect": {"trap": "heap_out_of_bounds"}}]}
;; The base in a VMMemoryDefinition is moved onto the instance itself, which the program then reads and writes at will; and
;; to where its sum with an index passes 2^32 and comes out in the null page.
(module
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (func $move (param i32) (call $store32 (call $memory_base (call $self) (i32.const 0)) (local.get 0)))
  ;; The instance begins with "core".
  (func (export "attack") (result i32)
    (call $move (call $context (call $self) (i32.const 0)))
    (i32.load (i32.const 0)))
  (func (export "attack_null") (param $base i32) (result i32)
    (call $move (local.get $base))
    (i32.load (i32.const 0x8000))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "65536"}, {"i32": "0"}], "expect": {"values": [{"i32": "1"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "-4"}, {"i32": "0"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "attack", "args": [{"i32": "2146435072"}, {"i32": "1"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "attack", "args": [{"i32": "-65536"}, {"i32": "1"}], "expect": {"values": [{"i32": "1"}]}}]}
;; The length in a VMMemoryDefinition is raised to 2^32 - 1: the bounds check passes for every index. The sum of base and
;; index is taken modulo 2^32, so the access lies in the arena, behind the memory here or before it, or it traps.
(module
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 2)
  ;; Whether the byte behind memory is what the arena holds there; or a store instead of the load.
  (func (export "attack") (param $index i32) (param $store i32) (result i32)
    (call $store32 (call $memory_length (call $self) (i32.const 0)) (i32.const -1))
    (if (local.get $store) (then (i32.store (local.get $index) (i32.const 1))))
    (i32.eq
      (i32.load (local.get $index))
      (call $load32 (i32.add (call $load32 (call $memory_base (call $self) (i32.const 0))) (local.get $index))))))

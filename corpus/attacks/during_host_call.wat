;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "16"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "attack_base", "expect": {"values": [{"i32": "1701998435"}]}}]}
;; Between two accesses of one function, a host call changes the length and the base of its memory. What was checked before
;; the call says nothing after it: exact runs load both again. As shipped, the base of a memory that never moves is kept.
(module
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 2)
  (func (export "attack") (param $at i32) (result i32)
    (i32.store (local.get $at) (i32.const 5))
    (call $store32 (call $memory_length (call $self) (i32.const 0)) (i32.const 4))
    (i32.load (local.get $at)))
  (func (export "attack_base") (result i32)
    (call $store32 (call $memory_length (call $self) (i32.const 0)) (i32.const 65536))
    (i32.store (i32.const 0) (i32.const 5))
    (call $store32 (call $memory_base (call $self) (i32.const 0)) (call $context (call $self) (i32.const 0)))
    (i32.load (i32.const 0))))

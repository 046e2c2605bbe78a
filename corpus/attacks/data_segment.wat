;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "4"}], "expect": {"values": [{"i32": "1701998435"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "16777216"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "attack_base", "args": [{"i32": "0"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_base", "args": [{"i32": "-8"}], "expect": {"trap": "arena_out_of_bounds"}}]}
;; Base and length of a passive data segment, both in vmctx. `memory.init` then copies the instance itself into memory; a
;; base outside the arena, or a length that ends there, is refused by the runtime, which copies all or nothing.
(module
  (import "fencepost" "runtime data base.value" (func $base (param i32 i32) (result i32)))
  (import "fencepost" "runtime data length.value" (func $length (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (data $late "seventeen letters")
  (func $forge (param $base i32) (param $length i32)
    (call $store32 (call $base (call $self) (i32.const 0)) (local.get $base))
    (call $store32 (call $length (call $self) (i32.const 0)) (local.get $length)))
  (func $init (param $count i32) (result i32)
    (memory.init $late (i32.const 0) (i32.const 0) (local.get $count))
    (i32.load (i32.const 0)))
  (func (export "attack") (param $count i32) (result i32)
    (call $forge (call $context (call $self) (i32.const 0)) (i32.const -1))
    (call $init (local.get $count)))
  (func (export "attack_base") (param $base i32) (result i32)
    (call $forge (local.get $base) (i32.const -1))
    (call $init (i32.const 16))))

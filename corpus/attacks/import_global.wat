;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "1701998435"}], "expect": {"values": [{"i32": "1701998435"}]}},
;; fencepost: {"export": "attack_outside", "args": [{"i32": "0"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_outside", "args": [{"i32": "-4"}], "expect": {"trap": "arena_out_of_bounds"}}]}
;; A global through a forged import: VMGlobalImport.from names any offset, so `global.set` writes where the attacker likes,
;; here the base of its own memory, and nowhere outside the arena.
(module
  (import "env" "global" (global $global (mut i32)))
  (import "fencepost" "VMGlobalImport.from" (func $from (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (func $point (param i32) (call $store32 (call $from (call $self) (i32.const 0)) (local.get 0)))
  (func $set (param i32) (global.set $global (local.get 0)))
  (func (export "attack") (param i32) (result i32)
    (call $point (call $memory_base (call $self) (i32.const 0)))
    (call $set (call $context (call $self) (i32.const 0)))
    (i32.load (i32.const 0)))
  (func (export "attack_outside") (param i32)
    (call $point (local.get 0))
    (call $set (i32.const 1))))

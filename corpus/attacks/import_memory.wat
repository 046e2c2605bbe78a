;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "expect": {"values": [{"i32": "1701998435"}]}},
;; fencepost: {"export": "attack_null", "expect": {"trap": "arena_out_of_bounds"}}]}
;; A VMMemoryImport that names a counterfeit VMMemoryDefinition in a global: what it lets the program read is the vmctx of
;; the instance that owns the memory, in the same arena. Null traps.
(module
  (import "env" "memory" (memory 1 1))
  (import "fencepost" "VMMemoryImport.from" (func $from (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition+base" (func $base (result i32)))
  (import "fencepost" "VMMemoryDefinition+current_length" (func $length (result i32)))
  (import "fencepost" "VMGlobalDefinition.storage" (func $global (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (global $counterfeit (mut v128) (v128.const i64x2 0 0))
  (func $read (export "read") (result i32) (i32.load (i32.const 0)))
  (func $point (param i32) (call $store32 (call $from (call $self) (i32.const 0)) (local.get 0)))
  (func (export "attack") (result i32) (local $at i32)
    (local.set $at (call $global (call $self) (i32.const 0)))
    (call $store32 (i32.add (local.get $at) (call $base)) (call $context (i32.const 0) (i32.const 0)))
    (call $store32 (i32.add (local.get $at) (call $length)) (i32.const 4))
    (call $point (local.get $at))
    (call $read))
  (func (export "attack_null") (result i32)
    (call $point (i32.const 0))
    (call $read)))

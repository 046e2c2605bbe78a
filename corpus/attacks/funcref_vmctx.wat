;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "512"}], "expect": {"values": [{"i32": "287454020"}]}},
;; fencepost: {"export": "attack_null", "expect": {"trap": "arena_out_of_bounds"}}]}
;; A forged VMFuncRef with another vmctx: the callee takes a part of linear memory, or null, for its instance. Its globals
;; are then whatever lies there, in the arena; at null every access traps.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMFuncRef+vmctx" (func $vmctx (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMGlobalDefinition.storage" (func $global (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (global $secret (mut i32) (i32.const 1))
  (type $nullary (func (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $read)
  (elem declare func $read)
  (func $read (type $nullary) (global.get $secret))
  (func $forge (param i32)
    (call $store32 (i32.add (call $function_offset (ref.func $read)) (call $vmctx)) (local.get 0)))
  ;; The counterfeit instance lies at `at` of memory, and its global has this value.
  (func (export "attack") (param $at i32) (result i32)
    (i32.store
      (i32.add (local.get $at)
        (i32.sub (call $global (call $self) (i32.const 0)) (call $context (call $self) (i32.const 0))))
      (i32.const 0x11223344))
    (call $forge (i32.add (call $load32 (call $memory_base (call $self) (i32.const 0))) (local.get $at)))
    (call_indirect (type $nullary) (i32.const 0)))
  (func (export "attack_null") (result i32)
    (call $forge (i32.const 0))
    (call_indirect (type $nullary) (i32.const 0))))

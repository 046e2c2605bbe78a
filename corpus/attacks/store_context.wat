;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "42"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "-1"}], "expect": {"values": [{"i32": "287454020"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack_null", "expect": {"trap": "arena_out_of_bounds"}}]}
;; vmctx names the store context, where compiled code finds base and length of the GC heap. A counterfeit in linear memory
;; makes objects lie in linear memory, too; with no length each of them is out of bounds, and null traps.
(module
  (import "fencepost" "VMContext.store_context" (func $store_context (param i32 i32) (result i32)))
  (import "fencepost" "VMStoreContext+gc_heap_base" (func $heap_base (result i32)))
  (import "fencepost" "VMStoreContext+gc_heap_length" (func $heap_length (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 4 4)
  (type $cell (struct (field (mut i32))))
  (global $cell (mut (ref null $cell)) (ref.null $cell))
  (func $read (result i32) (struct.get $cell 0 (global.get $cell)))
  (func (export "honest") (result i32)
    (global.set $cell (struct.new $cell (i32.const 42)))
    (call $read))
  (func (export "attack") (param $length i32) (result i32) (local $at i32)
    (local.set $at (i32.const 0x1000))
    (loop $fill
      (i32.store (local.get $at) (i32.const 0x11223344))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $fill (i32.lt_u (local.get $at) (i32.const 0x30000))))
    (i32.store (call $heap_base) (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (i32.store (call $heap_length) (local.get $length))
    (call $store32 (call $store_context (call $self) (i32.const 0))
      (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call $read))
  (func (export "attack_null") (result i32)
    (call $store32 (call $store_context (call $self) (i32.const 0)) (i32.const 0))
    (call $read)))

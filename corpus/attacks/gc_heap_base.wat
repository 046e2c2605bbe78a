;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack_memory", "expect": {"values": [{"i32": "287454020"}]}}]}
;; The base of the GC heap in the store context: references are offsets from it, so all objects move. In linear memory they
;; are what the attacker wrote there; at null they trap.
(module
  (import "fencepost" "VMStoreContext.gc_heap_base" (func $heap_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 4 4)
  (type $cell (struct (field (mut i32))))
  (global $cell (mut (ref null $cell)) (ref.null $cell))
  (func $read (result i32) (struct.get $cell 0 (global.get $cell)))
  (func $make (global.set $cell (struct.new $cell (i32.const 42))))
  (func $move (param i32) (call $store32 (call $heap_base (call $self) (i32.const 0)) (local.get 0)))
  (func (export "attack") (param $base i32) (result i32)
    (call $make)
    (call $move (i32.sub (local.get $base) (i32.const 0x20000)))
    (call $read))
  (func (export "attack_memory") (result i32) (local $at i32)
    (loop $fill
      (i32.store (local.get $at) (i32.const 0x11223344))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $fill (i32.lt_u (local.get $at) (i32.const 0x30000))))
    (call $move (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call $read)))

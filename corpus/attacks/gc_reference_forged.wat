;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack_null", "expect": {"trap": "null_reference"}},
;; fencepost: {"export": "attack_small", "expect": {"trap": "gc_heap_corrupt"}}]}
;; A reference made from nothing, of a type that needs no cast: to the instance's own vmctx, to null where null cannot be,
;; and with the bit of a small integer. References are offsets in the heap, checked against its bound at each access.
(module
  (type $cell (struct (field (mut i32)) (field (mut i32))))
  (import "fencepost" "object_at" (func $object_at (param i32) (result (ref null $cell))))
  (import "fencepost" "gc_heap" (func $gc_heap (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (func $read (param (ref null $cell)) (result i32) (struct.get $cell 1 (local.get 0)))
  (func (export "attack") (result i32)
    (call $read (call $object_at (call $context (call $self) (i32.const 0)))))
  (func (export "attack_null") (result i32)
    (call $read (call $object_at (call $gc_heap))))
  (func (export "attack_small") (result i32)
    (call $read (call $object_at (i32.add (call $gc_heap) (i32.const 0x7fffffff))))))

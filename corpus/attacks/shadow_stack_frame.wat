;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "expect": {"values": [{"i32": "45"}]}},
;; fencepost: {"export": "read", "expect": {"trap": "heap_out_of_bounds"}}]}
;; The pointer of the shadow stack is moved so that the next frame lies on the instance's own vmctx: results are stored over
;; its fields, and read back. The frame of an exact run begins as zeroes, so that the base of the memory becomes null.
(module
  (import "fencepost" "shadow_stack" (func $shadow_stack (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 2)
  (func $ten (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
    (i32.const 5) (i32.const 6) (i32.const 7) (i32.const 8) (i32.const 9))
  (func $sum (result i32)
    (call $ten)
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add)
  ;; A frame of ten results has 160 bytes. vmctx lies above the shadow stack, so its limit is kept.
  (func (export "attack") (result i32)
    (call $store32 (call $shadow_stack)
      (i32.add (call $context (call $self) (i32.const 0)) (i32.const 160)))
    (call $sum))
  (func (export "read") (result i32) (i32.load (i32.const 0))))

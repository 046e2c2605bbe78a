;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "65536"}], "expect": {"trap": "stack_overflow"}},
;; fencepost: {"export": "attack_wrap", "expect": {"trap": "arena_out_of_bounds"}}]}
;; The limit of the shadow stack is the word behind its pointer. Without it the pointer may run down into the words
;; themselves, or below 0; every frame that it yields is an offset, and null or outside traps.
(module
  (import "fencepost" "shadow_stack" (func $shadow_stack (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (func $ten (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
    (i32.const 5) (i32.const 6) (i32.const 7) (i32.const 8) (i32.const 9))
  (func $sum (result i32)
    (call $ten)
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add)
  (func (export "attack") (param $pointer i32) (result i32)
    (call $store32 (call $shadow_stack) (local.get $pointer))
    (call $sum))
  (func (export "attack_wrap") (result i32)
    (call $store32 (i32.add (call $shadow_stack) (i32.const 4)) (i32.const 0))
    (call $store32 (call $shadow_stack) (i32.const 1024))
    (call $sum)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "45"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "stack_overflow"}},
;; fencepost: {"export": "attack", "args": [{"i32": "-16"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_memory", "expect": {"values": [{"i32": "45"}, {"i32": "1"}]}}]}
;; Results that do not fit registers lie on the shadow stack, whose pointer is a word of the arena. Null and the end of the
;; address space trap; moved into linear memory, the frame lies there, and the results with it.
(module
  (import "fencepost" "shadow_stack" (func $shadow_stack (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (func $ten (result i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
    (i32.const 5) (i32.const 6) (i32.const 7) (i32.const 8) (i32.const 9))
  (func $sum (export "honest") (result i32)
    (call $ten)
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add)
  (func (export "attack") (param i32) (result i32)
    (call $store32 (call $shadow_stack) (local.get 0))
    (call $sum))
  ;; The sum, and whether something was written to memory.
  (func (export "attack_memory") (result i32 i32) (local $at i32) (local $any i32)
    (call $store32 (call $shadow_stack)
      (i32.add (call $load32 (call $memory_base (call $self) (i32.const 0))) (i32.const 0x1000)))
    (call $sum)
    (loop $look
      (local.set $any (i32.or (local.get $any) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $look (i32.lt_u (local.get $at) (i32.const 0x1000))))
    (i32.ne (local.get $any) (i32.const 0))))

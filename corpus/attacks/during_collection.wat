;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "12"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "-1"}], "expect": {"trap": "gc_heap_corrupt"}}]}
;; The pointer of the shadow stack is written when the runtime has already been asked for an object, behind all that the code
;; checks: the collection finds no stack where it points.
(module
  (type $row (array (mut i32)))
  (import "fencepost" "shadow_stack" (func $shadow_stack (result i32)))
  (import "fencepost" "store32_in_builtin" (func $later (param i32 i32 i32)))
  (func $collect (local $left i32)
    (local.set $left (i32.const 40))
    (loop $again
      (drop (array.new $row (i32.const 0) (i32.const 1000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))))
  (func (export "attack") (param $pointer i32)
    (call $later (i32.const 0) (call $shadow_stack) (local.get $pointer))
    (call $collect)))

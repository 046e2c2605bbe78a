;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "-64"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_context", "expect": {"trap": "gc_heap_corrupt"}}]}
;; An exception reference made from nothing is thrown: the runtime reads its tag from behind the arena's end, and from the
;; instance's own vmctx.
(module
  (import "fencepost" "exception_at" (func $exception_at (param i32) (result exnref)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (tag $tag (param i32))
  (func $throw (param exnref) (result i32)
    (block $caught (result i32)
      (try_table (catch $tag $caught) (throw_ref (local.get 0)))
      (unreachable)))
  (func (export "never") (throw $tag (i32.const 1)))
  (func (export "attack") (param i32) (result i32) (call $throw (call $exception_at (local.get 0))))
  (func (export "attack_context") (result i32)
    (call $throw (call $exception_at (call $context (call $self) (i32.const 0))))))

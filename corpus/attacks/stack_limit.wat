;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "-1"}, {"i32": "100"}], "expect": {"values": [{"i32": "5050"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}, {"i32": "-1"}], "expect": {"trap": "stack_overflow"}}]}
;; The stack limit in the store context, by which Wasmtime's code would decide. Ours stands outside the arena: with a limit
;; of 2^32 - 1 calls still nest, with 1 a recursion without end still traps.
(module
  (import "fencepost" "VMStoreContext.stack_limit" (func $limit (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (func $sum (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "attack") (param $value i32) (param $depth i32) (result i32)
    (call $store32 (call $limit (call $self) (i32.const 0)) (local.get $value))
    (call $sum (local.get $depth))))

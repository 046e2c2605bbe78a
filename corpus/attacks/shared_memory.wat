;; fencepost: {"fencepost": 1, "calls": [{"export": "add", "args": [{"i32": "65536"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "attack", "expect": {"values": []}},
;; fencepost: {"export": "add", "args": [{"i32": "65536"}], "expect": {"values": [{"i32": "0"}]}},
;; fencepost: {"export": "add", "args": [{"i32": "2146435072"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "wait", "args": [{"i32": "65536"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "notify", "args": [{"i32": "65536"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "notify", "args": [{"i32": "65532"}], "expect": {"values": [{"i32": "0"}]}}]}
;; The length of a shared memory, which only a pointer in vmctx leads to, is raised. Atomic accesses behind its end stay in the arena, or trap; waiting and notifying are
;; the runtime's, which goes by the size that it keeps.
(module
  (import "fencepost" "VMMemoryDefinition pointer.value" (func $pointer (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition+current_length" (func $length (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 2 shared)
  (func (export "attack")
    (call $store32
      (i32.add (call $load32 (call $pointer (call $self) (i32.const 0))) (call $length))
      (i32.const -1)))
  (func (export "add") (param $address i32) (result i32)
    (i32.atomic.rmw.add (local.get $address) (i32.const 1)))
  (func (export "wait") (param $address i32) (result i32)
    (memory.atomic.wait32 (local.get $address) (i32.const 5) (i64.const 0)))
  (func (export "notify") (param $address i32) (result i32)
    (memory.atomic.notify (local.get $address) (i32.const 1))))

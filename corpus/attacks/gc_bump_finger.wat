;; fencepost: {"fencepost": 1, "calls": [{"export": "attack_overlap", "expect": {"values": [{"i32": "77"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "-16"}], "expect": {"trap": "gc_heap_corrupt"}}]}
;; Where the next object begins is a word of the arena. Set back, it makes a new object lie on an old one, which then reads
;; as the new one; beyond the heap, the runtime is asked, which takes no such place.
(module
  (import "fencepost" "VMCopyingHeapData.bump_ptr" (func $finger (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $cell (struct (field (mut i32))))
  (func (export "attack_overlap") (result i32) (local $finger i32) (local $old (ref null $cell))
    (local.set $finger (call $load32 (call $finger (call $self) (i32.const 0))))
    (local.set $old (struct.new $cell (i32.const 42)))
    (call $store32 (call $finger (call $self) (i32.const 0)) (local.get $finger))
    (drop (struct.new $cell (i32.const 77)))
    (struct.get $cell 0 (local.get $old)))
  (func (export "attack") (param i32) (result i32)
    (call $store32 (call $finger (call $self) (i32.const 0)) (local.get 0))
    (struct.get $cell 0 (struct.new $cell (i32.const 1)))))

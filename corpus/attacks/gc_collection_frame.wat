;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "42"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}, {"i32": "65536"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "4"}, {"i32": "-1"}], "expect": {"trap": "gc_heap_corrupt"}}]}
;; Frames of the shadow stack tell a collection, by an instance and the number of a map, which of their words are references
;; and where the next frame begins. An instance or a map that there is not ends the collection.
(module
  (type $cell (struct (field (mut i32))))
  (type $row (array (mut i32)))
  (import "fencepost" "shadow_stack" (func $shadow_stack (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (func $attack_and_collect (param $at i32) (param $value i32) (local $left i32)
    (if (local.get $at) (then (call $store32 (local.get $at) (local.get $value))))
    (local.set $left (i32.const 40))
    (loop $again
      (drop (array.new $row (i32.const 0) (i32.const 1000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))))
  ;; What lives across the call stands in this function's frame, and which map is its, from before the call.
  (func $keep (param $field i32) (param $value i32) (result i32) (local $cell (ref $cell))
    (local.set $cell (struct.new $cell (i32.const 42)))
    (call $attack_and_collect
      (if (result i32) (i32.lt_s (local.get $field) (i32.const 0))
        (then (i32.const 0))
        (else (i32.add (call $load32 (call $shadow_stack)) (local.get $field))))
      (local.get $value))
    (struct.get $cell 0 (local.get $cell)))
  (func (export "honest") (result i32) (call $keep (i32.const -1) (i32.const 0)))
  (func (export "attack") (param $field i32) (param $value i32) (result i32)
    (call $keep (local.get $field) (local.get $value))))

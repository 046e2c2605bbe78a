;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "42"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "8"}, {"i32": "0"}], "expect": {"trap": "gc_heap_corrupt"}}]}
;; A collection reads the header of every object that it keeps. The size in it, set to nothing, would let it scan one place for
;; ever; it is checked against what is left of the half, and the collection ends.
(module
  (type $cell (struct (field (mut i32))))
  (type $row (array (mut i32)))
  (import "fencepost" "object_offset" (func $object_offset (param anyref) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (global $cell (mut (ref null $cell)) (ref.null $cell))
  ;; Nothing keeps the rows: together they are larger than a half.
  (func $collect (local $left i32)
    (local.set $left (i32.const 40))
    (loop $again
      (drop (array.new $row (i32.const 0) (i32.const 1000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))))
  (func $read (result i32) (struct.get $cell 0 (global.get $cell)))
  (func (export "honest") (result i32)
    (global.set $cell (struct.new $cell (i32.const 42)))
    (call $collect)
    (call $read))
  (func (export "attack") (param $field i32) (param $value i32) (result i32)
    (global.set $cell (struct.new $cell (i32.const 42)))
    (call $store32
      (i32.add (call $object_offset (global.get $cell)) (local.get $field)) (local.get $value))
    (call $collect)
    (call $read)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "99"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "-1"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "null_reference"}}]}
;; A field of an object holds a function by a number. The runtime looks it up outside the arena, and checks the function's
;; type against the field's: a number of another function, or of none, is not given out.
(module
  (import "fencepost" "object_offset" (func $object_offset (param anyref) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $nullary (func (result i32)))
  (type $wide (func (param i64) (result i64)))
  (type $holder (struct (field (mut (ref null $nullary)))))
  (type $other (struct (field (mut (ref null $wide)))))
  (elem declare func $seven $same)
  (func $seven (type $nullary) (i32.const 7))
  (func $same (type $wide) (local.get 0))
  ;; Numbers are given in the order of first use: $same has 1, $seven 2.
  (func (export "attack") (param $number i32) (result i32) (local $holder (ref $holder))
    (drop (struct.new $other (ref.func $same)))
    (local.set $holder (struct.new $holder (ref.func $seven)))
    (call $store32 (i32.add (call $object_offset (local.get $holder)) (i32.const 16)) (local.get $number))
    (call_ref $nullary (struct.get $holder 0 (local.get $holder)))))

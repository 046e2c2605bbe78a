;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "args": [{"i32": "100"}], "expect": {"trap": "array_out_of_bounds"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1000"}, {"i32": "100"}], "expect": {"values": [{"i32": "0"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "-1"}, {"i32": "100"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "100000"}, {"i32": "20000"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack_fill", "expect": {"trap": "gc_heap_corrupt"}}]}
;; An array holds its own length. Raised, it lets indices pass that are none: they reach other objects. An array that would
;; end behind the heap is found by the front end's check of its size, and the arena itself remains.
(module
  (import "fencepost" "object_offset" (func $object_offset (param anyref) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $row (array (mut i32)))
  (global $row (mut (ref null $row)) (ref.null $row))
  (func $get (export "honest") (param i32) (result i32)
    (global.set $row (array.new $row (i32.const 5) (i32.const 3)))
    (array.get $row (global.get $row) (local.get 0)))
  (func $raise (param $length i32)
    (global.set $row (array.new $row (i32.const 5) (i32.const 3)))
    (call $store32 (i32.add (call $object_offset (global.get $row)) (i32.const 16)) (local.get $length)))
  (func (export "attack") (param $length i32) (param $index i32) (result i32)
    (call $raise (local.get $length))
    (array.get $row (global.get $row) (local.get $index)))
  (func (export "attack_fill")
    (call $raise (i32.const -1))
    (array.fill $row (global.get $row) (i32.const 0) (i32.const 9) (i32.const 0x3fffffff))))

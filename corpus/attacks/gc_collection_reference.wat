;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "16"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "4"}], "expect": {"trap": "gc_heap_corrupt"}}]}
;; A field refers into the middle of an object, and to what is no object's beginning. A collection takes what stands there for
;; a header: no type that there is, no size that fits. Where nothing can begin, it does not look.
(module
  (type $cell (struct (field (mut (ref null $cell))) (field (mut i64)) (field (mut i64))))
  (type $row (array (mut i32)))
  (import "fencepost" "object_offset" (func $object_offset (param anyref) (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (global $cell (mut (ref null $cell)) (ref.null $cell))
  (func $collect (local $left i32)
    (local.set $left (i32.const 40))
    (loop $again
      (drop (array.new $row (i32.const 0) (i32.const 1000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left))))
  (func $new (param $next (ref null $cell)) (result (ref $cell))
    (struct.new $cell (local.get $next) (i64.const -1) (i64.const -1)))
  ;; The header takes 16 bytes, and then the reference comes first.
  (func (export "attack") (param $further i32) (local $field i32)
    (global.set $cell (call $new (call $new (ref.null $cell))))
    (local.set $field (i32.add (call $object_offset (global.get $cell)) (i32.const 16)))
    (call $store32 (local.get $field) (i32.add (call $load32 (local.get $field)) (local.get $further)))
    (call $collect)))

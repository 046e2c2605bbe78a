;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"trap": "cast_failure"}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i64": "1311768467463790320"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "2147483647"}], "expect": {"trap": "cast_failure"}}]}
;; The header of an object says what type it has. Forged, it lets a cast pass to a type with other fields, which are read from
;; whatever lies there in the heap; a number that is no type is below none.
(module
  (import "fencepost" "object_offset" (func $object_offset (param anyref) (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $top (sub (struct)))
  (type $small (sub $top (struct (field i32))))
  (type $large (sub $top (struct (field i64 i64 i64 i64 i64))))
  (func $cast (param (ref null $top)) (result i64)
    (struct.get $large 4 (ref.cast (ref $large) (local.get 0))))
  (func (export "honest") (result i64) (call $cast (struct.new $small (i32.const 1))))
  ;; The header's second word is the type. The fifth field of the one lies where the other has its first.
  (func (export "attack") (param $change i32) (result i64) (local $small (ref $small)) (local $large (ref $large))
    (local.set $small (struct.new $small (i32.const 1)))
    (local.set $large (struct.new $large (i64.const 0x123456789abcdef0)
      (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)))
    (call $store32
      (i32.add (call $object_offset (local.get $small)) (i32.const 4))
      (i32.xor (local.get $change)
        (call $load32 (i32.add (call $object_offset (local.get $large)) (i32.const 4)))))
    (call $cast (local.get $small))))

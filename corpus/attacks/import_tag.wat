;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "42"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "7"}, {"i32": "0"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}, {"i32": "64"}], "expect": {"trap": "host"}}]}
;; A VMTagImport says which instance defines a tag, and under which number. A throw writes both into the exception, and the
;; runtime, which looks them up, finds no such tag or no such instance.
(module
  (import "env" "tag" (tag $tag (param i32)))
  (import "fencepost" "VMTagImport.index" (func $index (param i32 i32) (result i32)))
  (import "fencepost" "VMTagImport.vmctx" (func $vmctx (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (func $throw (throw $tag (i32.const 42)))
  (func $caught (export "honest") (result i32)
    (block $handler (result i32)
      (try_table (catch $tag $handler) (call $throw))
      (unreachable)))
  (func (export "attack") (param $number i32) (param $shift i32) (result i32) (local $field i32)
    (call $store32 (call $index (call $self) (i32.const 0)) (local.get $number))
    (local.set $field (call $vmctx (call $self) (i32.const 0)))
    (call $store32 (local.get $field) (i32.add (call $load32 (local.get $field)) (local.get $shift)))
    (call $caught)))

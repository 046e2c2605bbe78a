;; fencepost: {"fencepost": 1, "calls": [{"export": "attack_grow", "expect": {"values": [{"i32": "1"}, {"i32": "2"}]}},
;; fencepost: {"export": "attack_fill", "args": [{"i32": "1000"}], "expect": {"values": [{"i32": "16843009"}]}},
;; fencepost: {"export": "attack_copy", "args": [{"i32": "1000"}], "expect": {"values": [{"i32": "16843009"}]}},
;; fencepost: {"export": "attack_init", "args": [{"i32": "5"}], "expect": {"values": [{"i32": "1919251553"}]}}]}
;; Length, base and segment are changed when compiled code has checked them and a builtin has been called. The builtin was
;; given offsets, which it checks itself, and sizes are its own: what it does is what it was asked for.
(module
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "runtime data base.value" (func $data_base (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (import "fencepost" "store32_in_builtin" (func $later (param i32 i32 i32)))
  (memory 1 2)
  (data $late "later")
  (func $base_later
    (call $later (i32.const 0) (call $memory_base (call $self) (i32.const 0)) (i32.const 0)))
  ;; What memory holds, by its true base, which is put back.
  (func $look (param $base i32) (param $at i32) (result i32)
    (call $store32 (call $memory_base (call $self) (i32.const 0)) (local.get $base))
    (i32.load (local.get $at)))
  (func (export "attack_grow") (result i32 i32)
    (call $later (i32.const 0) (call $memory_length (call $self) (i32.const 0)) (i32.const -1))
    (memory.grow (i32.const 1))
    (memory.size))
  (func (export "attack_fill") (param $count i32) (result i32) (local $base i32)
    (local.set $base (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call $base_later)
    (memory.fill (i32.const 64) (i32.const 1) (local.get $count))
    (call $look (local.get $base) (i32.const 64)))
  (func (export "attack_copy") (param $count i32) (result i32) (local $base i32)
    (local.set $base (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call $base_later)
    (memory.copy (i32.const 4096) (i32.const 64) (local.get $count))
    (call $look (local.get $base) (i32.const 4096)))
  (func (export "attack_init") (param $count i32) (result i32) (local $base i32)
    (local.set $base (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call $base_later)
    (call $later (i32.const 0) (call $data_base (call $self) (i32.const 0)) (i32.const 0))
    (memory.init $late (i32.const 9000) (i32.const 0) (local.get $count))
    (i32.load (i32.add (call $look (local.get $base) (i32.const 0)) (i32.const 9001)))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}, {"i32": "99"}], "expect": {"trap": "host"}},
;; fencepost: {"export": "attack", "args": [{"i32": "4096"}, {"i32": "0"}], "expect": {"trap": "host"}},
;; fencepost: {"export": "attack_self", "expect": {"values": [{"i32": "2"}]}}]}
;; A VMMemoryImport says which instance to ask for growth, and for which of its memories. The runtime looks both up in
;; its own records: a number or an instance that is not there is refused, another memory's grows within its maximum.
(module
  (import "env" "memory" (memory 1 3))
  (import "fencepost" "VMMemoryImport.vmctx" (func $vmctx (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryImport.index" (func $index (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory $own 2 4)
  (export "own" (memory $own))
  (func $grow (result i32) (memory.grow 0 (i32.const 1)))
  (func (export "attack") (param $shift i32) (param $number i32) (result i32) (local $field i32)
    (local.set $field (call $vmctx (call $self) (i32.const 0)))
    (call $store32 (local.get $field)
      (i32.add (call $context (i32.const 0) (i32.const 0)) (local.get $shift)))
    (call $store32 (call $index (call $self) (i32.const 0)) (local.get $number))
    (call $grow))
  ;; The owner is this instance now, so its own memory grows in place of the imported one.
  (func (export "attack_self") (result i32)
    (call $store32 (call $vmctx (call $self) (i32.const 0)) (call $context (call $self) (i32.const 0)))
    (call $store32 (call $index (call $self) (i32.const 0)) (i32.const 0))
    (call $grow)))

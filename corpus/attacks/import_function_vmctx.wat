;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "4"}]}},
;; fencepost: {"export": "attack", "expect": {"values": [{"i32": "4"}]}}]}
;; The vmctx in a VMFunctionImport of a host function is what the callee is told that it is. The host's gateway goes by
;; the code table alone, so any value changes nothing but the image of the arena.
(module
  (import "fencepost" "VMFunctionImport.vmctx" (func $vmctx (param i32 i32) (result i32)))
  (import "fencepost" "instances" (func $instances (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (func $count (export "honest") (result i32)
    (i32.add (call $instances) (i32.const 3)))
  (func (export "attack") (result i32)
    (call $store32 (call $vmctx (call $self) (i32.const 1)) (i32.const -1))
    (call $store32 (call $vmctx (call $self) (i32.const 2)) (i32.const 8))
    (call $count)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"trap": "bad_signature"}},
;; fencepost: {"export": "attack", "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack_null", "expect": {"trap": "arena_out_of_bounds"}}]}
;; vmctx names the array of type ids that calls compare with. It is replaced by one in linear memory that holds the id of
;; the callee, so that the comparison holds for a function of another type; the code table still refuses it.
(module
  (import "fencepost" "VMContext.type_ids" (func $type_ids (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMFuncRef+type_index" (func $type_index (result i32)))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (type $unary (func (param i32) (result i32)))
  (table 2 2 funcref)
  (elem (i32.const 0) func $wide $unary)
  (elem declare func $wide)
  (func $wide (param i64 i64) (result i64) (local.get 1))
  (func $unary (type $unary) (local.get 0))
  (func $confused (export "honest") (result i32) (call_indirect (type $unary) (i32.const 7) (i32.const 0)))
  (func (export "attack") (result i32) (local $id i32) (local $at i32)
    (local.set $id (call $load32 (i32.add (call $function_offset (ref.func $wide)) (call $type_index))))
    (loop $fill
      (i32.store (local.get $at) (local.get $id))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $fill (i32.lt_u (local.get $at) (i32.const 256))))
    (call $store32 (call $type_ids (call $self) (i32.const 0)) (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (call $confused))
  (func (export "attack_null") (result i32)
    (call $store32 (call $type_ids (call $self) (i32.const 0)) (i32.const 0))
    (call $confused)))

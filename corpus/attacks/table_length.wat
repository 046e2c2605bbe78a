;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "-1"}], "expect": {"trap": "table_out_of_bounds"}},
;; fencepost: {"export": "attack_memory", "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "size", "expect": {"values": [{"i32": "-1"}]}}]}
;; The length in a VMTableDefinition is raised to 2^32 - 1, so that an index reaches any offset. What is read there as an
;; element is an offset again: a reference to listed code, forged in linear memory, is all that can be called.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMTableDefinition.base" (func $table_base (param i32 i32) (result i32)))
  (import "fencepost" "VMTableDefinition.current_elements" (func $table_length (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (type $nullary (func (result i32)))
  (table $table 2 4 funcref)
  (elem declare func $seven)
  (func $seven (type $nullary) (i32.const 7))
  (func $raise (call $store32 (call $table_length (call $self) (i32.const 0)) (i32.const -1)))
  (func (export "size") (result i32) (table.size $table))
  (func (export "attack") (param i32) (result i32)
    (call $raise)
    (call_indirect (type $nullary) (local.get 0)))
  (func (export "attack_memory") (result i32)
    (call $raise)
    (i32.store (i32.const 0) (i32.or (call $function_offset (ref.func $seven)) (i32.const 1)))
    (call_indirect (type $nullary)
      (i32.shr_u
        (i32.sub (call $load32 (call $memory_base (call $self) (i32.const 0)))
          (call $load32 (call $table_base (call $self) (i32.const 0))))
        (i32.const 2)))))

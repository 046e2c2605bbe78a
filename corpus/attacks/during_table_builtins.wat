;; fencepost: {"fencepost": 1, "calls": [{"export": "attack_grow", "expect": {"values": [{"i32": "2"}, {"i32": "3"}]}},
;; fencepost: {"export": "attack_get", "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack_element", "expect": {"trap": "arena_out_of_bounds"}}]}
;; A table's base and length are changed while the runtime grows the table, or makes an element of it that is read for the
;; first time. It goes by its own records; an element forged in that moment is an offset like any other.
(module
  (import "fencepost" "VMTableDefinition.base" (func $table_base (param i32 i32) (result i32)))
  (import "fencepost" "VMTableDefinition.current_elements" (func $table_length (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32_in_builtin" (func $later (param i32 i32 i32)))
  (type $nullary (func (result i32)))
  (table $table 2 4 funcref)
  (elem (i32.const 0) func $seven $seven)
  (func $seven (type $nullary) (i32.const 7))
  (func (export "attack_grow") (result i32 i32)
    (call $later (i32.const 0) (call $table_length (call $self) (i32.const 0)) (i32.const -1))
    (table.grow $table (ref.null func) (i32.const 1))
    (table.size $table))
  (func (export "attack_get") (result i32)
    (call $later (i32.const 0) (call $table_length (call $self) (i32.const 0)) (i32.const 0x1000))
    (call_indirect $table (type $nullary) (i32.const 0)))
  (func (export "attack_element") (result i32)
    (call $later (i32.const 0)
      (i32.add (call $load32 (call $table_base (call $self) (i32.const 0))) (i32.const 4))
      (i32.const 0x2001))
    (call_indirect $table (type $nullary) (i32.const 1))))

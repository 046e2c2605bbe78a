;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "indirect_call_to_null"}},
;; fencepost: {"export": "attack_image", "expect": {"values": [{"i32": "7"}]}}]}
;; Bit 0 of a table's element says whether it was made. Cleared together with the rest, it has the runtime make the
;; element again, from an image that lies outside the arena; set alone, it makes the element null.
(module
  (import "fencepost" "VMTableDefinition.base" (func $table_base (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $nullary (func (result i32)))
  (table $table 2 2 funcref)
  (elem (i32.const 0) func $seven)
  (func $seven (type $nullary) (i32.const 7))
  (func $eight (type $nullary) (i32.const 8))
  (elem declare func $eight)
  (func $element (result i32) (call $load32 (call $table_base (call $self) (i32.const 0))))
  (func (export "honest") (result i32) (call_indirect (type $nullary) (i32.const 0)))
  (func (export "attack") (param i32) (result i32)
    (call $store32 (call $element) (local.get 0))
    (call_indirect (type $nullary) (i32.const 0)))
  ;; Element 0 is $eight by now; without its bit and its value, it is once more what the module declares.
  (func (export "attack_image") (result i32)
    (table.set $table (i32.const 0) (ref.func $eight))
    (call $store32 (call $element) (i32.const 0))
    (call_indirect (type $nullary) (i32.const 0))))

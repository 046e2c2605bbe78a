;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "-8"}, {"i32": "1"}], "expect": {"values": [{"i32": "2"}, {"i32": "3"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}, {"i32": "2"}], "expect": {"values": [{"i32": "-1"}, {"i32": "0"}]}}]}
;; A table grows whose length in the arena is corrupted. The runtime grows by the size that it keeps itself, so it clears
;; no other elements than the new ones, and writes the right length; a growth that fails leaves the wrong one.
(module
  (import "fencepost" "VMTableDefinition.current_elements" (func $table_length (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (table $table 2 4 externref)
  (func (export "attack") (param $length i32) (param $delta i32) (result i32 i32)
    (call $store32 (call $table_length (call $self) (i32.const 0)) (local.get $length))
    (table.grow $table (ref.null extern) (local.get $delta))
    (table.size $table)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "call", "args": [{"i64": "1"}]},
;; fencepost: {"export": "call", "args": [{"i64": "2"}]},
;; fencepost: {"export": "call", "args": [{"i64": "3"}]},
;; fencepost: {"export": "call", "args": [{"i64": "4294967297"}]},
;; fencepost: {"export": "call", "args": [{"i64": "-1"}]},
;; fencepost: {"export": "copy", "args": [{"i64": "2"}, {"i64": "1"}, {"i64": "1"}]},
;; fencepost: {"export": "copy", "args": [{"i64": "0"}, {"i64": "4294967296"}, {"i64": "1"}]},
;; fencepost: {"export": "call", "args": [{"i64": "2"}]},
;; fencepost: {"export": "grow", "args": [{"i64": "2"}]},
;; fencepost: {"export": "grow", "args": [{"i64": "4294967296"}]},
;; fencepost: {"export": "call", "args": [{"i64": "4"}]}]}
(module
  (type $result (func (result i32)))
  (table i64 3 5 funcref)
  (elem (i64.const 0) $seven $eight)
  (func $seven (result i32) (i32.const 7))
  (func $eight (result i32) (i32.const 8))
  (func (export "call") (param i64) (result i32)
    (call_indirect (type $result) (local.get 0)))
  (func (export "copy") (param i64 i64 i64)
    (table.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i64) (result i64 i64)
    (table.grow (ref.func $eight) (local.get 0)) (table.size)))

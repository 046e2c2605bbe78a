;; fencepost: {"fencepost": 1, "program_hash": "20ac1f5533e61a75",
;; fencepost: "schedule": [{"event": "entry", "nth": 0, "width": 4, "value": "2",
;; fencepost: "target": {"structure": "VMFunctionImport", "field": "type_index", "index": 0}}],
;; fencepost: "calls": [{"export": "direct", "args": [{"i32": "7"}]},
;; fencepost: {"export": "indirect", "args": [{"i32": "7"}]}, {"export": "indirect", "args": [{"i32": "-1"}]}]}
(module
  (type $unary (func (param i32) (result i32)))
  (type $many (func (param i32 i32 i32 i32) (result i32)))
  (import "env" "unary" (func $unary (type $unary)))
  (table 1 1 funcref)
  (elem (i32.const 0) $unary)
  (func (type $many) (i32.const 0))
  (func (export "direct") (param i32) (result i32) (call $unary (local.get 0)))
  (func (export "indirect") (param i32) (result i32)
    (call_indirect (type $unary) (local.get 0) (i32.const 0))))

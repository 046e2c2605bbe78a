;; fencepost: {"fencepost": 1, "calls": [{"export": "go", "args": [{"i32": "0"}]},
;; fencepost: {"export": "go", "args": [{"i32": "1"}]}, {"export": "go", "args": [{"i32": "2"}]},
;; fencepost: {"export": "go", "args": [{"i32": "3"}]}, {"export": "go", "args": [{"i32": "4"}]}]}
(module
  (import "env" "at" (global $at i32))
  (type $get (func (result i32)))
  (table 5 funcref)
  (elem (i32.const 0) $one $one $one)
  (elem (offset (global.get $at)) funcref (ref.null func) (ref.func $two))
  (elem (i32.const 5) func)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "go") (param i32) (result i32) (call_indirect (type $get) (local.get 0))))

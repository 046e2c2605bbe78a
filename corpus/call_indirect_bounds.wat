;; fencepost: {"fencepost": 1, "calls": [{"export": "go", "args": [{"i32": "0"}]},
;; fencepost: {"export": "go", "args": [{"i32": "1"}]}, {"export": "go", "args": [{"i32": "2"}]},
;; fencepost: {"export": "go", "args": [{"i32": "3"}]}, {"export": "go", "args": [{"i32": "4"}]},
;; fencepost: {"export": "go", "args": [{"i32": "2147483648"}]}, {"export": "go", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "go", "args": [{"i32": "1073741824"}]}]}
(module
  (type $get (func (result i32)))
  (table 4 4 funcref)
  (elem (i32.const 0) $seven $eight)
  (func $seven (result i32) (i32.const 7))
  (func $eight (result i32) (i32.const 8))
  (func (export "go") (param i32) (result i32) (call_indirect (type $get) (local.get 0))))

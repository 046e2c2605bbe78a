;; fencepost: {"fencepost": 1, "calls": [{"export": "first", "args": [{"i32": "1"}]},
;; fencepost: {"export": "second", "args": [{"i32": "1"}]}, {"export": "first", "args": [{"i32": "3"}]},
;; fencepost: {"export": "second", "args": [{"i32": "3"}]}, {"export": "third", "args": [{"i32": "2"}]},
;; fencepost: {"export": "third", "args": [{"i32": "3"}]}, {"export": "empty", "args": [{"i32": "0"}]}]}
(module
  (type $get (func (result i32)))
  (table $first 2 2 funcref)
  (table $second 4 4 funcref)
  (table $third 3 3 externref)
  (table $empty 0 funcref)
  (elem (table $first) (i32.const 0) func $one $one)
  (elem (table $second) (i32.const 0) func $two $two $two $two)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "first") (param i32) (result i32) (call_indirect $first (type $get) (local.get 0)))
  (func (export "second") (param i32) (result i32) (call_indirect $second (type $get) (local.get 0)))
  (func (export "third") (param i32) (result i32) (ref.is_null (table.get $third (local.get 0))))
  (func (export "empty") (param i32) (result i32) (call_indirect $empty (type $get) (local.get 0))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "copy", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "4"}]},
;; fencepost: {"export": "go", "args": [{"i32": "0"}]}, {"export": "go", "args": [{"i32": "3"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "3"}, {"i32": "0"}, {"i32": "2"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "2"}, {"i32": "2"}, {"i32": "2"}]},
;; fencepost: {"export": "go", "args": [{"i32": "2"}]}, {"export": "go", "args": [{"i32": "3"}]}]}
(module
  (type $get (func (result i32)))
  (table $from 4 4 funcref)
  (table $to 4 4 funcref)
  (elem (table $from) (i32.const 0) func $a $b $c)
  (elem (table $to) (i32.const 3) func $b)
  (func $a (result i32) (i32.const 100))
  (func $b (result i32) (i32.const 200))
  (func $c (result i32) (i32.const 300))
  (func (export "copy") (param i32 i32 i32) (table.copy $to $from (local.get 0) (local.get 1) (local.get 2)))
  (func (export "go") (param i32) (result i32) (call_indirect $to (type $get) (local.get 0))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "values", "args": []}, {"export": "peek", "args": []},
;; fencepost: {"export": "go", "args": [{"i32": "3"}]}, {"export": "go", "args": [{"i32": "2"}]}]}
(module
  (import "env" "base" (global $base i32))
  (import "env" "wide" (global $wide i64))
  (memory 1)
  (table 8 funcref)
  (global $a i32 (i32.add (global.get $base) (i32.mul (i32.const 3) (i32.const 5))))
  (global $b i64 (i64.sub (i64.mul (global.get $wide) (i64.const 7)) (i64.const 1)))
  (data (offset (i32.sub (i32.add (global.get $base) (i32.const 20)) (i32.const 10))) "placed")
  (elem (offset (i32.add (global.get $base) (i32.const 3))) func $nine)
  (func $nine (result i32) (i32.const 9))
  (func (export "values") (result i32 i64) (global.get $a) (global.get $b))
  (func (export "peek") (result i32) (i32.load (i32.add (global.get $base) (i32.const 10))))
  (func (export "go") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))

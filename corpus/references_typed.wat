;; fencepost: {"fencepost": 1, "calls": [{"export": "apply", "args": [{"i32": "0"}, {"i32": "20"}]},
;; fencepost: {"export": "apply", "args": [{"i32": "1"}, {"i32": "20"}]}, {"export": "apply", "args": [{"i32": "2"}, {"i32": "20"}]},
;; fencepost: {"export": "apply", "args": [{"i32": "3"}, {"i32": "20"}]},
;; fencepost: {"export": "or_else", "args": [{"i32": "0"}]}, {"export": "or_else", "args": [{"i32": "2"}]},
;; fencepost: {"export": "sum_by_tail_call", "args": [{"i32": "1000"}, {"i32": "0"}]},
;; fencepost: {"export": "fixed", "args": [{"i32": "7"}]}, {"export": "demand", "args": [{"i32": "1"}]},
;; fencepost: {"export": "demand", "args": [{"i32": "2"}]}]}
(module
  (type $unary (func (param i32) (result i32)))
  (type $sum (func (param i32 i32) (result i32)))
  (table $some 3 (ref null $unary))
  (elem (table $some) (i32.const 0) (ref null $unary) (ref.func $double) (ref.func $negate))
  (table $all 2 2 (ref $unary) (ref.func $double))
  (global $chosen (ref $unary) (ref.func $negate))
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $negate (type $unary) (i32.sub (i32.const 0) (local.get 0)))
  (func (export "apply") (param i32 i32) (result i32)
    (call_ref $unary (local.get 1) (table.get $some (local.get 0))))
  (func (export "or_else") (param i32) (result i32)
    (block $null
      (call_ref $unary (i32.const 5) (br_on_null $null (table.get $some (local.get 0))))
      (return))
    (i32.const -1))
  (func $sum (export "sum_by_tail_call") (type $sum)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call_ref $sum
      (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 0) (local.get 1)) (ref.func $sum)))
  (elem declare func $sum)
  (func (export "fixed") (param i32) (result i32)
    (call_ref $unary (call_ref $unary (local.get 0) (global.get $chosen)) (table.get $all (i32.const 1))))
  (func (export "demand") (param i32) (result i32)
    (call_ref $unary (i32.const 9) (ref.as_non_null (table.get $some (local.get 0))))))

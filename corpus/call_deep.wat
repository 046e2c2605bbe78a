;; fencepost: {"fencepost": 1, "calls": [{"export": "down", "args": [{"i32": "0"}]},
;; fencepost: {"export": "down", "args": [{"i32": "1"}]}, {"export": "down", "args": [{"i32": "200"}]},
;; fencepost: {"export": "even", "args": [{"i32": "301"}]}, {"export": "even", "args": [{"i32": "300"}]}]}
(module
  (func $down (export "down") (param $n i32) (result i64) (local $kept i64)
    (if (i32.eqz (local.get $n)) (then (return (i64.const 1))))
    (local.set $kept (i64.extend_i32_u (i32.mul (local.get $n) (i32.const 2654435761))))
    (i64.add
      (i64.mul (call $down (i32.sub (local.get $n) (i32.const 1))) (i64.const 31))
      (local.get $kept)))
  (func $even (export "even") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $odd (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 1))))
  (func $odd (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $even (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 0)))))

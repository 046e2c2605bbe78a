;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "0"}]},
;; fencepost: {"export": "run", "args": [{"i32": "65504"}]}, {"export": "run", "args": [{"i32": "65505"}]},
;; fencepost: {"export": "run", "args": [{"i32": "65512"}]}, {"export": "run", "args": [{"i32": "65536"}]},
;; fencepost: {"export": "down", "args": [{"i32": "65536"}]}]}
(module
  (memory 1 1)
  (func (export "run") (param i32) (result i64)
    (i64.store (local.get 0) (i64.const 1))
    (i64.store offset=8 (local.get 0) (i64.const 2))
    (i64.store offset=24 (local.get 0) (i64.const 3))
    (i64.add (i64.load offset=8 (local.get 0)) (i64.load offset=24 (local.get 0))))
  (func (export "down") (param $at i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 4096)))
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u offset=16 (local.get $at))))
      (br_if $next (local.get $at)))
    (local.get $sum)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "dirty", "args": []}, {"export": "grow", "args": []},
;; fencepost: {"export": "sum", "args": [{"i32": "65536"}, {"i32": "131072"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "0"}, {"i32": "65536"}]}]}
(module
  (memory 1 2)
  (func (export "dirty") (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "sum") (param $at i32) (param $end i32) (result i64) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.get $sum)))

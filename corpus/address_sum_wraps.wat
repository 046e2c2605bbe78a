;; fencepost: {"fencepost": 1, "calls": [{"export": "near", "args": [{"i32": "-8"}]},
;; fencepost: {"export": "near", "args": [{"i32": "0"}]}, {"export": "far", "args": [{"i32": "-4096"}]},
;; fencepost: {"export": "far", "args": [{"i32": "4096"}]}, {"export": "loop", "args": [{"i32": "4294967288"}]},
;; fencepost: {"export": "store", "args": [{"i32": "-1"}]}, {"export": "peek", "args": []}]}
(module
  (memory 1 1)
  (data (i32.const 0) "low bytes")
  (func (export "near") (param i32) (result i32) (i32.load offset=16 (local.get 0)))
  (func (export "far") (param i32) (result i32) (i32.load offset=4294963200 (local.get 0)))
  (func (export "store") (param i32) (i32.store offset=1 (local.get 0) (i32.const -1)))
  (func (export "peek") (result i32) (i32.load (i32.const 0)))
  (func (export "loop") (param $at i32) (result i32) (local $sum i32)
    (block $out
      (loop $next
        (br_if $out (i32.eq (local.get $at) (i32.const 24)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u offset=8 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $sum)))

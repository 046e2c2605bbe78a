;; fencepost: {"fencepost": 1, "calls": [{"export": "copy16", "args": [{"i32": "8"}, {"i32": "0"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "0"}]},
;; fencepost: {"export": "copy33", "args": [{"i32": "0"}, {"i32": "1"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "0"}]},
;; fencepost: {"export": "copy64", "args": [{"i32": "15"}, {"i32": "0"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "0"}]},
;; fencepost: {"export": "copy64", "args": [{"i32": "65472"}, {"i32": "0"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "65464"}]},
;; fencepost: {"export": "copy16", "args": [{"i32": "65521"}, {"i32": "0"}]},
;; fencepost: {"export": "copy33", "args": [{"i32": "0"}, {"i32": "65504"}]},
;; fencepost: {"export": "copy64", "args": [{"i32": "-16"}, {"i32": "0"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "65464"}]},
;; fencepost: {"export": "copy0", "args": [{"i32": "65536"}, {"i32": "65536"}]},
;; fencepost: {"export": "copy0", "args": [{"i32": "65537"}, {"i32": "0"}]},
;; fencepost: {"export": "fill48", "args": [{"i32": "3"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "0"}]},
;; fencepost: {"export": "fill48", "args": [{"i32": "65489"}]}]}
(module
  (memory 1 1)
  (data (i32.const 0) "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
  (func (export "copy0") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 0)))
  (func (export "copy16") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 16)))
  (func (export "copy33") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 33)))
  (func (export "copy64") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 64)))
  (func (export "fill48") (param i32) (memory.fill (local.get 0) (i32.const 0xa5) (i32.const 48)))
  (func (export "sum") (param i32) (result i64) (local $i i32) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
        (i64.load8_u (i32.add (local.get 0) (local.get $i)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 72))))
    (local.get $sum)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "0"}]}, {"export": "look", "args": []},
;; fencepost: {"export": "run", "args": [{"i32": "3"}]}, {"export": "look", "args": []},
;; fencepost: {"export": "stop", "args": []}, {"export": "look", "args": []}]}
(module
  (memory 1)
  (table 4 funcref)
  (elem declare func $stop)
  (global $count (mut i64) (i64.const 0))
  (func (export "run") (param i32) (result i32)
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 5)))
    (table.set (local.get 0) (ref.func $stop))
    (i32.div_u (i32.const 6) (local.get 0)))
  (func $stop (export "stop")
    (i64.store (i32.const 16) (i64.const -1))
    (global.set $count (i64.const 1000))
    unreachable)
  (func (export "look") (result i64 i32 i64 i32)
    (global.get $count) (i32.load (i32.const 8)) (i64.load (i32.const 16))
    (ref.is_null (table.get (i32.const 3)))))

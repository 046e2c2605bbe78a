;; fencepost: {"fencepost": 1, "calls": [{"export": "f64", "args": [{"i64": "9219994337134247937"}]},
;; fencepost: {"export": "f32", "args": [{"i32": "2139095041"}]}, {"export": "f32", "args": [{"i32": "-4194303"}]},
;; fencepost: {"export": "mixed", "args": [{"i64": "-1"}]}]}
(module
  (memory 1)
  (func (export "f64") (param i64) (result i64)
    (i64.store offset=9 align=1 (i32.const 0) (local.get 0))
    (f64.store align=4 (i32.const 28) (f64.load offset=9 align=1 (i32.const 0)))
    (i64.load (i32.const 28)))
  (func (export "f32") (param i32) (result i32)
    (i32.store offset=3 align=1 (i32.const 0) (local.get 0))
    (f32.store align=2 (i32.const 10) (f32.load offset=3 align=1 (i32.const 0)))
    (i32.load (i32.const 10)))
  (func (export "mixed") (param i64) (result i32 i32)
    (f64.store (i32.const 16) (f64.reinterpret_i64 (local.get 0)))
    (i32.load (i32.const 16))
    (i32.load offset=4 (i32.const 16))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "8"}, {"i64": "-9114583444466120824"}]},
;; fencepost: {"export": "run", "args": [{"i32": "15"}, {"i64": "-2"}]},
;; fencepost: {"export": "loads32", "args": [{"i32": "8"}]}, {"export": "loads64", "args": [{"i32": "8"}]}]}
(module
  (memory 1)
  (func (export "run") (param $at i32) (param $value i64) (result i64)
    (i64.store8 (local.get $at) (local.get $value))
    (i64.store16 offset=1 (local.get $at) (local.get $value))
    (i64.store32 offset=3 (local.get $at) (local.get $value))
    (i32.store8 offset=7 (local.get $at) (i32.wrap_i64 (local.get $value)))
    (i32.store16 offset=8 (local.get $at) (i32.wrap_i64 (local.get $value)))
    (i64.load offset=1 align=1 (local.get $at)))
  (func (export "loads32") (param $at i32) (result i32 i32 i32 i32)
    (i32.load8_s (local.get $at))
    (i32.load8_u (local.get $at))
    (i32.load16_s (local.get $at))
    (i32.load16_u (local.get $at)))
  (func (export "loads64") (param $at i32) (result i64 i64 i64 i64 i64 i64)
    (i64.load8_s (local.get $at))
    (i64.load8_u (local.get $at))
    (i64.load16_s (local.get $at))
    (i64.load16_u (local.get $at))
    (i64.load32_s (local.get $at))
    (i64.load32_u (local.get $at))))

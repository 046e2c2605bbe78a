;; fencepost: {"fencepost": 1, "calls": [{"export": "i64", "args": [{"i64": "9007199254740993"}]},
;; fencepost: {"export": "i64", "args": [{"i64": "-1"}]},
;; fencepost: {"export": "i64", "args": [{"i64": "9223372036854775807"}]},
;; fencepost: {"export": "i64", "args": [{"i64": "-9223372036854775808"}]},
;; fencepost: {"export": "i64", "args": [{"i64": "16777217"}]}, {"export": "i32", "args": [{"i32": "16777217"}]},
;; fencepost: {"export": "i32", "args": [{"i32": "-1"}]}, {"export": "i32", "args": [{"i32": "16777219"}]},
;; fencepost: {"export": "reinterpret", "args": [{"i64": "-4503599627370496"}]}]}
(module
  (func (export "i64") (param i64) (result f32 f32 f64 f64)
    (f32.convert_i64_s (local.get 0)) (f32.convert_i64_u (local.get 0))
    (f64.convert_i64_s (local.get 0)) (f64.convert_i64_u (local.get 0)))
  (func (export "i32") (param i32) (result f32 f32 f64 f64)
    (f32.convert_i32_s (local.get 0)) (f32.convert_i32_u (local.get 0))
    (f64.convert_i32_s (local.get 0)) (f64.convert_i32_u (local.get 0)))
  (func (export "reinterpret") (param i64) (result f64 i64 f32)
    (f64.reinterpret_i64 (local.get 0))
    (i64.reinterpret_f64 (f64.reinterpret_i64 (local.get 0)))
    (f32.reinterpret_i32 (i32.wrap_i64 (i64.shr_u (local.get 0) (i64.const 32))))))

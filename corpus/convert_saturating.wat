;; fencepost: {"fencepost": 1, "calls": [{"export": "f32", "args": [{"f32": "0x7fc00000"}]},
;; fencepost: {"export": "f32", "args": [{"f32": "0x7f800000"}]}, {"export": "f32", "args": [{"f32": "0xff800000"}]},
;; fencepost: {"export": "f32", "args": [{"f32": "0x4f000000"}]}, {"export": "f32", "args": [{"f32": "0x4f800000"}]},
;; fencepost: {"export": "f32", "args": [{"f32": "0xcf000001"}]}, {"export": "f32", "args": [{"f32": "0xbf7fffff"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0x7ff8000000000000"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0x41e0000000000000"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0x41efffffffe00000"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0xc1e0000000200000"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0x43e0000000000000"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0x43f0000000000000"}]},
;; fencepost: {"export": "f64", "args": [{"f64": "0xbfefffffffffffff"}]}]}
(module
  (func (export "f32") (param f32) (result i32 i32 i64 i64)
    (i32.trunc_sat_f32_s (local.get 0)) (i32.trunc_sat_f32_u (local.get 0))
    (i64.trunc_sat_f32_s (local.get 0)) (i64.trunc_sat_f32_u (local.get 0)))
  (func (export "f64") (param f64) (result i32 i32 i64 i64)
    (i32.trunc_sat_f64_s (local.get 0)) (i32.trunc_sat_f64_u (local.get 0))
    (i64.trunc_sat_f64_s (local.get 0)) (i64.trunc_sat_f64_u (local.get 0))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "s32", "args": [{"f64": "0x41dfffffffffffff"}]},
;; fencepost: {"export": "s32", "args": [{"f64": "0x41e0000000000000"}]},
;; fencepost: {"export": "s32", "args": [{"f64": "0xc1e00000001fffff"}]},
;; fencepost: {"export": "s32", "args": [{"f64": "0xc1e0000000200000"}]},
;; fencepost: {"export": "s32", "args": [{"f64": "0x7ff8000000000000"}]},
;; fencepost: {"export": "u32", "args": [{"f64": "0x41efffffffffffff"}]},
;; fencepost: {"export": "u32", "args": [{"f64": "0xbff0000000000000"}]},
;; fencepost: {"export": "u32", "args": [{"f64": "0xbfefffffffffffff"}]},
;; fencepost: {"export": "s64", "args": [{"f32": "0x5effffff"}]}, {"export": "s64", "args": [{"f32": "0x5f000000"}]},
;; fencepost: {"export": "s64", "args": [{"f32": "0x7fc00000"}]}, {"export": "u64", "args": [{"f32": "0x5f7fffff"}]},
;; fencepost: {"export": "u64", "args": [{"f32": "0x5f800000"}]}, {"export": "u64", "args": [{"f32": "0xbf800000"}]}]}
(module
  (func (export "s32") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (export "u32") (param f64) (result i32) (i32.trunc_f64_u (local.get 0)))
  (func (export "s64") (param f32) (result i64) (i64.trunc_f32_s (local.get 0)))
  (func (export "u64") (param f32) (result i64) (i64.trunc_f32_u (local.get 0))))

;; fencepost: {"fencepost": 1, "calls": [
;; fencepost: {"export": "spread", "args": [{"i32": "1"}, {"i64": "2"}, {"f32": "0x40400000"}, {"f64": "0x4010000000000000"}]},
;; fencepost: {"export": "spread", "args": [{"i32": "-1"}, {"i64": "-2"}, {"f32": "0xbf800000"}, {"f64": "0x7ff0000000000000"}]}]}
(module
  (func $wide
    (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64
           i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
    (result i64)
    (i64.add
      (i64.add
        (i64.extend_i32_s (i32.sub (local.get 0) (local.get 36)))
        (i64.mul (local.get 1) (local.get 37)))
      (i64.add
        (i64.trunc_sat_f32_s (f32.add (local.get 2) (local.get 38)))
        (i64.trunc_sat_f64_s (f64.mul (local.get 3) (local.get 39))))))
  (func (export "spread") (param i32 i64 f32 f64) (result i64)
    (call $wide
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)
      (local.get 0) (local.get 1) (local.get 2) (local.get 3)
      (i32.sub (local.get 0) (i32.const 9)) (i64.const 3) (f32.const 0.5) (f64.const -2))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "sums", "args": []}, {"export": "edges", "args": []},
;; fencepost: {"export": "lanes", "args": []}]}
(module
  ;; A product that rounds to 1: whether the sum is rounded once or twice shows.
  (func (export "sums") (result i32 i32 i64)
    (i32x4.extract_lane 0 (f32x4.relaxed_madd
      (f32x4.splat (f32.const 0x1.000002p+0)) (f32x4.splat (f32.const 0x1.fffffcp-1)) (f32x4.splat (f32.const -1))))
    (i32x4.extract_lane 3 (f32x4.relaxed_nmadd
      (f32x4.splat (f32.const 0x1.000002p+0)) (f32x4.splat (f32.const 0x1.fffffcp-1)) (f32x4.splat (f32.const 1))))
    (i64x2.extract_lane 1 (f64x2.relaxed_madd
      (f64x2.splat (f64.const 0x1.0000000000001p+0)) (f64x2.splat (f64.const 0x1.ffffffffffffep-1))
      (f64x2.splat (f64.const -1)))))
  ;; Out of range, NaN and zeros of both signs, where hardware differs.
  (func (export "edges") (result i64 i64 i32 i32)
    (i64x2.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (v128.const f32x4 nan 3e9 0 0)))
    (i64x2.extract_lane 0 (i32x4.relaxed_trunc_f64x2_u_zero (v128.const f64x2 -1 5e9)))
    (i32x4.extract_lane 0 (f32x4.relaxed_min (v128.const f32x4 0 0 0 0) (v128.const f32x4 -0 0 0 0)))
    (i32x4.extract_lane 1 (f32x4.relaxed_max (v128.const f32x4 0 -0 0 0) (v128.const f32x4 0 0 0 0))))
  (func (export "lanes") (result i64 i64 i32 i32)
    (i64x2.extract_lane 0 (i8x16.relaxed_swizzle
      (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
      (v128.const i8x16 0 15 16 127 128 -1 240 31 0 0 0 0 0 0 0 0)))
    (i64x2.extract_lane 0 (i8x16.relaxed_laneselect
      (v128.const i64x2 -1 0) (v128.const i64x2 0 -1) (v128.const i64x2 0x0f1e2d3c4b5a6978 0)))
    (i16x8.extract_lane_s 0 (i16x8.relaxed_q15mulr_s
      (i16x8.splat (i32.const -32768)) (i16x8.splat (i32.const -32768))))
    (i32x4.extract_lane 0 (i32x4.relaxed_dot_i8x16_i7x16_add_s
      (i8x16.splat (i32.const -128)) (i8x16.splat (i32.const -1)) (i32x4.splat (i32.const 5))))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "0"}]},
;; fencepost: {"export": "run", "args": [{"i32": "65520"}]}, {"export": "run", "args": [{"i32": "65521"}]},
;; fencepost: {"export": "lanes", "args": [{"i64": "-1"}]}]}
(module
  (memory 1 1)
  (func (export "run") (param i32) (result i64 i32)
    (v128.store (local.get 0)
      (i16x8.add_sat_s (v128.const i16x8 1 -2 30000 -30000 5 6 7 8) (i16x8.splat (local.get 0))))
    (i64x2.extract_lane 1
      (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 31
        (v128.load (local.get 0)) (v128.const i64x2 0x0102030405060708 -1)))
    (i8x16.bitmask (v128.load (local.get 0))))
  (func (export "lanes") (param i64) (result i32 i64)
    (i32x4.extract_lane 3 (i64x2.replace_lane 1 (i64x2.splat (i64.const 0)) (local.get 0)))
    (i64x2.extract_lane 0 (i64x2.neg (i64x2.splat (local.get 0))))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "whole", "args": [{"i32": "65520"}]},
;; fencepost: {"export": "whole", "args": [{"i32": "65521"}]}, {"export": "last", "args": []},
;; fencepost: {"export": "whole", "args": [{"i32": "-1"}]}, {"export": "offset", "args": [{"i32": "-16"}]},
;; fencepost: {"export": "half", "args": [{"i32": "65528"}]}, {"export": "half", "args": [{"i32": "65529"}]},
;; fencepost: {"export": "zero", "args": [{"i32": "65532"}]}, {"export": "zero", "args": [{"i32": "65533"}]},
;; fencepost: {"export": "lane", "args": [{"i32": "65535"}]}, {"export": "lane", "args": [{"i32": "65536"}]},
;; fencepost: {"export": "lane64", "args": [{"i32": "65528"}]}, {"export": "lane64", "args": [{"i32": "65529"}]},
;; fencepost: {"export": "last", "args": []}]}
(module
  (memory 1 1)
  (data (i32.const 65520) "\80\81\82\83\04\05\06\07\f8\f9\fa\fb\0c\0d\0e\0f")
  (func (export "whole") (param i32) (result i64)
    (v128.store (local.get 0) (v128.not (v128.load (local.get 0))))
    (i64x2.extract_lane 1 (v128.load (local.get 0))))
  (func (export "offset") (param i32) (result i64)
    (i64x2.extract_lane 0 (v128.load offset=32 (local.get 0))))
  ;; Eight bytes become sixteen: only the eight must lie in memory.
  (func (export "half") (param i32) (result i32 i32 i64 i32)
    (i16x8.extract_lane_s 0 (v128.load8x8_s (local.get 0)))
    (i32x4.extract_lane 3 (v128.load16x4_u (local.get 0)))
    (i64x2.extract_lane 1 (v128.load32x2_s (local.get 0)))
    (i32x4.extract_lane 2 (v128.load64_splat (local.get 0))))
  (func (export "zero") (param i32) (result i64 i32)
    (i64x2.extract_lane 0 (v128.load32_zero (local.get 0)))
    (i8x16.extract_lane_s 15 (v128.load32_splat (local.get 0))))
  (func (export "lane") (param i32) (result i32)
    (v128.store8_lane 7 (local.get 0) (v128.load8_lane 7 (local.get 0) (v128.const i64x2 -1 -1)))
    (i8x16.extract_lane_u 0 (v128.load8_splat (local.get 0))))
  (func (export "lane64") (param i32)
    (v128.store64_lane 1 (local.get 0) (v128.const i64x2 1 0x1122334455667788)))
  (func (export "last") (result i64 i64)
    (i64.load (i32.const 65520)) (i64.load (i32.const 65528))))

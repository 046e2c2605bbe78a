;; fencepost: {"fencepost": 1, "calls": [{"export": "all", "args": [{"i32": "5"}]},
;; fencepost: {"export": "sum", "args": [{"i32": "5"}]}, {"export": "sum", "args": [{"i32": "-1"}]}]}
(module
  (type $many (func (param i32) (result
    i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)))
  (table 1 funcref)
  (elem (i32.const 0) $all)
  (func $all (export "all") (type $many)
    (local.get 0) (i64.const 1) (f32.const 2) (f64.const 3) (i32.const 4) (i64.const 5) (f32.const 6) (f64.const 7)
    (i32.const 8) (i64.const 9) (f32.const 10) (f64.const 11) (i32.const 12) (i64.const 13) (f32.const 14)
    (f64.const 15) (i32.const 16) (i64.const 17) (f32.const 18) (f64.convert_i32_s (local.get 0)))
  (func $reduce (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64) (result f64)
    (f64.add
      (f64.add (f64.convert_i32_s (local.get 0)) (f64.convert_i64_s (local.get 17)))
      (f64.add (f64.promote_f32 (local.get 18)) (local.get 19))))
  (func (export "sum") (param i32) (result f64)
    (f64.sub
      (call $reduce (call $all (local.get 0)))
      (call $reduce (call_indirect (type $many) (i32.const 3) (i32.const 0))))))

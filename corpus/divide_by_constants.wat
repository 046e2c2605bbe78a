;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "0"}]},
;; fencepost: {"export": "run", "args": [{"i32": "1"}]}, {"export": "run", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "run", "args": [{"i32": "2147483647"}]},
;; fencepost: {"export": "run", "args": [{"i32": "-2147483648"}]}, {"export": "run", "args": [{"i32": "12345"}]},
;; fencepost: {"export": "wide", "args": [{"i64": "0"}]}, {"export": "wide", "args": [{"i64": "-1"}]},
;; fencepost: {"export": "wide", "args": [{"i64": "-9223372036854775808"}]},
;; fencepost: {"export": "wide", "args": [{"i64": "9223372036854775807"}]}]}
(module
  (func (export "run") (param i32) (result i32 i32 i32 i32 i32 i32 i32 i32)
    (i32.div_u (local.get 0) (i32.const -1))
    (i32.div_u (local.get 0) (i32.const 0x80000000))
    (i32.div_u (local.get 0) (i32.const 0x80000001))
    (i32.rem_u (local.get 0) (i32.const 0xfffffffe))
    (i32.div_s (local.get 0) (i32.const 0x80000000))
    (i32.rem_s (local.get 0) (i32.const -7))
    (i32.div_s (local.get 0) (i32.const 1))
    (i32.rem_s (local.get 0) (i32.const -1)))
  (func (export "wide") (param i64) (result i64 i64 i64 i64 i64)
    (i64.div_u (local.get 0) (i64.const -1))
    (i64.div_u (local.get 0) (i64.const 0x8000000000000001))
    (i64.rem_u (local.get 0) (i64.const 0x7fffffffffffffff))
    (i64.div_s (local.get 0) (i64.const 0x8000000000000000))
    (i64.rem_s (local.get 0) (i64.const -1))))

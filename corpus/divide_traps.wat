;; fencepost: {"fencepost": 1, "calls": [{"export": "s32", "args": [{"i32": "1"}, {"i32": "0"}]},
;; fencepost: {"export": "s32", "args": [{"i32": "-2147483648"}, {"i32": "-1"}]},
;; fencepost: {"export": "s32", "args": [{"i32": "-2147483648"}, {"i32": "1"}]},
;; fencepost: {"export": "r32", "args": [{"i32": "-2147483648"}, {"i32": "-1"}]},
;; fencepost: {"export": "r32", "args": [{"i32": "1"}, {"i32": "0"}]},
;; fencepost: {"export": "u32", "args": [{"i32": "-2147483648"}, {"i32": "-1"}]},
;; fencepost: {"export": "u32", "args": [{"i32": "7"}, {"i32": "0"}]},
;; fencepost: {"export": "s64", "args": [{"i64": "1"}, {"i64": "0"}]},
;; fencepost: {"export": "s64", "args": [{"i64": "-9223372036854775808"}, {"i64": "-1"}]},
;; fencepost: {"export": "r64", "args": [{"i64": "-9223372036854775808"}, {"i64": "-1"}]},
;; fencepost: {"export": "ru64", "args": [{"i64": "5"}, {"i64": "0"}]}]}
(module
  (func (export "s32") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "u32") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func (export "r32") (param i32 i32) (result i32) (i32.rem_s (local.get 0) (local.get 1)))
  (func (export "s64") (param i64 i64) (result i64) (i64.div_s (local.get 0) (local.get 1)))
  (func (export "r64") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func (export "ru64") (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1))))

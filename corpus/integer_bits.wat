;; fencepost: {"fencepost": 1, "calls": [{"export": "shift32", "args": [{"i32": "-2147483647"}, {"i32": "32"}]},
;; fencepost: {"export": "shift32", "args": [{"i32": "-2147483647"}, {"i32": "33"}]},
;; fencepost: {"export": "shift32", "args": [{"i32": "1"}, {"i32": "-1"}]},
;; fencepost: {"export": "shift64", "args": [{"i64": "-9223372036854775807"}, {"i64": "64"}]},
;; fencepost: {"export": "shift64", "args": [{"i64": "5"}, {"i64": "-1"}]},
;; fencepost: {"export": "count32", "args": [{"i32": "0"}]}, {"export": "count32", "args": [{"i32": "1"}]},
;; fencepost: {"export": "count32", "args": [{"i32": "-2147483648"}]}, {"export": "count64", "args": [{"i64": "0"}]},
;; fencepost: {"export": "count64", "args": [{"i64": "4294967296"}]}, {"export": "extend", "args": [{"i64": "128"}]},
;; fencepost: {"export": "extend", "args": [{"i64": "32768"}]},
;; fencepost: {"export": "extend", "args": [{"i64": "2147483648"}]},
;; fencepost: {"export": "extend", "args": [{"i64": "32767"}]}]}
(module
  (func (export "shift32") (param i32 i32) (result i32 i32 i32 i32 i32)
    (i32.shl (local.get 0) (local.get 1)) (i32.shr_s (local.get 0) (local.get 1))
    (i32.shr_u (local.get 0) (local.get 1)) (i32.rotl (local.get 0) (local.get 1))
    (i32.rotr (local.get 0) (local.get 1)))
  (func (export "shift64") (param i64 i64) (result i64 i64 i64 i64 i64)
    (i64.shl (local.get 0) (local.get 1)) (i64.shr_s (local.get 0) (local.get 1))
    (i64.shr_u (local.get 0) (local.get 1)) (i64.rotl (local.get 0) (local.get 1))
    (i64.rotr (local.get 0) (local.get 1)))
  (func (export "count32") (param i32) (result i32 i32 i32 i32)
    (i32.clz (local.get 0)) (i32.ctz (local.get 0)) (i32.popcnt (local.get 0)) (i32.eqz (local.get 0)))
  (func (export "count64") (param i64) (result i64 i64 i64 i32)
    (i64.clz (local.get 0)) (i64.ctz (local.get 0)) (i64.popcnt (local.get 0)) (i64.eqz (local.get 0)))
  (func (export "extend") (param i64) (result i64 i64 i64 i32 i32 i64 i64)
    (i64.extend8_s (local.get 0)) (i64.extend16_s (local.get 0)) (i64.extend32_s (local.get 0))
    (i32.extend8_s (i32.wrap_i64 (local.get 0))) (i32.extend16_s (i32.wrap_i64 (local.get 0)))
    (i64.extend_i32_s (i32.wrap_i64 (local.get 0))) (i64.extend_i32_u (i32.wrap_i64 (local.get 0)))))

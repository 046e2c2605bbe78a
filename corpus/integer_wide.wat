;; fencepost: {"fencepost": 1, "calls": [{"export": "carry", "args": [{"i64": "-1"}, {"i64": "1"}]},
;; fencepost: {"export": "borrow", "args": [{"i64": "0"}, {"i64": "1"}]},
;; fencepost: {"export": "products", "args": [{"i64": "-1"}, {"i64": "-1"}]},
;; fencepost: {"export": "products", "args": [{"i64": "-9223372036854775808"}, {"i64": "2"}]},
;; fencepost: {"export": "address", "args": [{"i64": "4294967296"}]}]}
(module
  (memory 1 1)
  (data (i32.const 0) "\11\22\33\44")
  (func (export "carry") (param i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (i64.const 0) (local.get 1) (i64.const 0)))
  (func (export "borrow") (param i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (i64.const 0) (local.get 1) (i64.const 0)))
  (func (export "products") (param i64 i64) (result i64 i64 i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1))
    (i64.mul_wide_u (local.get 0) (local.get 1)))
  ;; The high half of a square, as an address.
  (func (export "address") (param i64) (result i32) (local $high i64)
    (i64.mul_wide_u (local.get 0) (local.get 0))
    (local.set $high)
    (drop)
    (i32.load8_u (i32.wrap_i64 (local.get $high)))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "by8", "args": [{"i32": "0"}]},
;; fencepost: {"export": "by8", "args": [{"i32": "536870912"}]}, {"export": "by8", "args": [{"i32": "536870913"}]},
;; fencepost: {"export": "by8", "args": [{"i32": "-1"}]}, {"export": "by4", "args": [{"i32": "1073741824"}]},
;; fencepost: {"export": "by2", "args": [{"i32": "2147483648"}]},
;; fencepost: {"export": "by8_add", "args": [{"i32": "536870911"}, {"i32": "16"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "600"}]}, {"export": "by8", "args": [{"i32": "3"}]}]}
(module
  (memory 1 1)
  (func (export "by8") (param i32) (result i64) (i64.load (i32.shl (local.get 0) (i32.const 3))))
  (func (export "by4") (param i32) (result i32) (i32.load (i32.shl (local.get 0) (i32.const 2))))
  (func (export "by2") (param i32) (result i32) (i32.load16_u (i32.mul (local.get 0) (i32.const 2))))
  (func (export "by8_add") (param i32 i32) (result i64)
    (i64.load offset=8 (i32.add (i32.shl (local.get 0) (i32.const 3)) (local.get 1))))
  (func (export "fill") (param $count i32) (local $k i32)
    (loop $next
      (i64.store (i32.shl (local.get $k) (i32.const 3)) (i64.extend_i32_u (local.get $k)))
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $k) (local.get $count))))))

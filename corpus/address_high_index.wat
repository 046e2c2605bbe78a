;; fencepost: {"fencepost": 1, "calls": [{"export": "plain", "args": [{"i32": "2147483648"}]},
;; fencepost: {"export": "plain", "args": [{"i32": "-4"}]}, {"export": "from_mul", "args": [{"i32": "65536"}]},
;; fencepost: {"export": "from_sub", "args": [{"i32": "1"}]}, {"export": "from_shift", "args": [{"i32": "1"}]},
;; fencepost: {"export": "from_i64", "args": [{"i64": "4294967292"}]},
;; fencepost: {"export": "from_i64", "args": [{"i64": "4294967296"}]}, {"export": "from_load", "args": []},
;; fencepost: {"export": "merged", "args": [{"i32": "0"}, {"i32": "5"}]},
;; fencepost: {"export": "merged", "args": [{"i32": "1"}, {"i32": "5"}]}]}
(module
  (memory 1 1)
  (data (i32.const 0) "\fc\ff\ff\ff\00\00\00\80")
  (func (export "plain") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "from_mul") (param i32) (result i32) (i32.load8_u (i32.mul (local.get 0) (i32.const 32769))))
  (func (export "from_sub") (param i32) (result i32) (i32.load8_u (i32.sub (i32.const 0) (local.get 0))))
  (func (export "from_shift") (param i32) (result i32) (i32.load8_u (i32.shl (local.get 0) (i32.const 31))))
  (func (export "from_i64") (param i64) (result i32) (i32.load8_u (i32.wrap_i64 (local.get 0))))
  (func (export "from_load") (result i32) (i32.load8_u (i32.load (i32.const 0))))
  (func (export "merged") (param i32 i32) (result i32)
    (i32.load8_u (select (local.get 1) (i32.or (local.get 1) (i32.const 0x80000000)) (local.get 0)))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "at_2g", "args": [{"i32": "0"}]},
;; fencepost: {"export": "at_2g", "args": [{"i32": "-2147483648"}]}, {"export": "above", "args": [{"i32": "0"}]},
;; fencepost: {"export": "above", "args": [{"i32": "2147483644"}]}, {"export": "top", "args": [{"i32": "0"}]},
;; fencepost: {"export": "top", "args": [{"i32": "1"}]}, {"export": "top", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "edge", "args": [{"i32": "0"}]}, {"export": "write", "args": [{"i32": "0"}]},
;; fencepost: {"export": "peek", "args": []}]}
(module
  (memory 1 1)
  (data (i32.const 0) "\2a\2b\2c\2d")
  (func (export "at_2g") (param i32) (result i32) (i32.load offset=2147483648 (local.get 0)))
  (func (export "above") (param i32) (result i64) (i64.load offset=2147483652 (local.get 0)))
  (func (export "top") (param i32) (result i32) (i32.load8_u offset=4294967295 (local.get 0)))
  (func (export "edge") (param i32) (result i32) (i32.load8_u offset=2147483647 (local.get 0)))
  (func (export "write") (param i32) (i64.store offset=4294967288 (local.get 0) (i64.const -1)))
  (func (export "peek") (result i32) (i32.load (i32.const 0))))

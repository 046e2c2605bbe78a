;; fencepost: {"fencepost": 1, "calls": [{"export": "fill", "args": [{"i32": "65528"}]},
;; fencepost: {"export": "cross", "args": [{"i32": "65532"}]}, {"export": "last", "args": []},
;; fencepost: {"export": "cross", "args": [{"i32": "65529"}]}, {"export": "last", "args": []}]}
(module
  (memory 1 1)
  (func (export "fill") (param i32) (i64.store (local.get 0) (i64.const 0x1122334455667788)))
  (func (export "cross") (param i32) (i64.store (local.get 0) (i64.const -1)))
  (func (export "last") (result i64) (i64.load (i32.const 65528))))

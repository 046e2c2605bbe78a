;; fencepost: {"fencepost": 1, "calls": [{"export": "load", "args": [{"i32": "0"}]},
;; fencepost: {"export": "load", "args": [{"i32": "65535"}]}, {"export": "fill", "args": [{"i32": "0"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "1"}]}, {"export": "copy", "args": []},
;; fencepost: {"export": "grow", "args": [{"i32": "1"}]}, {"export": "load", "args": [{"i32": "65535"}]},
;; fencepost: {"export": "load", "args": [{"i32": "65536"}]}]}
(module
  (memory 0 1)
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
  (func (export "copy") (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "grow", "args": [{"i32": "0"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "1"}]}, {"export": "grow", "args": [{"i32": "2"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "65536"}]}, {"export": "grow", "args": [{"i32": "65535"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "-1"}]}, {"export": "grow", "args": [{"i32": "1"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "0"}]}, {"export": "last", "args": []}]}
(module
  (memory 1 3)
  (func (export "grow") (param i32) (result i32 i32) (memory.grow (local.get 0)) (memory.size))
  (func (export "last") (result i32) (i32.load8_u (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 1)))))

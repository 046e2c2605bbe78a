;; fencepost: {"fencepost": 1, "calls": [{"export": "word", "args": [{"i32": "0"}]},
;; fencepost: {"export": "word", "args": [{"i32": "4"}]}, {"export": "last", "args": []}]}
(module
  (memory 1 1)
  (data (i32.const 0) "\01\01\01\01\01\01")
  (data (i32.const 2) "\02\02\02\02")
  (data (i32.const 65535) "\09")
  (data (i32.const 65536) "")
  (func (export "word") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "last") (result i32) (i32.load8_u (i32.const 65535))))

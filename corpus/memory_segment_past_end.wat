;; fencepost: {"fencepost": 1, "calls": [{"export": "never", "args": []}]}
(module
  (memory 1 1)
  (data (i32.const 65533) "\01\02\03\04")
  (func (export "never")))

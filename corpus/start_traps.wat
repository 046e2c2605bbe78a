;; fencepost: {"fencepost": 1, "calls": [{"export": "never", "args": []}]}
(module
  (memory 1 1)
  (data (i32.const 0) "written")
  (func $start (i64.store offset=8 (i32.const 65528) (i64.const 1)))
  (start $start)
  (func (export "never")))

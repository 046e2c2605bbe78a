;; fencepost: {"fencepost": 1, "calls": [{"export": "state", "args": []}, {"export": "go", "args": [{"i32": "0"}]},
;; fencepost: {"export": "go", "args": [{"i32": "1"}]}]}
(module
  (import "env" "started" (func $started (param i32)))
  (type $get (func (result i32)))
  (memory 1 4)
  (table 2 funcref)
  (global $done (mut i32) (i32.const 0))
  (elem declare func $seven)
  (data $greeting "start")
  (func $seven (result i32) (i32.const 7))
  (func $start
    (global.set $done (i32.add (memory.grow (i32.const 2)) (i32.const 10)))
    (memory.init $greeting (i32.const 131072) (i32.const 0) (i32.const 5))
    (data.drop $greeting)
    (table.set (i32.const 1) (ref.func $seven))
    (call $started (global.get $done)))
  (start $start)
  (func (export "state") (result i32 i32 i32)
    (global.get $done) (memory.size) (i32.load (i32.const 131072)))
  (func (export "go") (param i32) (result i32) (call_indirect (type $get) (local.get 0))))

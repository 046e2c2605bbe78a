;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "65536"}]},
;; fencepost: {"export": "run", "args": [{"i32": "131072"}]}, {"export": "run", "args": [{"i32": "196608"}]},
;; fencepost: {"export": "size", "args": []}]}
(module
  (memory 1 4)
  (func $grow (result i32) (memory.grow (i32.const 1)))
  (func (export "run") (param $at i32) (result i32 i32) (local $before i32)
    (local.set $before (i32.load (i32.sub (local.get $at) (i32.const 4))))
    (drop (call $grow))
    (i32.store (local.get $at) (i32.const 0x01020304))
    (local.get $before)
    (i32.load (local.get $at)))
  (func (export "size") (result i32) (memory.size)))

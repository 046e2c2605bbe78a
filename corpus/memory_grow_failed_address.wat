;; fencepost: {"fencepost": 1, "calls": [{"export": "load", "args": []}, {"export": "store", "args": []},
;; fencepost: {"export": "offset", "args": []}, {"export": "twice", "args": []}, {"export": "size", "args": []}]}
(module
  (memory 1 1)
  (func (export "load") (result i32) (i32.load8_u (memory.grow (i32.const 1))))
  (func (export "store") (i64.store (memory.grow (i32.const 1)) (i64.const -1)))
  (func (export "offset") (result i32) (i32.load offset=1 (memory.grow (i32.const 65536))))
  (func (export "twice") (result i32)
    (i32.load8_u offset=4 (i32.add (memory.grow (i32.const 1)) (memory.grow (i32.const 2)))))
  (func (export "size") (result i32) (memory.size)))

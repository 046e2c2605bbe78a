;; fencepost: {"fencepost": 1, "calls": [{"export": "load", "args": [{"i64": "8"}]},
;; fencepost: {"export": "load", "args": [{"i64": "4294967304"}]},
;; fencepost: {"export": "load", "args": [{"i64": "-4294967288"}]}, {"export": "chain", "args": [{"i64": "-1"}]},
;; fencepost: {"export": "compare", "args": [{"i64": "4294967295"}]},
;; fencepost: {"export": "store", "args": [{"i64": "8589934600"}]}, {"export": "load", "args": [{"i64": "8"}]}]}
(module
  (memory 1 1)
  (data (i32.const 8) "\11\22\33\44")
  (func (export "load") (param i64) (result i32) (i32.load (i32.wrap_i64 (local.get 0))))
  (func (export "store") (param i64)
    (i32.store8 (i32.wrap_i64 (i64.add (local.get 0) (i64.const 0xffffffff00000000))) (i32.const 0x99)))
  (func (export "chain") (param i64) (result i32)
    (i32.load8_u
      (i32.add
        (i32.shr_u (i32.wrap_i64 (local.get 0)) (i32.const 28))
        (i32.wrap_i64 (i64.shr_s (local.get 0) (i64.const 32))))))
  (func (export "compare") (param i64) (result i32 i32)
    (i32.lt_u (i32.wrap_i64 (local.get 0)) (i32.const 1))
    (i32.lt_s (i32.wrap_i64 (local.get 0)) (i32.const 1))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "load", "args": [{"i32": "9"}]},
;; fencepost: {"export": "load", "args": [{"i32": "10"}]},
;; fencepost: {"export": "wide", "args": [{"i32": "1"}]}, {"export": "wide", "args": [{"i32": "2"}]},
;; fencepost: {"export": "wide", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "3"}]}, {"export": "load", "args": [{"i32": "12"}]},
;; fencepost: {"export": "load", "args": [{"i32": "13"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "88"}]}, {"export": "grow", "args": [{"i32": "87"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "99"}, {"i32": "1"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "99"}, {"i32": "2"}]}]}
(module
  (memory (export "memory") 10 100 (pagesize 1))
  (data (i32.const 2) "abcdefgh")
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "wide") (param i32) (result i64) (i64.load offset=1 align=1 (local.get 0)))
  (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 7) (local.get 1)))
  (func (export "grow") (param i32) (result i32 i32)
    (memory.grow (local.get 0)) (memory.size)))

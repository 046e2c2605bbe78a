;; fencepost: {"fencepost": 1, "calls": [{"export": "keep", "args": [{"i32": "0"}, {"externref": "host:1"}]},
;; fencepost: {"export": "keep", "args": [{"i32": "1"}, {"externref": "host:7"}]},
;; fencepost: {"export": "take", "args": [{"i32": "0"}]}, {"export": "take", "args": [{"i32": "1"}]},
;; fencepost: {"export": "take", "args": [{"i32": "2"}]}, {"export": "swap", "args": []},
;; fencepost: {"export": "take", "args": [{"i32": "0"}]},
;; fencepost: {"export": "keep", "args": [{"i32": "2"}, {"externref": null}]},
;; fencepost: {"export": "keep", "args": [{"i32": "3"}, {"externref": "host:1"}]},
;; fencepost: {"export": "pass", "args": [{"externref": "host:9"}]},
;; fencepost: {"export": "pass", "args": [{"externref": null}]}, {"export": "choose", "args": [{"i32": "0"}]},
;; fencepost: {"export": "choose", "args": [{"i32": "1"}]}]}
(module
  (table $kept 3 externref)
  (global $last (mut externref) (ref.null extern))
  (func (export "keep") (param i32 externref)
    (global.set $last (local.get 1))
    (table.set $kept (local.get 0) (local.get 1)))
  (func (export "take") (param i32) (result externref) (table.get $kept (local.get 0)))
  (func (export "swap") (local $held externref)
    (local.set $held (table.get $kept (i32.const 0)))
    (table.set $kept (i32.const 0) (table.get $kept (i32.const 1)))
    (table.set $kept (i32.const 1) (local.get $held)))
  (func (export "pass") (param externref) (result i32 externref)
    (ref.is_null (local.get 0)) (local.get 0))
  (func (export "choose") (param i32) (result externref)
    (select (result externref) (global.get $last) (table.get $kept (i32.const 0)) (local.get 0))))

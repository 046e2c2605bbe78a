;; fencepost: {"fencepost": 1, "calls": [
;; fencepost: {"export": "fill", "args": [{"i32": "0"}, {"externref": "host:3"}, {"i32": "4"}]},
;; fencepost: {"export": "get", "args": [{"i32": "3"}]}, {"export": "get", "args": [{"i32": "4"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "4"}, {"externref": "host:1"}, {"i32": "0"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "5"}, {"externref": "host:1"}, {"i32": "0"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "2"}, {"externref": "host:1"}, {"i32": "3"}]},
;; fencepost: {"export": "get", "args": [{"i32": "2"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "1"}, {"externref": "host:1"}, {"i32": "-1"}]},
;; fencepost: {"export": "set", "args": [{"i32": "4"}, {"externref": "host:1"}]},
;; fencepost: {"export": "set", "args": [{"i32": "-1"}, {"externref": "host:1"}]},
;; fencepost: {"export": "set", "args": [{"i32": "3"}, {"externref": null}]},
;; fencepost: {"export": "get", "args": [{"i32": "3"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "3"}, {"externref": "host:8"}, {"i32": "1"}]},
;; fencepost: {"export": "get", "args": [{"i32": "3"}]}]}
(module
  (table $table 4 4 externref)
  (func (export "fill") (param i32 externref i32) (table.fill $table (local.get 0) (local.get 1) (local.get 2)))
  (func (export "get") (param i32) (result externref) (table.get $table (local.get 0)))
  (func (export "set") (param i32 externref) (table.set $table (local.get 0) (local.get 1))))

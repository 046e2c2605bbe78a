;; fencepost: {"fencepost": 1, "calls": [{"export": "copy", "args": [{"i32": "1"}, {"i32": "0"}, {"i32": "7"}]},
;; fencepost: {"export": "word", "args": [{"i32": "0"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "1"}, {"i32": "7"}]},
;; fencepost: {"export": "word", "args": [{"i32": "0"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "65536"}, {"i32": "0"}, {"i32": "0"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "65536"}, {"i32": "0"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "65537"}, {"i32": "0"}, {"i32": "0"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "65530"}, {"i32": "0"}, {"i32": "7"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "65530"}, {"i32": "7"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "-1"}]},
;; fencepost: {"export": "word", "args": [{"i32": "65528"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "-1"}, {"i32": "0"}, {"i32": "1"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "65528"}, {"i32": "0"}, {"i32": "8"}]},
;; fencepost: {"export": "word", "args": [{"i32": "65528"}]}]}
(module
  (memory 1 1)
  (data (i32.const 0) "\01\02\03\04\05\06\07\08")
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "word") (param i32) (result i64) (i64.load (local.get 0))))

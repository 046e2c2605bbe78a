;; fencepost: {"fencepost": 1, "calls": [{"export": "fill", "args": [{"i32": "10"}, {"i32": "511"}, {"i32": "5"}]},
;; fencepost: {"export": "word", "args": [{"i32": "8"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "65536"}, {"i32": "1"}, {"i32": "0"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "65537"}, {"i32": "1"}, {"i32": "0"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "65535"}, {"i32": "7"}, {"i32": "1"}]},
;; fencepost: {"export": "byte", "args": [{"i32": "65535"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "65535"}, {"i32": "9"}, {"i32": "2"}]},
;; fencepost: {"export": "byte", "args": [{"i32": "65535"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "1"}, {"i32": "1"}, {"i32": "-1"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "-1"}, {"i32": "1"}, {"i32": "-1"}]},
;; fencepost: {"export": "fill", "args": [{"i32": "0"}, {"i32": "170"}, {"i32": "65536"}]},
;; fencepost: {"export": "byte", "args": [{"i32": "12345"}]}]}
(module
  (memory 1 1)
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "word") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0))))

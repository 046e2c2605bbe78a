;; fencepost: {"fencepost": 1, "calls": [{"export": "byte", "args": [{"i32": "65535"}]},
;; fencepost: {"export": "byte", "args": [{"i32": "65536"}]}, {"export": "half", "args": [{"i32": "65534"}]},
;; fencepost: {"export": "half", "args": [{"i32": "65535"}]}, {"export": "word", "args": [{"i32": "65532"}]},
;; fencepost: {"export": "word", "args": [{"i32": "65533"}]}, {"export": "word", "args": [{"i32": "65535"}]},
;; fencepost: {"export": "double", "args": [{"i32": "65528"}]}, {"export": "double", "args": [{"i32": "65529"}]},
;; fencepost: {"export": "double", "args": [{"i32": "65535"}]}, {"export": "real", "args": [{"i32": "65532"}]},
;; fencepost: {"export": "real", "args": [{"i32": "65533"}]},
;; fencepost: {"export": "write", "args": [{"i32": "65528"}, {"i64": "-1"}]},
;; fencepost: {"export": "write", "args": [{"i32": "65529"}, {"i64": "0"}]},
;; fencepost: {"export": "byte", "args": [{"i32": "65535"}]}]}
(module
  (memory 1 1)
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "half") (param i32) (result i32) (i32.load16_s (local.get 0)))
  (func (export "word") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "double") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "real") (param i32) (result f32) (f32.load (local.get 0)))
  (func (export "write") (param i32 i64) (i64.store (local.get 0) (local.get 1))))

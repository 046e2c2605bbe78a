;; fencepost: {"fencepost": 1, "calls": [
;; fencepost: {"export": "both", "args": [{"f64": "0x0000000000000000"}, {"f64": "0x8000000000000000"}]},
;; fencepost: {"export": "both", "args": [{"f64": "0x8000000000000000"}, {"f64": "0x0000000000000000"}]},
;; fencepost: {"export": "both", "args": [{"f64": "0x7ff8000000000000"}, {"f64": "0x3ff0000000000000"}]},
;; fencepost: {"export": "both", "args": [{"f64": "0x7ff0000000000000"}, {"f64": "0xfff0000000000000"}]},
;; fencepost: {"export": "both", "args": [{"f64": "0x0000000000000001"}, {"f64": "0x8000000000000001"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0x3fe0000000000000"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0xbfe0000000000000"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0x3ff8000000000000"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0x4004000000000000"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0x432fffffffffffff"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0x8000000000000000"}]},
;; fencepost: {"export": "round", "args": [{"f64": "0x7ff8000000000000"}]},
;; fencepost: {"export": "compare", "args": [{"f32": "0x7fc00000"}, {"f32": "0x7fc00000"}]},
;; fencepost: {"export": "compare", "args": [{"f32": "0x00000000"}, {"f32": "0x80000000"}]},
;; fencepost: {"export": "compare", "args": [{"f32": "0x00000001"}, {"f32": "0x00000000"}]}]}
(module
  (func $canonical (param f64) (result f64)
    (select (local.get 0) (f64.const nan) (f64.eq (local.get 0) (local.get 0))))
  (func (export "both") (param f64 f64) (result f64 f64 f64 f64 f64)
    (call $canonical (f64.min (local.get 0) (local.get 1)))
    (call $canonical (f64.max (local.get 0) (local.get 1)))
    (f64.copysign (local.get 0) (local.get 1))
    (call $canonical (f64.add (local.get 0) (local.get 1)))
    (call $canonical (f64.div (local.get 0) (local.get 1))))
  (func (export "round") (param f64) (result f64 f64 f64 f64 f64)
    (call $canonical (f64.nearest (local.get 0)))
    (call $canonical (f64.floor (local.get 0)))
    (call $canonical (f64.ceil (local.get 0)))
    (call $canonical (f64.trunc (local.get 0)))
    (call $canonical (f64.sqrt (local.get 0))))
  (func (export "compare") (param f32 f32) (result i32 i32 i32 i32 i32 i32)
    (f32.eq (local.get 0) (local.get 1)) (f32.ne (local.get 0) (local.get 1))
    (f32.lt (local.get 0) (local.get 1)) (f32.le (local.get 0) (local.get 1))
    (f32.gt (local.get 0) (local.get 1)) (f32.ge (local.get 0) (local.get 1))))

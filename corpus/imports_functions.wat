;; fencepost: {"fencepost": 1, "calls": [{"export": "direct", "args": [{"i32": "7"}]},
;; fencepost: {"export": "indirect", "args": [{"i32": "0"}, {"i32": "7"}]},
;; fencepost: {"export": "indirect", "args": [{"i32": "1"}, {"i32": "7"}]},
;; fencepost: {"export": "indirect", "args": [{"i32": "2"}, {"i32": "7"}]},
;; fencepost: {"export": "passed", "args": [{"i32": "3"}]}, {"export": "twice", "args": [{"i32": "1"}]},
;; fencepost: {"export": "floats", "args": [{"f32": "0x3fc00000"}]}]}
(module
  (import "env" "none" (func $none))
  (import "env" "log" (func $log (param i32) (result i32)))
  (import "env" "floats" (func $floats (param f32 f64 i64) (result f64)))
  (type $log_type (func (param i32) (result i32)))
  (table 3 3 funcref)
  (elem (i32.const 0) $log $own $none)
  (func $own (param i32) (result i32) (i32.add (call $log (local.get 0)) (i32.const 100)))
  (func (export "direct") (param i32) (result i32)
    (call $none)
    (i32.add (call $log (local.get 0)) (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $log_type) (local.get 1) (local.get 0)))
  (func (export "twice") (param i32) (result i32) (call $log (call $log (local.get 0))))
  (func (export "floats") (param f32) (result f64)
    (call $floats (local.get 0) (f64.promote_f32 (local.get 0)) (i64.const -1)))
  (export "passed" (func $log)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "as_i32", "args": [{"i32": "0"}, {"i32": "5"}]},
;; fencepost: {"export": "as_i32", "args": [{"i32": "1"}, {"i32": "5"}]},
;; fencepost: {"export": "as_i32", "args": [{"i32": "2"}, {"i32": "5"}]},
;; fencepost: {"export": "as_i32", "args": [{"i32": "3"}, {"i32": "5"}]},
;; fencepost: {"export": "as_i32", "args": [{"i32": "4"}, {"i32": "5"}]},
;; fencepost: {"export": "as_i64", "args": [{"i32": "1"}, {"i64": "5"}]},
;; fencepost: {"export": "as_i64", "args": [{"i32": "0"}, {"i64": "5"}]},
;; fencepost: {"export": "as_f32", "args": [{"i32": "2"}, {"f32": "0x40a00000"}]},
;; fencepost: {"export": "as_f32", "args": [{"i32": "0"}, {"f32": "0x40a00000"}]},
;; fencepost: {"export": "as_none", "args": [{"i32": "3"}]}, {"export": "as_none", "args": [{"i32": "0"}]},
;; fencepost: {"export": "as_none", "args": [{"i32": "4"}]},
;; fencepost: {"export": "as_pair", "args": [{"i32": "4"}, {"i32": "5"}]},
;; fencepost: {"export": "as_pair", "args": [{"i32": "0"}, {"i32": "5"}]},
;; fencepost: {"export": "as_alias", "args": [{"i32": "0"}, {"i32": "9"}]}]}
(module
  (type $i32 (func (param i32) (result i32)))
  (type $alias (func (param i32) (result i32)))
  (type $i64 (func (param i64) (result i64)))
  (type $f32 (func (param f32) (result f32)))
  (type $none (func))
  (type $pair (func (param i32) (result i32 i32)))
  (table 5 funcref)
  (elem (i32.const 0) $f_i32 $f_i64 $f_f32 $f_none $f_pair)
  (func $f_i32 (type $i32) (i32.add (local.get 0) (i32.const 1)))
  (func $f_i64 (type $i64) (i64.add (local.get 0) (i64.const 2)))
  (func $f_f32 (type $f32) (f32.neg (local.get 0)))
  (func $f_none (type $none))
  (func $f_pair (type $pair) (local.get 0) (i32.const 3))
  (func (export "as_i32") (param i32 i32) (result i32) (call_indirect (type $i32) (local.get 1) (local.get 0)))
  (func (export "as_alias") (param i32 i32) (result i32) (call_indirect (type $alias) (local.get 1) (local.get 0)))
  (func (export "as_i64") (param i32 i64) (result i64) (call_indirect (type $i64) (local.get 1) (local.get 0)))
  (func (export "as_f32") (param i32 f32) (result f32) (call_indirect (type $f32) (local.get 1) (local.get 0)))
  (func (export "as_none") (param i32) (call_indirect (type $none) (local.get 0)))
  (func (export "as_pair") (param i32 i32) (result i32 i32)
    (call_indirect (type $pair) (local.get 1) (local.get 0))))

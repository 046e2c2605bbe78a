;; fencepost: {"fencepost": 1, "calls": [{"export": "fill", "args": []}, {"export": "go", "args": [{"i32": "0"}]},
;; fencepost: {"export": "go", "args": [{"i32": "1"}]}, {"export": "go", "args": [{"i32": "2"}]},
;; fencepost: {"export": "nulls", "args": []}, {"export": "self", "args": []},
;; fencepost: {"export": "clear", "args": [{"i32": "0"}]}, {"export": "go", "args": [{"i32": "0"}]},
;; fencepost: {"export": "nulls", "args": []}]}
(module
  (type $get (func (result i32)))
  (table $table 3 funcref)
  (elem declare func $one $two)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "fill")
    (table.set $table (i32.const 0) (ref.func $one))
    (table.set $table (i32.const 1) (select (result funcref) (ref.func $two) (ref.null func) (i32.const 1))))
  (func (export "go") (param i32) (result i32) (call_indirect $table (type $get) (local.get 0)))
  (func (export "nulls") (result i32 i32 i32)
    (ref.is_null (table.get $table (i32.const 0)))
    (ref.is_null (table.get $table (i32.const 1)))
    (ref.is_null (table.get $table (i32.const 2))))
  (func (export "self") (result funcref) (table.get $table (i32.const 1)))
  (func (export "clear") (param i32) (table.set $table (local.get 0) (ref.null func))))

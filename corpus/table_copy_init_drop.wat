;; fencepost: {"fencepost": 1, "calls": [{"export": "init", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "3"}]},
;; fencepost: {"export": "all", "args": []}, {"export": "copy", "args": [{"i32": "1"}, {"i32": "0"}, {"i32": "3"}]},
;; fencepost: {"export": "all", "args": []}, {"export": "copy", "args": [{"i32": "0"}, {"i32": "1"}, {"i32": "3"}]},
;; fencepost: {"export": "all", "args": []}, {"export": "copy", "args": [{"i32": "6"}, {"i32": "0"}, {"i32": "1"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "5"}, {"i32": "2"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "-1"}]},
;; fencepost: {"export": "init", "args": [{"i32": "0"}, {"i32": "2"}, {"i32": "2"}]},
;; fencepost: {"export": "init", "args": [{"i32": "5"}, {"i32": "0"}, {"i32": "2"}]}, {"export": "drop", "args": []},
;; fencepost: {"export": "drop", "args": []}, {"export": "init", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "1"}]},
;; fencepost: {"export": "init", "args": [{"i32": "6"}, {"i32": "0"}, {"i32": "0"}]},
;; fencepost: {"export": "go", "args": [{"i32": "0"}]}, {"export": "go", "args": [{"i32": "4"}]}]}
(module
  (type $get (func (result i32)))
  (table $table 6 6 funcref)
  (elem $passive func $ten $twenty $thirty)
  (func $ten (result i32) (i32.const 10))
  (func $twenty (result i32) (i32.const 20))
  (func $thirty (result i32) (i32.const 30))
  (func $go (export "go") (param i32) (result i32) (call_indirect $table (type $get) (local.get 0)))
  (func $value (param i32) (result i32)
    (if (result i32) (ref.is_null (table.get $table (local.get 0)))
      (then (i32.const 0))
      (else (call $go (local.get 0)))))
  (func (export "all") (result i32 i32 i32 i32)
    (call $value (i32.const 0)) (call $value (i32.const 1)) (call $value (i32.const 2)) (call $value (i32.const 3)))
  (func (export "copy") (param i32 i32 i32) (table.copy $table $table (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (table.init $table $passive (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (elem.drop $passive)))

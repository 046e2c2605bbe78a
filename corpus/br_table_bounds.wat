;; fencepost: {"fencepost": 1, "calls": [{"export": "pick", "args": [{"i32": "0"}]},
;; fencepost: {"export": "pick", "args": [{"i32": "1"}]}, {"export": "pick", "args": [{"i32": "2"}]},
;; fencepost: {"export": "pick", "args": [{"i32": "3"}]}, {"export": "pick", "args": [{"i32": "4"}]},
;; fencepost: {"export": "pick", "args": [{"i32": "2147483648"}]}, {"export": "pick", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "only_default", "args": [{"i32": "0"}]},
;; fencepost: {"export": "only_default", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "wide", "args": [{"i64": "4294967297"}]}, {"export": "wide", "args": [{"i64": "-1"}]}]}
(module
  (func $pick (export "pick") (param i32) (result i32)
    (block $default
      (block $two
        (block $one
          (block $zero
            (br_table $zero $one $two $default (local.get 0)))
          (return (i32.const 10)))
        (return (i32.const 11)))
      (return (i32.const 12)))
    (i32.const 13))
  (func (export "only_default") (param i32) (result i32)
    (block $out (result i32)
      (br_table $out (i32.const 5) (local.get 0))))
  (func (export "wide") (param i64) (result i32)
    (call $pick (i32.wrap_i64 (local.get 0)))))

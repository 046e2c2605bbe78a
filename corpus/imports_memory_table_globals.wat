;; fencepost: {"fencepost": 1, "calls": [{"export": "store", "args": [{"i32": "0"}, {"i32": "5"}]},
;; fencepost: {"export": "load", "args": [{"i32": "0"}]},
;; fencepost: {"export": "store", "args": [{"i32": "65532"}, {"i32": "-1"}]},
;; fencepost: {"export": "store", "args": [{"i32": "65533"}, {"i32": "1"}]},
;; fencepost: {"export": "grow_memory", "args": [{"i32": "1"}]},
;; fencepost: {"export": "store", "args": [{"i32": "65536"}, {"i32": "3"}]},
;; fencepost: {"export": "table", "args": [{"i32": "0"}]}, {"export": "set", "args": [{"i32": "0"}]},
;; fencepost: {"export": "table", "args": [{"i32": "0"}]}, {"export": "grow_table", "args": [{"i32": "2"}]},
;; fencepost: {"export": "globals", "args": [{"i32": "41"}]}, {"export": "globals", "args": [{"i32": "1"}]}]}
(module
  (import "env" "memory" (memory 1 2))
  (import "env" "table" (table $table 2 8 funcref))
  (import "env" "constant" (global $constant i32))
  (import "env" "counter" (global $counter (mut i32)))
  (type $answer (func (result i32)))
  (elem declare func $answer)
  (func $answer (type $answer) (i32.const 42))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow_memory") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "table") (param i32) (result i32) (call_indirect (type $answer) (local.get 0)))
  (func (export "set") (param i32) (table.set $table (local.get 0) (ref.func $answer)))
  (func (export "grow_table") (param i32) (result i32 i32)
    (table.grow $table (ref.func $answer) (local.get 0)) (table.size $table))
  (func (export "globals") (param i32) (result i32 i32)
    (global.set $counter (i32.add (global.get $counter) (local.get 0)))
    (global.get $counter) (global.get $constant)))

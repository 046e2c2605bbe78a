;; fencepost: {"fencepost": 1, "calls": [{"export": "honest", "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "1000"}], "expect": {"trap": "bad_code_reference"}}]}
;; A VMFuncRef written into linear memory, to which a table element is made to point: all of its fields are the
;; attacker's. It can name listed code of the right signature and nothing else.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMTableDefinition.base" (func $table_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMFuncRef+wasm_call" (func $wasm_call (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "load64" (func $load64 (param i32) (result i64)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (type $nullary (func (result i32)))
  (table 1 1 funcref)
  (elem declare func $seven)
  (func $seven (export "honest") (type $nullary) (i32.const 7))
  (func $wide (export "wide") (param i64 i64) (result i64) (local.get 1))
  (func (export "attack") (param $other_code i32) (result i32)
    (local $real i32)
    (local.set $real (call $function_offset (ref.func $seven)))
    (i64.store (i32.const 64) (call $load64 (local.get $real)))
    (i64.store (i32.const 72) (call $load64 (i32.add (local.get $real) (i32.const 8))))
    (i32.store (i32.add (i32.const 64) (call $wasm_call))
      (i32.add (i32.load (i32.add (i32.const 64) (call $wasm_call))) (local.get $other_code)))
    (call $store32
      (call $load32 (call $table_base (call $self) (i32.const 0)))
      (i32.or (i32.const 1)
        (i32.add (call $load32 (call $memory_base (call $self) (i32.const 0))) (i32.const 64))))
    (call_indirect (type $nullary) (i32.const 0))))

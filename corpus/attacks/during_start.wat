;; fencepost: {"fencepost": 1, "calls": [{"export": "length", "expect": {"values": [{"i32": "65535"}]}},
;; fencepost: {"export": "read", "args": [{"i32": "1048576"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "call", "expect": {"trap": "bad_code_reference"}}]}
;; The start function attacks, when element and data segments have just been written: memory is given a length and a
;; function reference another code index before anything else may run.
(module
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMFuncRef.wasm_call" (func $code (param i32 i32) (result i32)))
  (import "fencepost" "length" (func $arena_length (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 16)
  (type $nullary (func (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $seven)
  (func $seven (type $nullary) (i32.const 7))
  (start $attack)
  (func $attack
    (call $store32 (call $memory_length (call $self) (i32.const 0)) (i32.const -1))
    (call $store32 (call $code (call $self) (i32.const 0)) (i32.const 0x7fffffff)))
  (func (export "length") (result i32) (memory.size))
  (func (export "read") (param i32) (result i32) (i32.load (i32.add (local.get 0) (i32.const 4096))))
  (func (export "call") (result i32) (call_indirect (type $nullary) (i32.const 0))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "length", "expect": {"values": [{"i32": "65535"}]}},
;; fencepost: {"export": "read", "args": [{"i32": "2146435072"}], "expect": {"trap": "heap_out_of_bounds"}},
;; fencepost: {"export": "call", "expect": {"trap": "bad_code_reference"}}]}
;; The start function attacks, when element and data segments have just been written: memory is given a length and a
;; function reference another code index before anything else may run.
(module
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "VMFuncRef+wasm_call" (func $code (result i32)))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 16)
  (type $nullary (func (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $seven)
  (func $seven (type $nullary) (i32.const 7))
  (elem declare func $seven)
  (start $attack)
  (func $attack
    (call $store32 (call $memory_length (call $self) (i32.const 0)) (i32.const -1))
    (call $store32 (i32.add (call $function_offset (ref.func $seven)) (call $code)) (i32.const 0x7fffffff)))
  (func (export "length") (result i32) (memory.size))
  (func (export "read") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "call") (result i32) (call_indirect (type $nullary) (i32.const 0))))

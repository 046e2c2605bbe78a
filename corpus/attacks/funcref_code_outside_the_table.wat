;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "-1"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "65536"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "-2147483648"}], "expect": {"trap": "bad_code_reference"}}]}
;; A forged VMFuncRef whose code index is none: past the table, with the top bit set, an address. Indices are clamped to
;; entry 0, which traps, also where a processor speculates.
(module
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMFuncRef+wasm_call" (func $wasm_call (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $nullary (func (result i32)))
  (table 1 1 funcref)
  (elem (i32.const 0) func $seven)
  (elem declare func $seven)
  (func $seven (type $nullary) (i32.const 7))
  (func (export "attack") (param i32) (result i32)
    (call $store32 (i32.add (call $function_offset (ref.func $seven)) (call $wasm_call)) (local.get 0))
    (call_indirect (type $nullary) (i32.const 0))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "1"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"trap": "bad_code_reference"}},
;; fencepost: {"export": "attack_same", "expect": {"values": [{"i32": "5"}]}}]}
;; A VMFunctionImport whose code index is that of a function of another signature, or of none, or of one of the same
;; signature. A call of an import checks as an indirect call does; the last may be called, as the promise says.
(module
  (import "env" "unary" (func $imported (param i32) (result i32)))
  (import "fencepost" "VMFunctionImport.wasm_call" (func $code (param i32 i32) (result i32)))
  (import "fencepost" "VMFunctionImport.vmctx" (func $vmctx (param i32 i32) (result i32)))
  (import "fencepost" "VMContext.magic" (func $context (param i32 i32) (result i32)))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "VMFuncRef+wasm_call" (func $wasm_call (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (elem declare func $wide $next)
  (func $wide (param i64) (result i64) (local.get 0))
  (func $next (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $code_of (param funcref) (result i32)
    (call $load32 (i32.add (call $function_offset (local.get 0)) (call $wasm_call))))
  (func $forge (param i32) (call $store32 (call $code (call $self) (i32.const 0)) (local.get 0)))
  (func (export "attack") (param $wide i32) (result i32)
    (call $forge (select (call $code_of (ref.func $wide)) (i32.const -1) (local.get $wide)))
    (call $imported (i32.const 4)))
  (func (export "attack_same") (result i32)
    (call $forge (call $code_of (ref.func $next)))
    (call $store32 (call $vmctx (call $self) (i32.const 0)) (call $context (call $self) (i32.const 0)))
    (call $imported (i32.const 4))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "4"}], "expect": {"trap": "arena_out_of_bounds"}},
;; fencepost: {"export": "attack_owner", "expect": {"trap": "host"}}]}
;; A VMTableImport that names a counterfeit VMTableDefinition, whose elements lie in linear memory, and one whose owner
;; is no instance when the runtime is asked to grow the table.
(module
  (import "env" "table" (table $table 1 4 funcref))
  (import "fencepost" "VMTableImport.from" (func $from (param i32 i32) (result i32)))
  (import "fencepost" "VMTableImport.vmctx" (func $vmctx (param i32 i32) (result i32)))
  (import "fencepost" "VMTableDefinition+base" (func $base (result i32)))
  (import "fencepost" "VMTableDefinition+current_elements" (func $length (result i32)))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "function_offset" (func $function_offset (param funcref) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 1)
  (type $nullary (func (result i32)))
  (elem declare func $seven)
  (func $seven (type $nullary) (i32.const 7))
  ;; The counterfeit lies at 64, the one element at 128; `distance` makes the element name what lies beside the function.
  (func (export "attack") (param $distance i32) (result i32) (local $memory i32)
    (local.set $memory (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (i32.store (i32.add (i32.const 64) (call $base)) (i32.add (local.get $memory) (i32.const 128)))
    (i32.store (i32.add (i32.const 64) (call $length)) (i32.const 1))
    (i32.store (i32.const 128)
      (select (i32.const 0x2001) (i32.or (call $function_offset (ref.func $seven)) (i32.const 1)) (local.get $distance)))
    (call $store32 (call $from (call $self) (i32.const 0)) (i32.add (local.get $memory) (i32.const 64)))
    (call_indirect $table (type $nullary) (i32.const 0)))
  (func (export "attack_owner") (result i32)
    (call $store32 (call $vmctx (call $self) (i32.const 0)) (i32.const 64))
    (table.grow $table (ref.null func) (i32.const 1))))

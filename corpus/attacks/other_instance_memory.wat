;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "expect": {"values": [{"i32": "287454020"}]}},
;; fencepost: {"export": "attack_length", "expect": {"trap": "heap_out_of_bounds"}}]}
;; The memory of another instance, through its own VMMemoryDefinition and not through the import: the two share one arena,
;; so its base can be made that of this instance's memory, and its length more than there is.
(module
  (import "env" "memory" (memory $theirs 1 2))
  (import "fencepost" "VMMemoryDefinition.base" (func $memory_base (param i32 i32) (result i32)))
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory $own 1 1)
  (func (export "attack") (result i32)
    (i32.store $own (i32.const 16) (i32.const 0x11223344))
    (call $store32 (call $memory_base (i32.const 0) (i32.const 0))
      (call $load32 (call $memory_base (call $self) (i32.const 0))))
    (i32.load $theirs (i32.const 16)))
  (func (export "attack_length") (result i32)
    (call $store32 (call $memory_length (i32.const 0) (i32.const 0)) (i32.const -1))
    (i32.load $theirs (i32.const 0x7ff00000))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "-65536"}], "expect": {"values": [{"i32": "1"}, {"i32": "2"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "2"}, {"i32": "3"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "0"}], "expect": {"values": [{"i32": "-1"}, {"i32": "0"}]}}]}
;; A memory grows whose length in the arena is corrupted. The runtime counts pages itself: it answers the true size,
;; refuses to pass the true maximum, and writes the right length back.
(module
  (import "fencepost" "VMMemoryDefinition.current_length" (func $memory_length (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (memory 1 3)
  (func (export "attack") (param $length i32) (result i32 i32)
    (call $store32 (call $memory_length (call $self) (i32.const 0)) (local.get $length))
    (memory.grow (i32.const 1))
    (memory.size)))

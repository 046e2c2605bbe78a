;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "16"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack_allocate", "args": [{"i32": "268435456"}], "expect": {"values": [{"i32": "9"}]}},
;; fencepost: {"export": "attack_allocate", "args": [{"i32": "0"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack_too_large", "expect": {"trap": "allocation_too_large"}}]}
;; The bound of the GC heap in the store context. Too small, the front end's own check stops every access; too large, objects
;; come to end behind what the heap was granted, in the arena. When the heap grows, the runtime goes by the size that it keeps.
(module
  (import "fencepost" "VMStoreContext.gc_heap_length" (func $heap_length (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (type $cell (struct (field (mut i32))))
  (type $row (array (mut i32)))
  (global $cell (mut (ref null $cell)) (ref.null $cell))
  (func $bound (param i32) (call $store32 (call $heap_length (call $self) (i32.const 0)) (local.get 0)))
  (func (export "attack") (param $length i32) (result i32)
    (global.set $cell (struct.new $cell (i32.const 42)))
    (call $bound (local.get $length))
    (struct.get $cell 0 (global.get $cell)))
  (func (export "attack_allocate") (param $length i32) (result i32)
    (call $bound (local.get $length))
    (array.get $row (array.new $row (i32.const 9) (i32.const 40000)) (i32.const 39999)))
  (func (export "attack_too_large") (result i32)
    (call $bound (i32.const 65536))
    (array.len (array.new_default $row (i32.const 0x1000000)))))

;; fencepost: {"fencepost": 1, "calls": [{"export": "attack_number", "args": [{"i32": "7"}], "expect": {"values": [{"i32": "7"}]}},
;; fencepost: {"export": "attack_reference", "args": [{"i32": "-16"}], "expect": {"trap": "gc_heap_corrupt"}}]}
;; What an exception carries stands in its object. A number is whatever was written there; a reference that leads out of the
;; heap is found by the check of its first use, as any other.
(module
  (type $cell (struct (field (mut i32))))
  (import "fencepost" "exception_offset" (func $exception_offset (param exnref) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (tag $number (param i32))
  (tag $reference (param (ref null $cell)))
  (func $caught_number (result exnref)
    (block $handler (result exnref)
      (try_table (catch_all_ref $handler) (throw $number (i32.const 42)))
      (unreachable)))
  (func $caught_reference (result exnref)
    (block $handler (result exnref)
      (try_table (catch_all_ref $handler) (throw $reference (struct.new $cell (i32.const 42))))
      (unreachable)))
  ;; The header takes 16 bytes and the tag 8; then come the values.
  (func $replace (param $exception exnref) (param $value i32)
    (call $store32 (i32.add (call $exception_offset (local.get $exception)) (i32.const 24)) (local.get $value)))
  (func (export "attack_number") (param $value i32) (result i32) (local $exception exnref)
    (local.set $exception (call $caught_number))
    (call $replace (local.get $exception) (local.get $value))
    (block $handler (result i32)
      (try_table (catch $number $handler) (throw_ref (local.get $exception)))
      (unreachable)))
  (func (export "attack_reference") (param $value i32) (result i32) (local $exception exnref)
    (local.set $exception (call $caught_reference))
    (call $replace (local.get $exception) (local.get $value))
    (block $handler (result (ref null $cell))
      (try_table (catch $reference $handler) (throw_ref (local.get $exception)))
      (unreachable))
    (struct.get $cell 0)))

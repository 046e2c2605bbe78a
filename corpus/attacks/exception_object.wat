;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i32": "16"}, {"i32": "0"}], "expect": {"values": [{"i32": "42"}]}},
;; fencepost: {"export": "attack", "args": [{"i32": "16"}, {"i32": "99"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "20"}, {"i32": "-1"}], "expect": {"trap": "gc_heap_corrupt"}},
;; fencepost: {"export": "attack", "args": [{"i32": "20"}, {"i32": "1"}], "expect": {"values": [{"i32": "1042"}]}}]}
;; An exception object names its tag by instance and number. The runtime looks both up when the exception is thrown again: a
;; tag that there is not traps, another one is caught as that one, with the payload that lies there.
(module
  (import "fencepost" "exception_offset" (func $exception_offset (param exnref) (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (tag $first (param i32))
  (tag $second (param i32))
  (func $throw (throw $first (i32.const 42)))
  (func $caught (result i32 exnref)
    (block $handler (result i32 exnref)
      (try_table (catch_ref $first $handler) (call $throw))
      (unreachable)))
  (func (export "attack") (param $field i32) (param $value i32) (result i32) (local $exception exnref)
    (call $caught)
    (local.set $exception)
    (drop)
    (call $store32 (i32.add (call $exception_offset (local.get $exception)) (local.get $field)) (local.get $value))
    (block $second (result i32)
      (block $first (result i32)
        (try_table (catch $first $first) (catch $second $second) (throw_ref (local.get $exception)))
        (unreachable))
      (return))
    (i32.add (i32.const 1000))))

;; fencepost: {"fencepost": 1, "calls": [
;; fencepost: {"export": "set", "args": [{"i32": "7"}, {"i64": "-9"}, {"f32": "0x7f7fffff"}, {"f64": "0x0010000000000000"}]},
;; fencepost: {"export": "get", "args": []}, {"export": "count", "args": [{"i32": "1000"}]},
;; fencepost: {"export": "get", "args": []}, {"export": "hold", "args": [{"externref": "host:5"}]},
;; fencepost: {"export": "held", "args": []}, {"export": "drop", "args": []}, {"export": "held", "args": []}]}
(module
  (global $i32 (export "i32") (mut i32) (i32.const -1))
  (global $i64 (export "i64") (mut i64) (i64.const 0x8000000000000000))
  (global $f32 (export "f32") (mut f32) (f32.const -0))
  (global $f64 (export "f64") (mut f64) (f64.const inf))
  (global $constant i64 (i64.const 1234605616436508552))
  (global $host (export "host") (mut externref) (ref.null extern))
  (global $function (export "function") (mut funcref) (ref.null func))
  (func $set (export "set") (param i32 i64 f32 f64)
    (global.set $i32 (local.get 0)) (global.set $i64 (local.get 1))
    (global.set $f32 (local.get 2)) (global.set $f64 (local.get 3)))
  (func (export "get") (result i32 i64 f32 f64 i64)
    (global.get $i32) (global.get $i64) (global.get $f32) (global.get $f64) (global.get $constant))
  (func (export "count") (param i32)
    (loop $next
      (global.set $i64 (i64.add (i64.mul (global.get $i64) (i64.const 3)) (i64.extend_i32_u (local.get 0))))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "hold") (param externref)
    (global.set $host (local.get 0)) (global.set $function (ref.func $set)))
  (func (export "held") (result i32 i32)
    (ref.is_null (global.get $host)) (ref.is_null (global.get $function)))
  (func (export "drop")
    (global.set $host (ref.null extern)) (global.set $function (ref.null func)))
  (elem declare func $set))

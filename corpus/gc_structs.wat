;; fencepost: {"fencepost": 1, "calls": [{"export": "list", "args": [{"i32": "100"}]},
;; fencepost: {"export": "fields", "args": [{"i32": "-1"}, {"i64": "-2"}, {"f32": "0x40490fdb"}, {"f64": "0x400921fb54442d18"}]},
;; fencepost: {"export": "narrow", "args": [{"i32": "511"}]}, {"export": "null", "args": []},
;; fencepost: {"export": "held_function", "args": [{"i32": "4"}]}, {"export": "kept", "args": []}]}
(module
  (type $node (struct (field $value i32) (field $next (mut (ref null $node)))))
  (type $wide (struct (field (mut i32)) (field (mut i64)) (field (mut f32)) (field (mut f64)) (field (mut v128))))
  (type $narrow (struct (field $byte (mut i8)) (field $half (mut i16))))
  (type $unary (func (param i32) (result i32)))
  (type $holder (struct (field (mut (ref null $unary))) (field funcref)))
  (global $kept (export "global") (mut (ref null $node)) (ref.null none))
  (global $made (ref $narrow) (struct.new $narrow (i32.const -1) (i32.const -2)))
  (func (export "list") (param $n i32) (result i32) (local $head (ref null $node)) (local $sum i32)
    (loop $more
      (local.set $head (struct.new $node (local.get $n) (local.get $head)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $kept (local.get $head))
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $head)))
        (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (local.get $head))))
        (local.set $head (struct.get $node $next (local.get $head)))
        (br $next)))
    (local.get $sum))
  (func (export "fields") (param i32 i64 f32 f64) (result f64 f32 i64 i32 i32) (local $wide (ref $wide))
    (local.set $wide (struct.new $wide
      (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32x4.splat (local.get 0))))
    (struct.set $wide 1 (local.get $wide) (i64.add (struct.get $wide 1 (local.get $wide)) (i64.const 1)))
    (struct.get $wide 3 (local.get $wide)) (struct.get $wide 2 (local.get $wide))
    (struct.get $wide 1 (local.get $wide)) (struct.get $wide 0 (local.get $wide))
    (i32x4.extract_lane 3 (struct.get $wide 4 (local.get $wide))))
  (func (export "narrow") (param i32) (result i32 i32 i32 i32) (local $narrow (ref $narrow))
    (local.set $narrow (struct.new $narrow (local.get 0) (local.get 0)))
    (struct.get_s $narrow $byte (local.get $narrow)) (struct.get_u $narrow $byte (local.get $narrow))
    (struct.get_s $narrow $half (local.get $narrow)) (struct.get_u $narrow $half (global.get $made)))
  (func (export "null") (result i32) (struct.get $node $value (ref.null $node)))
  (func $triple (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (elem declare func $triple)
  (func (export "held_function") (param i32) (result i32 i32) (local $holder (ref $holder))
    (local.set $holder (struct.new $holder (ref.func $triple) (ref.null func)))
    (call_ref $unary (local.get 0) (struct.get $holder 0 (local.get $holder)))
    (ref.is_null (struct.get $holder 1 (local.get $holder))))
  (func (export "kept") (result i32) (struct.get $node $value (global.get $kept))))

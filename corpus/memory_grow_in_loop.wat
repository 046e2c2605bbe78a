;; fencepost: {"fencepost": 1, "calls": [{"export": "fill", "args": [{"i32": "5"}]}, {"export": "sum", "args": []},
;; fencepost: {"export": "fill", "args": [{"i32": "20"}]}, {"export": "sum", "args": []},
;; fencepost: {"export": "past", "args": []}]}
(module
  (memory 1 8)
  (func (export "fill") (param $rounds i32) (result i32) (local $last i32)
    (loop $next
      (local.set $last (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)))
      (i32.store (local.get $last) (memory.size))
      (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))
        (then (i32.store offset=65536 (local.get $last) (i32.const 77))))
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $next (local.get $rounds)))
    (memory.size))
  (func (export "sum") (result i32) (local $at i32) (local $sum i32)
    (local.set $at (i32.const 65532))
    (block $out
      (loop $next
        (br_if $out (i32.ge_u (local.get $at) (i32.shl (memory.size) (i32.const 16))))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10)) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 65536)))
        (br $next)))
    (local.get $sum))
  (func (export "past") (result i32) (i32.load (i32.shl (memory.size) (i32.const 16)))))

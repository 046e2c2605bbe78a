;; fencepost: {"fencepost": 1, "calls": [{"export": "walk", "args": [{"i32": "0"}]},
;; fencepost: {"export": "walk", "args": [{"i32": "1"}]}, {"export": "walk", "args": [{"i32": "7"}]},
;; fencepost: {"export": "walk", "args": [{"i32": "100"}]}]}
(module
  (func (export "walk") (param $steps i32) (result i32) (local $sum i32)
    (block $done (result i32)
      (loop $next
        (drop (block $even (result i32)
          (drop (block $odd (result i32)
            (br_if $done (local.get $sum) (i32.eqz (local.get $steps)))
            drop
            (br_table $even $odd (i32.const 3) (i32.and (local.get $steps) (i32.const 1)))))
          (local.set $sum (i32.add (local.get $sum) (i32.const 100)))
          (i32.const 0)))
        (local.set $sum (i32.add (local.get $sum) (local.get $steps)))
        (local.set $steps (i32.sub (local.get $steps) (i32.const 1)))
        (br $next))
      unreachable)))

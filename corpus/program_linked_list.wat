;; fencepost: {"fencepost": 1, "calls": [{"export": "build", "args": [{"i32": "100"}]},
;; fencepost: {"export": "sum", "args": []}, {"export": "reverse", "args": []}, {"export": "sum", "args": []},
;; fencepost: {"export": "first", "args": []}, {"export": "corrupt", "args": []}, {"export": "sum", "args": []}]}
(module
  (memory 1)
  (global $head (mut i32) (i32.const 0))
  (func (export "build") (param $count i32) (local $node i32)
    (loop $next
      (local.set $node (i32.shl (local.get $count) (i32.const 3)))
      (i32.store (local.get $node) (global.get $head))
      (i32.store offset=4 (local.get $node) (i32.mul (local.get $count) (local.get $count)))
      (global.set $head (local.get $node))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "sum") (result i32) (local $node i32) (local $sum i32) (local $steps i32)
    (local.set $node (global.get $head))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $node)))
        (br_if $done (i32.gt_u (local.tee $steps (i32.add (local.get $steps) (i32.const 1))) (i32.const 1000)))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (i32.load offset=4 (local.get $node))))
        (local.set $node (i32.load (local.get $node)))
        (br $next)))
    (local.get $sum))
  (func (export "reverse") (local $node i32) (local $next i32) (local $last i32)
    (local.set $node (global.get $head))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $node)))
        (local.set $next (i32.load (local.get $node)))
        (i32.store (local.get $node) (local.get $last))
        (local.set $last (local.get $node))
        (local.set $node (local.get $next))
        (br $again)))
    (global.set $head (local.get $last)))
  (func (export "first") (result i32) (i32.load offset=4 (global.get $head)))
  (func (export "corrupt") (i32.store (global.get $head) (i32.const -8))))

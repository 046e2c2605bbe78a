;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "3"}]}, {"export": "size", "args": []},
;; fencepost: {"export": "run", "args": [{"i32": "20"}]}, {"export": "size", "args": []},
;; fencepost: {"export": "go", "args": [{"i32": "9"}]}, {"export": "go", "args": [{"i32": "10"}]},
;; fencepost: {"export": "fail", "args": []}, {"export": "nothing", "args": []}]}
(module
  (type $get (func (result i32)))
  (table $table 1 10 funcref)
  (elem (i32.const 0) $one)
  (elem declare func $two)
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "run") (param $rounds i32) (result i32) (local $sum i32)
    (loop $next
      (drop (table.grow $table (ref.func $two) (i32.const 1)))
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
        (call_indirect $table (type $get) (i32.sub (table.size $table) (i32.const 1)))))
      (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $sum))
  (func (export "size") (result i32) (table.size $table))
  (func (export "go") (param i32) (result i32) (call_indirect $table (type $get) (local.get 0)))
  (func (export "fail") (result i32) (table.grow $table (ref.null func) (i32.const -1)))
  (func (export "nothing") (result i32) (table.grow $table (ref.null func) (i32.const 0))))

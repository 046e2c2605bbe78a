;; fencepost: {"fencepost": 1, "calls": [{"export": "swap_if", "args": [{"i32": "0"}, {"i64": "7"}]},
;; fencepost: {"export": "swap_if", "args": [{"i32": "1"}, {"i64": "7"}]},
;; fencepost: {"export": "fibonacci", "args": [{"i32": "50"}]}, {"export": "early", "args": [{"i32": "0"}]},
;; fencepost: {"export": "early", "args": [{"i32": "9"}]}]}
(module
  (func (export "swap_if") (param i32 i64) (result i64 i32)
    (i32.const 3) (local.get 1)
    (if (param i32 i64) (result i64 i32) (local.get 0)
      (then (local.set 1) (local.set 0) (i64.add (local.get 1) (i64.const 1)) (local.get 0))
      (else (drop) (i64.extend_i32_u) (i32.const -1))))
  (func (export "fibonacci") (param $n i32) (result i64) (local $a i64) (local $b i64)
    (i64.const 0) (i64.const 1)
    (loop $next (param i64 i64) (result i64 i64)
      (local.set $b)
      (local.set $a)
      (local.get $b)
      (i64.add (local.get $a) (local.get $b))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $next (local.get $n)))
    (drop))
  (func (export "early") (param i32) (result i32 i64)
    (block $out (result i32 i64)
      (local.get 0) (i64.const 11)
      (br_if $out (i32.eqz (local.get 0)))
      (drop) (i32.const 5) (i32.add) (i64.const 22))))

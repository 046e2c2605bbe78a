;; fencepost: {"fencepost": 1, "calls": [{"export": "prepare", "args": []},
;; fencepost: {"export": "checksum", "args": [{"i32": "0"}]}, {"export": "checksum", "args": [{"i32": "1"}]},
;; fencepost: {"export": "checksum", "args": [{"i32": "4096"}]}]}
(module
  (memory 1)
  (func (export "prepare") (local $n i32) (local $bit i32) (local $value i32)
    (loop $entries
      (local.set $value (local.get $n))
      (local.set $bit (i32.const 8))
      (loop $bits
        (local.set $value
          (select
            (i32.xor (i32.shr_u (local.get $value) (i32.const 1)) (i32.const 0xedb88320))
            (i32.shr_u (local.get $value) (i32.const 1))
            (i32.and (local.get $value) (i32.const 1))))
        (br_if $bits (local.tee $bit (i32.sub (local.get $bit) (i32.const 1)))))
      (i32.store (i32.shl (local.get $n) (i32.const 2)) (local.get $value))
      (i32.store8 offset=4096 (local.get $n) (i32.mul (local.get $n) (i32.const 37)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $entries (i32.lt_u (local.get $n) (i32.const 256)))))
  (func (export "checksum") (param $length i32) (result i32) (local $at i32) (local $sum i32)
    (local.set $sum (i32.const -1))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $sum
          (i32.xor
            (i32.shr_u (local.get $sum) (i32.const 8))
            (i32.load
              (i32.shl
                (i32.and
                  (i32.xor (local.get $sum) (i32.load8_u offset=4096 (local.get $at)))
                  (i32.const 255))
                (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.xor (local.get $sum) (i32.const -1))))

;; Four small kernels, one for each thing that an engine can be slow at: calls, byte accesses, floating-point
;; accesses with large static offsets, and indirect calls. `tests/bench` times them; each returns a value that depends on
;; all of its work, so engines are compared by result as well.
(module
  (type $step (func (param i32) (result i32)))

  (memory (export "memory") 64 64)
  (table 4 4 funcref)
  (elem (i32.const 0) $triple_and_one $halve $rotate $mix)

  ;; Calls: the naive recursion, about 1.6^n of them.
  (func $fib (export "fib") (param $n i32) (result i32)
    local.get $n
    i32.const 2
    i32.lt_u
    if (result i32)
      local.get $n
    else
      local.get $n
      i32.const 1
      i32.sub
      call $fib
      local.get $n
      i32.const 2
      i32.sub
      call $fib
      i32.add
    end)

  ;; Byte accesses: how many primes are below $limit (at most 2^22).
  (func (export "sieve") (param $limit i32) (result i32)
    (local $candidate i32) (local $multiple i32) (local $primes i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $limit))
    (local.set $candidate (i32.const 2))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $candidate) (local.get $limit)))
        (if (i32.eqz (i32.load8_u (local.get $candidate)))
          (then
            (local.set $primes (i32.add (local.get $primes) (i32.const 1)))
            (local.set $multiple (i32.shl (local.get $candidate) (i32.const 1)))
            (block $crossed
              (loop $cross
                (br_if $crossed (i32.ge_u (local.get $multiple) (local.get $limit)))
                (i32.store8 (local.get $multiple) (i32.const 1))
                (local.set $multiple (i32.add (local.get $multiple) (local.get $candidate)))
                (br $cross)))))
        (local.set $candidate (i32.add (local.get $candidate) (i32.const 1)))
        (br $next)))
    (local.get $primes))

  ;; Floating-point accesses: C = A * B for $n x $n matrices of f64 at 0, 1 MiB and 2 MiB ($n at most 362);
  ;; the result is the sum of C.
  (func (export "matmul") (param $n i32) (result f64)
    (local $i i32) (local $j i32) (local $k i32) (local $row i32) (local $stride i32) (local $column i32)
    (local $dot f64) (local $sum f64)
    (local.set $stride (i32.shl (local.get $n) (i32.const 3)))
    (call $number_matrices (i32.mul (local.get $n) (local.get $n)))
    (loop $rows
      (local.set $row (i32.mul (local.get $i) (local.get $stride)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $column (i32.shl (local.get $j) (i32.const 3)))
        (local.set $dot (f64.const 0))
        (local.set $k (i32.const 0))
        (loop $products
          (local.set $dot (f64.add (local.get $dot)
            (f64.mul
              (f64.load (i32.add (local.get $row) (i32.shl (local.get $k) (i32.const 3))))
              (f64.load offset=1048576 (local.get $column)))))
          (local.set $column (i32.add (local.get $column) (local.get $stride)))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $products (i32.lt_u (local.get $k) (local.get $n))))
        (f64.store offset=2097152
          (i32.add (local.get $row) (i32.shl (local.get $j) (i32.const 3))) (local.get $dot))
        (local.set $sum (f64.add (local.get $sum) (local.get $dot)))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $j) (local.get $n))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))

  ;; Element k of A is k, of B k / 2.
  (func $number_matrices (param $count i32) (local $k i32)
    (loop $next
      (f64.store (i32.shl (local.get $k) (i32.const 3)) (f64.convert_i32_u (local.get $k)))
      (f64.store offset=1048576 (i32.shl (local.get $k) (i32.const 3))
        (f64.mul (f64.convert_i32_u (local.get $k)) (f64.const 0.5)))
      (local.set $k (i32.add (local.get $k) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $k) (local.get $count)))))

  ;; Indirect calls: $count steps through four functions, chosen by the value so far.
  (func (export "dispatch") (param $count i32) (result i32) (local $value i32)
    (loop $next
      (local.set $value
        (call_indirect (type $step)
          (i32.add (local.get $value) (local.get $count))
          (i32.and (i32.xor (local.get $value) (local.get $count)) (i32.const 3))))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count)))
    (local.get $value))

  (func $triple_and_one (type $step) (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 1)))
  (func $halve (type $step) (i32.shr_u (local.get 0) (i32.const 1)))
  (func $rotate (type $step) (i32.rotl (local.get 0) (i32.const 7)))
  (func $mix (type $step) (i32.xor (local.get 0) (i32.const 0x5bd1e995))))

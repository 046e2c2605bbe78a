;; fencepost: {"fencepost": 1, "calls": [{"export": "run", "args": [{"i32": "0"}]},
;; fencepost: {"export": "run", "args": [{"i32": "16"}]}, {"export": "run", "args": [{"i32": "32"}]}]}
(module
  (type $operation (func (param i32 i32) (result i32)))
  (memory 1)
  (table $operations 4 4 funcref)
  (elem (table $operations) (i32.const 0) func $add $multiply $subtract)
  (data (i32.const 0) "\00\05\01\07\02\03\ff")
  (data (i32.const 16) "\00\05\03\01\ff")
  (data (i32.const 32) "\09\01\ff")
  (func $add (type $operation) (i32.add (local.get 0) (local.get 1)))
  (func $multiply (type $operation) (i32.mul (local.get 0) (local.get 1)))
  (func $subtract (type $operation) (i32.sub (local.get 0) (local.get 1)))
  (func (export "run") (param $pc i32) (result i32) (local $value i32) (local $code i32)
    (block $halt
      (loop $next
        (br_if $halt (i32.eq (local.tee $code (i32.load8_u (local.get $pc))) (i32.const 255)))
        (local.set $value
          (call_indirect $operations (type $operation)
            (local.get $value) (i32.load8_u offset=1 (local.get $pc)) (local.get $code)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 2)))
        (br $next)))
    (local.get $value)))

;; fencepost: {"fencepost": 1, "calls": [{"export": "sum", "args": [{"i32": "1000"}]}, {"export": "sum", "args": [{"i32": "0"}]},
;; fencepost: {"export": "at", "args": [{"i32": "0"}]}, {"export": "at", "args": [{"i32": "2"}]},
;; fencepost: {"export": "at", "args": [{"i32": "3"}]}, {"export": "at", "args": [{"i32": "-1"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "0"}, {"i32": "1"}, {"i32": "4"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "1"}, {"i32": "0"}, {"i32": "4"}]},
;; fencepost: {"export": "copy", "args": [{"i32": "5"}, {"i32": "0"}, {"i32": "4"}]},
;; fencepost: {"export": "from_data", "args": [{"i32": "1"}, {"i32": "2"}]},
;; fencepost: {"export": "from_data", "args": [{"i32": "3"}, {"i32": "3"}]},
;; fencepost: {"export": "from_elements", "args": [{"i32": "1"}]}, {"export": "from_elements", "args": [{"i32": "3"}]},
;; fencepost: {"export": "too_long", "args": [{"i32": "-1"}]}]}
(module
  (type $longs (array (mut i64)))
  (type $bytes (array (mut i8)))
  (type $halves (array i16))
  (type $unary (func (param i32) (result i32)))
  (type $functions (array funcref))
  (data $data "\01\02\03\04\05\80")
  (elem $elements funcref (ref.func $one) (ref.null func) (ref.func $two))
  (func $one (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $two (type $unary) (i32.add (local.get 0) (i32.const 2)))
  (func (export "sum") (param $n i32) (result i64) (local $array (ref $longs)) (local $sum i64)
    (local.set $array (array.new $longs (i64.const 3) (local.get $n)))
    (array.fill $longs (local.get $array) (i32.const 0) (i64.const 5) (i32.div_u (local.get $n) (i32.const 2)))
    (block $end
      (loop $more
        (br_if $end (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (local.set $sum (i64.add (local.get $sum) (array.get $longs (local.get $array) (local.get $n))))
        (br $more)))
    (local.get $sum))
  (func (export "at") (param i32) (result i32)
    (array.get_s $bytes (array.new_fixed $bytes 3 (i32.const 127) (i32.const 128) (i32.const 511)) (local.get 0)))
  (func (export "copy") (param i32 i32 i32) (result i32) (local $bytes (ref $bytes))
    (local.set $bytes (array.new_data $bytes $data (i32.const 0) (i32.const 6)))
    (array.copy $bytes $bytes
      (local.get $bytes) (local.get 0) (local.get $bytes) (local.get 1) (local.get 2))
    (i32.or
      (i32.shl (array.get_u $bytes (local.get $bytes) (i32.const 1)) (i32.const 8))
      (array.get_u $bytes (local.get $bytes) (i32.const 4))))
  (func (export "from_data") (param i32 i32) (result i32 i32) (local $halves (ref $halves))
    (local.set $halves (array.new_data $halves $data (local.get 0) (local.get 1)))
    (array.len (local.get $halves))
    (array.get_u $halves (local.get $halves) (i32.const 1)))
  (func (export "from_elements") (param i32) (result i32) (local $functions (ref $functions))
    (local.set $functions (array.new_elem $functions $elements (i32.const 0) (local.get 0)))
    (call_ref $unary (i32.const 40)
      (ref.cast (ref $unary) (array.get $functions (local.get $functions) (i32.const 0)))))
  (func (export "too_long") (param i32) (result i32)
    (array.len (array.new_default $longs (local.get 0)))))

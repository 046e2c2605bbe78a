;; fencepost: {"fencepost": 1, "calls": [{"export": "even", "args": [{"i32": "100000"}]},
;; fencepost: {"export": "even", "args": [{"i32": "99999"}]},
;; fencepost: {"export": "more", "args": [{"i64": "3"}]},
;; fencepost: {"export": "through", "args": [{"i32": "0"}, {"i32": "41"}]},
;; fencepost: {"export": "through", "args": [{"i32": "1"}, {"i32": "41"}]},
;; fencepost: {"export": "through", "args": [{"i32": "2"}, {"i32": "41"}]},
;; fencepost: {"export": "through", "args": [{"i32": "3"}, {"i32": "41"}]}]}
(module
  (type $unary (func (param i32) (result i32)))
  (table 3 3 funcref)
  (elem (i32.const 0) $increment $wide)
  ;; Deeper than any stack: each call takes its caller's place.
  (func $even (export "even") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 0))
      (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
  ;; More stack arguments than the caller was given, then fewer.
  (func $more (export "more") (param i64) (result i64)
    (return_call $many
      (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
      (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11) (i64.const 12)
      (i64.const 13) (i64.const 14) (i64.const 15) (i64.const 16) (i64.const 17) (local.get 0)))
  (func $many (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (result i64)
    (return_call $fewer (i64.sub (i64.mul (local.get 17) (local.get 16)) (local.get 13))))
  (func $fewer (param i64) (result i64) (i64.shl (local.get 0) (i64.const 8)))
  (func $increment (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $wide (param i64) (result i32) (i32.wrap_i64 (local.get 0)))
  (func (export "through") (param i32 i32) (result i32)
    (return_call_indirect (type $unary) (local.get 1) (local.get 0))))

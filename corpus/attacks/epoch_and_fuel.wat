;; fencepost: {"fencepost": 1, "calls": [{"export": "attack", "args": [{"i64": "-1"}], "expect": {"values": [{"i32": "1000"}]}},
;; fencepost: {"export": "attack", "args": [{"i64": "9223372036854775807"}], "expect": {"values": [{"i32": "1000"}]}}]}
;; The epoch pointer in vmctx, and fuel and epoch deadline in the store context. How long a program may run is counted
;; outside the arena, so no value here stops the loop early or gives it more time.
(module
  (import "fencepost" "VMContext.epoch" (func $epoch (param i32 i32) (result i32)))
  (import "fencepost" "VMStoreContext.fuel_consumed" (func $fuel (param i32 i32) (result i32)))
  (import "fencepost" "VMStoreContext.epoch_deadline" (func $deadline (param i32 i32) (result i32)))
  (import "fencepost" "self" (func $self (result i32)))
  (import "fencepost" "store32" (func $store32 (param i32 i32)))
  (import "fencepost" "store64" (func $store64 (param i32 i64)))
  (func (export "attack") (param i64) (result i32) (local $turns i32)
    (call $store32 (call $epoch (call $self) (i32.const 0)) (i32.const -4))
    (call $store64 (call $fuel (call $self) (i32.const 0)) (local.get 0))
    (call $store64 (call $deadline (call $self) (i32.const 0)) (local.get 0))
    (loop $again
      (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $turns) (i32.const 1000))))
    (local.get $turns)))

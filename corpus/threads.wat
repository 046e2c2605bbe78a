;; fencepost: {"fencepost": 1, "calls": [{"export": "add", "args": [{"i32": "8"}, {"i32": "4294967295"}]},
;; fencepost: {"export": "add", "args": [{"i32": "8"}, {"i32": "2"}]}, {"export": "add", "args": [{"i32": "6"}, {"i32": "1"}]},
;; fencepost: {"export": "add", "args": [{"i32": "65536"}, {"i32": "1"}]}, {"export": "narrow", "args": [{"i32": "17"}, {"i64": "511"}]},
;; fencepost: {"export": "swap", "args": [{"i32": "0"}, {"i64": "0"}, {"i64": "-1"}]},
;; fencepost: {"export": "swap", "args": [{"i32": "0"}, {"i64": "0"}, {"i64": "5"}]}, {"export": "fenced", "args": [{"i32": "16"}]},
;; fencepost: {"export": "wait", "args": [{"i32": "0"}, {"i64": "-1"}]}, {"export": "wait", "args": [{"i32": "0"}, {"i64": "3"}]},
;; fencepost: {"export": "wait", "args": [{"i32": "4"}, {"i64": "3"}]}, {"export": "notify", "args": [{"i32": "8"}]},
;; fencepost: {"export": "notify", "args": [{"i32": "9"}]}, {"export": "wait_own", "args": [{"i32": "0"}]},
;; fencepost: {"export": "wait_own", "args": [{"i32": "2"}]}, {"export": "wait_own", "args": [{"i32": "65536"}]}, {"export": "grow", "args": []},
;; fencepost: {"export": "add", "args": [{"i32": "65536"}, {"i32": "1"}]}]}
;; Shared memories, whose definitions lie outside of vmctx, and atomics: every width, both kinds of
;; misalignment (of the operand, by the offset), accesses past the end before and after growth, and
;; what waits and notifications come to where there is one agent: addresses are judged
;; before it is asked whether the memory is shared.
(module
  (memory $shared (export "memory") 1 2 shared)
  (memory $own 1)
  (func (export "add") (param i32 i32) (result i32)
    (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (export "narrow") (param i32 i64) (result i64)
    (i64.atomic.rmw8.xor_u (local.get 0) (local.get 1)) (drop)
    (i64.atomic.rmw16.or_u offset=1 (local.get 0) (local.get 1)) (drop)
    (i64.atomic.rmw32.sub_u offset=3 (local.get 0) (local.get 1)) (drop)
    (i64.atomic.rmw8.and_u (local.get 0) (local.get 1)) (drop)
    (i64.atomic.rmw.xchg offset=7 (local.get 0) (local.get 1)) (drop)
    (i64.atomic.load32_u offset=3 (local.get 0)))
  (func (export "swap") (param i32 i64 i64) (result i64 i64)
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2))
    (i64.atomic.rmw16.cmpxchg_u offset=8 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fenced") (param i32) (result i32)
    (i32.atomic.store8 (local.get 0) (i32.const 0x1ff))
    (atomic.fence)
    (i32.add (i32.atomic.load16_u (local.get 0)) (i32.atomic.load $own (local.get 0))))
  (func (export "wait") (param i32 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (i64.const 0)))
  (func (export "wait_own") (param i32) (result i32)
    (memory.atomic.wait32 $own (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify") (param i32) (result i32)
    (i32.add (memory.atomic.notify (local.get 0) (i32.const 7))
      (memory.atomic.notify $own (local.get 0) (i32.const 7))))
  (func (export "grow") (result i32 i32)
    (memory.grow (i32.const 1)) (memory.size)))

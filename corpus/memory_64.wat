;; fencepost: {"fencepost": 1, "calls": [{"export": "load", "args": [{"i64": "65528"}]},
;; fencepost: {"export": "load", "args": [{"i64": "65529"}]},
;; fencepost: {"export": "load", "args": [{"i64": "4294967296"}]},
;; fencepost: {"export": "load", "args": [{"i64": "-8"}]},
;; fencepost: {"export": "load", "args": [{"i64": "-9223372036854775808"}]},
;; fencepost: {"export": "far", "args": [{"i64": "0"}]},
;; fencepost: {"export": "far", "args": [{"i64": "-4294967296"}]},
;; fencepost: {"export": "store", "args": [{"i64": "4294967288"}]},
;; fencepost: {"export": "copy", "args": [{"i64": "1"}, {"i64": "0"}, {"i64": "65535"}]},
;; fencepost: {"export": "copy", "args": [{"i64": "0"}, {"i64": "0"}, {"i64": "4294967296"}]},
;; fencepost: {"export": "grow", "args": [{"i64": "1"}]},
;; fencepost: {"export": "grow", "args": [{"i64": "4294967296"}]},
;; fencepost: {"export": "grow", "args": [{"i64": "-1"}]},
;; fencepost: {"export": "load", "args": [{"i64": "65529"}]}]}
(module
  (memory (export "memory") i64 1 2)
  (data (i64.const 65520) "0123456789abcdef")
  (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
  ;; An offset that no 32-bit number holds: the sum must not wrap into the memory.
  (func (export "far") (param i64) (result i64) (i64.load offset=0x100000000 (local.get 0)))
  (func (export "store") (param i64) (i64.store (local.get 0) (i64.const -1)))
  (func (export "copy") (param i64 i64 i64)
    (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i64) (result i64 i64)
    (memory.grow (local.get 0)) (memory.size)))

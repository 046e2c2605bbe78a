;; fencepost: {"fencepost": 1, "calls": [{"export": "swap", "args": [{"i32": "65528"}]},
;; fencepost: {"export": "swap", "args": [{"i32": "65529"}]},
;; fencepost: {"export": "swap", "args": [{"i32": "0"}]},
;; fencepost: {"export": "across", "args": [{"i32": "65534"}, {"i32": "0"}, {"i32": "2"}]},
;; fencepost: {"export": "across", "args": [{"i32": "0"}, {"i32": "131070"}, {"i32": "2"}]},
;; fencepost: {"export": "across", "args": [{"i32": "65535"}, {"i32": "0"}, {"i32": "2"}]},
;; fencepost: {"export": "across", "args": [{"i32": "0"}, {"i32": "131071"}, {"i32": "2"}]},
;; fencepost: {"export": "grow", "args": [{"i32": "1"}]}, {"export": "sizes", "args": []},
;; fencepost: {"export": "swap", "args": [{"i32": "65529"}]},
;; fencepost: {"export": "swap", "args": [{"i32": "65536"}]}]}
(module
  (memory $a (export "a") 1 3)
  (memory $b (export "b") 2 2)
  (memory $none (export "none") 0)
  (data (memory $a) (i32.const 0) "\01\02\03\04\05\06\07\08")
  (data (memory $b) (i32.const 131064) "abcdefgh")
  ;; The same index in both memories, of which the lengths differ.
  (func (export "swap") (param i32) (result i64 i64) (local i64)
    (local.set 1 (i64.load $a (local.get 0)))
    (i64.store $a (local.get 0) (i64.load $b (local.get 0)))
    (i64.store $b (local.get 0) (local.get 1))
    (i64.load $a (local.get 0))
    (i64.load $b (local.get 0)))
  (func (export "across") (param i32 i32 i32)
    (memory.copy $a $b (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32 i32 i32)
    (memory.grow $a (local.get 0))
    (memory.grow $b (local.get 0))
    (memory.grow $none (i32.const 0)))
  (func (export "sizes") (result i32 i32 i32)
    (memory.size $a) (memory.size $b) (memory.size $none)))

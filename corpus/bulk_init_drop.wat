;; fencepost: {"fencepost": 1, "calls": [{"export": "init", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "4"}]},
;; fencepost: {"export": "word", "args": [{"i32": "0"}]},
;; fencepost: {"export": "init", "args": [{"i32": "4"}, {"i32": "2"}, {"i32": "2"}]},
;; fencepost: {"export": "word", "args": [{"i32": "4"}]},
;; fencepost: {"export": "init", "args": [{"i32": "0"}, {"i32": "3"}, {"i32": "2"}]},
;; fencepost: {"export": "init", "args": [{"i32": "65535"}, {"i32": "0"}, {"i32": "2"}]},
;; fencepost: {"export": "init", "args": [{"i32": "65536"}, {"i32": "4"}, {"i32": "0"}]},
;; fencepost: {"export": "active", "args": [{"i32": "0"}]}, {"export": "drop", "args": []},
;; fencepost: {"export": "drop", "args": []}, {"export": "init", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "0"}]},
;; fencepost: {"export": "init", "args": [{"i32": "0"}, {"i32": "0"}, {"i32": "1"}]},
;; fencepost: {"export": "init", "args": [{"i32": "0"}, {"i32": "5"}, {"i32": "0"}]}]}
(module
  (memory 1 1)
  (data $passive "\11\22\33\44")
  (data $active (i32.const 100) "\55")
  (func (export "init") (param i32 i32 i32) (memory.init $passive (local.get 0) (local.get 1) (local.get 2)))
  (func (export "active") (param i32) (memory.init $active (i32.const 0) (i32.const 0) (local.get 0)))
  (func (export "drop") (data.drop $passive))
  (func (export "word") (param i32) (result i32) (i32.load (local.get 0))))

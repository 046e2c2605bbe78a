;; fencepost: {"fencepost": 1, "calls": [{"export": "demote", "args": [{"f64": "0x47efffffe0000000"}]},
;; fencepost: {"export": "demote", "args": [{"f64": "0x47effffff0000000"}]},
;; fencepost: {"export": "demote", "args": [{"f64": "0x36a0000000000000"}]},
;; fencepost: {"export": "demote", "args": [{"f64": "0x3690000000000000"}]},
;; fencepost: {"export": "demote", "args": [{"f64": "0x3ff0000010000000"}]},
;; fencepost: {"export": "single", "args": [{"f32": "0x4b800000"}, {"f32": "0x3f800000"}]},
;; fencepost: {"export": "single", "args": [{"f32": "0x00000001"}, {"f32": "0x3f000000"}]}]}
(module
  (func (export "demote") (param f64) (result f32 f64)
    (f32.demote_f64 (local.get 0))
    (f64.promote_f32 (f32.demote_f64 (local.get 0))))
  (func (export "single") (param f32 f32) (result f32 f32)
    (f32.add (f32.add (local.get 0) (local.get 1)) (local.get 1))
    (f32.mul (local.get 0) (local.get 1))))

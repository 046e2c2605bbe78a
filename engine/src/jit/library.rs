//! Functions that stand in for instructions which the compiler's settings lack.
//!
//! In process, code calls them directly. In a cell there is no library: they are served
//! like a builtin, slowly, but no settings in common use need them.

use cranelift_codegen::ir::LibCall;

use crate::executor::Slot;

/// Every function: its name, its type, and how it is computed.
macro_rules! functions {
    ($($name:ident: $type:ident, |$($arg:ident),+| $value:expr;)*) => {
        /// The address of a function with the system's calling convention.
        pub(super) fn address(call: LibCall) -> Option<u64> {
            match call {
                $(LibCall::$name => {
                    extern "sysv64" fn function($($arg: $type),+) -> $type {
                        $value
                    }
                    Some(function as *const () as u64)
                })*
                _ => None,
            }
        }

        /// Whether there is such a function.
        pub(super) fn knows(call: LibCall) -> bool {
            matches!(call, $(LibCall::$name)|*)
        }

        /// The result of a function that is [known](knows); 0 for another.
        pub(super) fn compute(call: LibCall, args: &[Slot]) -> Slot {
            match (call, args) {
                $((LibCall::$name, &[$($arg),+]) => {
                    $(let $arg = $type::from_slot($arg);)+
                    let value: $type = $value;
                    Slot::from(value.to_bits())
                })*
                _ => 0,
            }
        }
    };
}

functions! {
    CeilF32: f32, |x| x.ceil();
    CeilF64: f64, |x| x.ceil();
    FloorF32: f32, |x| x.floor();
    FloorF64: f64, |x| x.floor();
    TruncF32: f32, |x| x.trunc();
    TruncF64: f64, |x| x.trunc();
    NearestF32: f32, |x| x.round_ties_even();
    NearestF64: f64, |x| x.round_ties_even();
    FmaF32: f32, |x, y, z| x.mul_add(y, z);
    FmaF64: f64, |x, y, z| x.mul_add(y, z);
}

/// A float in a slot: the slot's lowest bits.
trait FromSlot {
    fn from_slot(slot: Slot) -> Self;
}

impl FromSlot for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the float is the lowest bits")]
    fn from_slot(slot: Slot) -> f32 {
        f32::from_bits(slot as u32)
    }
}

impl FromSlot for f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the float is the lowest bits")]
    fn from_slot(slot: Slot) -> f64 {
        f64::from_bits(slot as u64)
    }
}

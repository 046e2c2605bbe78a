//! Wasm values as the outside of the engine sees them.
#![forbid(unsafe_code)]

use crate::executor::Slot;
use crate::program::ValType;

/// A Wasm value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Its type.
    pub ty: ValType,
    /// The zero-extended bit pattern of a number. For a reference `None` is null;
    /// else it is the host's number of an externref, and for a funcref the position
    /// of the function in its module, or [`FORGED`] plus the arena offset where the
    /// runtime never made a function reference.
    pub bits: Option<u128>,
}

/// Added to the offset of a funcref that is none.
pub const FORGED: u128 = 1 << 32;

impl Value {
    /// A number, or a reference that is not null.
    #[must_use]
    pub fn new(ty: ValType, bits: u128) -> Value {
        Value { ty, bits: Some(bits) }
    }

    /// Zero, or null.
    #[must_use]
    pub fn zero(ty: ValType) -> Value {
        match ty {
            ValType::FuncRef | ValType::ExternRef => Value { ty, bits: None },
            _ => Value { ty, bits: Some(0) },
        }
    }
}

/// Whether [`Value::bits`] may be `bits` for a type. Whether a funcref's position is
/// that of a function depends on the instance.
#[must_use]
pub fn representable(ty: ValType, bits: Option<u128>) -> bool {
    match (ty, bits) {
        (ValType::FuncRef | ValType::ExternRef, None) => true,
        (ValType::ExternRef, Some(number)) => externref(number).is_some(),
        (_, Some(bits)) => significant(ty, bits) == bits,
        (_, None) => false,
    }
}

/// The bits of a slot that belong to a value of a type; what lies above them is not
/// the guest's to say.
pub(crate) fn significant(ty: ValType, slot: Slot) -> u128 {
    match ty {
        ValType::I8 => slot & u128::from(u8::MAX),
        ValType::I16 => slot & u128::from(u16::MAX),
        ValType::I32 | ValType::F32 | ValType::FuncRef | ValType::ExternRef => {
            slot & u128::from(u32::MAX)
        }
        ValType::I64 | ValType::F64 => slot & u128::from(u64::MAX),
        ValType::I128 | ValType::V128 => slot,
    }
}

/// The host's number behind an externref as stored by guest code: one more, so that
/// 0 is null.
pub(super) fn host_number(slot: Slot) -> Option<u128> {
    significant(ValType::ExternRef, slot).checked_sub(1)
}

/// What guest code holds for externref `number`, if the number fits.
pub(super) fn externref(number: u128) -> Option<Slot> {
    (number < u128::from(u32::MAX)).then(|| number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn externrefs_map_back_and_zero_is_null() {
        assert_eq!(host_number(0), None);
        for number in [0, 1, u128::from(u32::MAX) - 1] {
            assert_eq!(host_number(externref(number).expect("fits")), Some(number));
        }
        assert_eq!(externref(u128::from(u32::MAX)), None);
    }

    #[test]
    fn bits_above_a_value_are_dropped() {
        assert_eq!(significant(ValType::I32, u128::MAX), u128::from(u32::MAX));
        assert_eq!(significant(ValType::F64, u128::MAX), u128::from(u64::MAX));
        assert_eq!(significant(ValType::V128, u128::MAX), u128::MAX);
    }
}

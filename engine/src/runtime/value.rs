//! Wasm values as the outside of the engine sees them.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

use crate::executor::Slot;
use crate::program::ValType;

/// A Wasm value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Its type.
    #[serde(rename = "type")]
    pub ty: ValType,
    /// The zero-extended bit pattern of a number. For a reference `None` is null;
    /// else it is the host's number of an externref, and for a funcref the position
    /// of the function in its module. An anyref may be an integer of 31 bits, or [`HOST`]
    /// plus a number of the host. Any other reference is [`FORGED`] plus what guest code
    /// holds for it: an object of the GC heap, or something that the runtime never made.
    pub bits: Option<u128>,
}

/// Added to a reference that has no meaning outside of guest code.
pub const FORGED: u128 = 1 << 32;

/// Added to the host's number of a reference that guest code made an anyref.
pub const HOST: u128 = 1 << 64;

impl Value {
    /// A number, or a reference that is not null.
    #[must_use]
    pub fn new(ty: ValType, bits: u128) -> Value {
        Value { ty, bits: Some(bits) }
    }

    /// Whether the bits are such as values of the type have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self.bits {
            None => self.ty.is_reference(),
            Some(bits) if self.ty.is_reference() => bits <= HOST + u128::from(u32::MAX),
            Some(bits) => significant(self.ty, bits) == bits,
        }
    }

    /// Zero, or null.
    #[must_use]
    pub fn zero(ty: ValType) -> Value {
        match ty {
            ty if ty.is_reference() => Value { ty, bits: None },
            _ => Value { ty, bits: Some(0) },
        }
    }
}

/// Whether [`Value::bits`] may be `bits` for a type. Whether a funcref's position is
/// that of a function depends on the instance.
#[must_use]
pub fn representable(ty: ValType, bits: Option<u128>) -> bool {
    match (ty, bits) {
        (ty, None) => ty.is_reference(),
        (ValType::AnyRef, Some(number)) => number < 1 << 31 || of_host(number).is_some(),
        (ValType::ExnRef, Some(_)) => false,
        (_, Some(bits)) => significant(ty, bits) == bits,
    }
}

/// The bits of a slot that belong to a value of a type; what lies above them is not
/// the guest's to say.
pub(crate) fn significant(ty: ValType, slot: Slot) -> u128 {
    match ty {
        ValType::I8 => slot & u128::from(u8::MAX),
        ValType::I16 => slot & u128::from(u16::MAX),
        ValType::I32 | ValType::F32 => slot & u128::from(u32::MAX),
        ty if ty.is_reference() => slot & u128::from(u32::MAX),
        ValType::I64 | ValType::F64 => slot & u128::from(u64::MAX),
        _ => slot,
    }
}

/// The host's number that an anyref holds.
pub(super) fn of_host(bits: u128) -> Option<u128> {
    bits.checked_sub(HOST).filter(|&number| number < u128::from(u32::MAX))
}

/// The reference to an integer of 31 bits, of which the upper ones are dropped.
pub(super) fn i31(number: u128) -> Slot {
    significant(ValType::I32, number << 1 | 1)
}

/// The integer of such a reference.
pub(super) fn of_i31(slot: Slot) -> Option<u128> {
    (slot & 1 == 1).then_some(slot >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_integers_map_back() {
        for number in [0, 1, 0x7fff_ffff] {
            assert_eq!(of_i31(i31(number)), Some(number));
        }
        assert_eq!(of_i31(i31(1 << 31)), Some(0));
        assert_eq!((of_i31(0), of_i31(16)), (None, None));
    }

    #[test]
    fn bits_above_a_value_are_dropped() {
        assert_eq!(significant(ValType::I32, u128::MAX), u128::from(u32::MAX));
        assert_eq!(significant(ValType::F64, u128::MAX), u128::from(u64::MAX));
        assert_eq!(significant(ValType::V128, u128::MAX), u128::MAX);
    }
}

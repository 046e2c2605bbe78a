//! Slots and the values of `cranelift-interpreter`.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::Type;

use crate::executor::Slot;

/// The value of a type in the low bytes of a slot.
pub(super) fn from_slot(slot: Slot, ty: Type) -> DataValue {
    from_bytes(&slot.to_le_bytes(), ty)
}

/// The value of a type at the start of `bytes`, which hold it.
pub(super) fn from_bytes(bytes: &[u8], ty: Type) -> DataValue {
    DataValue::read_from_slice_le(&bytes[..ty.bytes() as usize], ty)
}

/// A value in the low bytes of a slot; the others are zero.
pub(super) fn to_slot(value: &DataValue) -> Slot {
    let mut bytes = [0; size_of::<Slot>()];
    value.write_to_slice_le(&mut bytes[..value.ty().bytes() as usize]);
    Slot::from_le_bytes(bytes)
}

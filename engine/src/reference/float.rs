//! Canonical NaNs: the results that Cranelift's `enable_nan_canonicalization` covers.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::Opcode;
use cranelift_codegen::ir::Type;
use cranelift_codegen::ir::types::{F32, F64};

use super::value;

const NAN32: u32 = 0x7fc0_0000;
const NAN64: u64 = 0x7ff8_0000_0000_0000;

/// Whether a NaN that an opcode gives is made canonical.
pub(super) fn is_arithmetic(opcode: Opcode) -> bool {
    use Opcode as O;
    matches!(
        opcode,
        O::Ceil
            | O::Floor
            | O::Nearest
            | O::Trunc
            | O::Sqrt
            | O::Fdemote
            | O::Fpromote
            | O::FvpromoteLow
            | O::Fvdemote
            | O::Fadd
            | O::Fsub
            | O::Fmul
            | O::Fdiv
            | O::Fmin
            | O::Fmax
            | O::Fma
    )
}

/// The value with each NaN lane replaced by the canonical one.
pub(super) fn canonical(value: &DataValue, ty: Type) -> DataValue {
    let mut bytes = value::to_slot(value).to_le_bytes();
    match ty.lane_type() {
        F32 => bytes.chunks_exact_mut(4).for_each(|lane| {
            let number = f32::from_le_bytes([lane[0], lane[1], lane[2], lane[3]]);
            if number.is_nan() {
                lane.copy_from_slice(&NAN32.to_le_bytes());
            }
        }),
        F64 => bytes.chunks_exact_mut(8).for_each(|lane| {
            let mut word = [0; 8];
            word.copy_from_slice(lane);
            if f64::from_le_bytes(word).is_nan() {
                lane.copy_from_slice(&NAN64.to_le_bytes());
            }
        }),
        _ => {}
    }
    value::from_bytes(&bytes, ty)
}

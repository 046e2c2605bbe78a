//! Values of scripts: what an argument is, and whether a result is what was expected.

use engine::program::ValType;
use engine::runtime::{FORGED, HOST, Value};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::{WastArg, WastRet};

/// The value of an argument; `None` for types that the engine does not have.
pub(crate) fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(value) => number(ValType::I32, value.cast_unsigned()),
        WastArgCore::I64(value) => number(ValType::I64, value.cast_unsigned()),
        WastArgCore::F32(value) => number(ValType::F32, value.bits),
        WastArgCore::F64(value) => number(ValType::F64, value.bits),
        WastArgCore::V128(value) => {
            Value::new(ValType::V128, u128::from_le_bytes(value.to_le_bytes()))
        }
        WastArgCore::RefNull(heap) => Value::zero(null_type(heap)?),
        WastArgCore::RefExtern(host) => number(ValType::ExternRef, *host),
        WastArgCore::RefHost(host) => number(ValType::AnyRef, HOST + u128::from(*host)),
    })
}

fn number(ty: ValType, bits: impl Into<u128>) -> Value {
    Value::new(ty, bits.into())
}

fn null_type(heap: &wast::core::HeapType<'_>) -> Option<ValType> {
    use wast::core::{AbstractHeapType, HeapType};
    match heap {
        HeapType::Abstract { ty, .. } => Some(match ty {
            AbstractHeapType::Func | AbstractHeapType::NoFunc => ValType::FuncRef,
            AbstractHeapType::Extern | AbstractHeapType::NoExtern => ValType::ExternRef,
            AbstractHeapType::Exn | AbstractHeapType::NoExn => ValType::ExnRef,
            AbstractHeapType::Cont | AbstractHeapType::NoCont => return None,
            _ => ValType::AnyRef,
        }),
        _ => None,
    }
}

/// Whether a value is the one that a script expects.
pub(crate) fn matches(expected: &WastRet<'_>, found: Value) -> bool {
    match expected {
        WastRet::Core(expected) => core(expected, found),
        _ => false,
    }
}

fn core(expected: &WastRetCore<'_>, found: Value) -> bool {
    let bits = |ty| found.bits.filter(|_| found.ty == ty);
    match expected {
        WastRetCore::I32(value) => bits(ValType::I32) == Some(value.cast_unsigned().into()),
        WastRetCore::I64(value) => bits(ValType::I64) == Some(value.cast_unsigned().into()),
        WastRetCore::F32(pattern) => bits(ValType::F32).is_some_and(|bits| f32(pattern, bits)),
        WastRetCore::F64(pattern) => bits(ValType::F64).is_some_and(|bits| f64(pattern, bits)),
        WastRetCore::V128(pattern) => bits(ValType::V128).is_some_and(|bits| v128(pattern, bits)),
        WastRetCore::RefNull(_) => found.ty.is_reference() && found.bits.is_none(),
        WastRetCore::RefExtern(Some(host)) => bits(ValType::ExternRef) == Some((*host).into()),
        WastRetCore::RefExtern(None) => bits(ValType::ExternRef).is_some(),
        WastRetCore::RefFunc(_) => bits(ValType::FuncRef).is_some(),
        WastRetCore::RefI31 | WastRetCore::RefI31Shared => {
            bits(ValType::AnyRef).is_some_and(|bits| bits < FORGED)
        }
        WastRetCore::RefHost(host) => bits(ValType::AnyRef) == Some(HOST + u128::from(*host)),
        WastRetCore::RefStruct | WastRetCore::RefArray => {
            bits(ValType::AnyRef).is_some_and(|bits| bits >= FORGED)
        }
        WastRetCore::RefAny | WastRetCore::RefEq => bits(ValType::AnyRef).is_some(),

        WastRetCore::Either(all) => all.iter().any(|expected| core(expected, found)),
    }
}

/// Canonical NaNs may have either sign.
fn f32(pattern: &NanPattern<wast::token::F32>, bits: u128) -> bool {
    const QUIET: u128 = 0x7fc0_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == QUIET,
        NanPattern::ArithmeticNan => bits & QUIET == QUIET,
        NanPattern::Value(value) => bits == u128::from(value.bits),
    }
}

fn f64(pattern: &NanPattern<wast::token::F64>, bits: u128) -> bool {
    const QUIET: u128 = 0x7ff8_0000_0000_0000;
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == QUIET,
        NanPattern::ArithmeticNan => bits & QUIET == QUIET,
        NanPattern::Value(value) => bits == u128::from(value.bits),
    }
}

/// Lane `index` of lanes of `width` bits.
fn lane(bits: u128, width: u32, index: u32) -> u128 {
    bits >> (width * index) & ((1 << width) - 1)
}

fn v128(pattern: &V128Pattern, bits: u128) -> bool {
    let lanes = |width: u32| (0..).map(move |index| lane(bits, width, index));
    match pattern {
        V128Pattern::I8x16(all) => {
            all.iter().zip(lanes(8)).all(|(lane, bits)| bits == u128::from(lane.cast_unsigned()))
        }
        V128Pattern::I16x8(all) => {
            all.iter().zip(lanes(16)).all(|(lane, bits)| bits == u128::from(lane.cast_unsigned()))
        }
        V128Pattern::I32x4(all) => {
            all.iter().zip(lanes(32)).all(|(lane, bits)| bits == u128::from(lane.cast_unsigned()))
        }
        V128Pattern::I64x2(all) => {
            all.iter().zip(lanes(64)).all(|(lane, bits)| bits == u128::from(lane.cast_unsigned()))
        }
        V128Pattern::F32x4(all) => all.iter().zip(lanes(32)).all(|(lane, bits)| f32(lane, bits)),
        V128Pattern::F64x2(all) => all.iter().zip(lanes(64)).all(|(lane, bits)| f64(lane, bits)),
    }
}

//! Float arithmetic, comparisons and conversions of vectors.
//!
//! Each lane follows the rules of the scalar opcodes: a NaN that an operation gives is
//! the canonical one, sign operations keep payloads.
#![forbid(unsafe_code)]
#![allow(clippy::float_cmp, reason = "the opcodes are exact comparisons")]
#![allow(clippy::cast_precision_loss, reason = "the opcodes round as the casts do")]

use super::super::float::{
    SIGN32, SIGN64, canonical32, canonical64, maximum32, maximum64, minimum32, minimum64,
};
use super::zip;
use crate::interp::machine::{Flow, Machine};
use crate::interp::operand::{Binary, V};
use crate::interp::policy::Policy;
use crate::interp::registers::Registers;

/// Operations on lanes as floats; results are stored as their bits.
macro_rules! arithmetic {
    ($ty:ident as $bits:ident, $canonical:ident;
     binary { $( $binary:ident: |$a:ident, $b:ident| $result:expr; )* }
     unary { $( $unary:ident: |$c:ident| $value:expr; )* }
     compare { $( $compare:ident: $op:tt; )* }
     fma { $fma:ident }) => {
        on_registers! {
            $( fn $binary(registers, operands: Binary<V>) {
                let a = registers.lanes::<$ty>(operands.a);
                let b = registers.lanes::<$ty>(operands.b);
                let lanes = zip(a, b, |$a, $b| $canonical($result));
                registers.set_lanes::<$bits>(operands.dst, lanes);
            } )*

            $( fn $unary(registers, dst: V, src: V) {
                let lanes = registers.lanes::<$ty>(src).map(|$c| $canonical($value));
                registers.set_lanes::<$bits>(dst, lanes);
            } )*

            $( fn $compare(registers, operands: Binary<V>) {
                let a = registers.lanes::<$ty>(operands.a);
                let b = registers.lanes::<$ty>(operands.b);
                let lanes = zip(a, b, |a, b| if a $op b { !0 } else { 0 });
                registers.set_lanes::<$bits>(operands.dst, lanes);
            } )*

            /// `a * b + c`, rounded once.
            fn $fma(registers, dst: V, a: V, b: V, c: V) {
                let [a, b, c] = [a, b, c].map(|src| registers.lanes::<$ty>(src));
                let sum = |lane: usize| $canonical(a[lane].mul_add(b[lane], c[lane]));
                registers.set_lanes::<$bits>(dst, std::array::from_fn(sum));
            }
        }
    };
}

/// Operations on the bit patterns of lanes.
macro_rules! bits {
    ($( $name:ident: $bits:ty, |$a:ident| $result:expr; )*) => { on_registers! { $(
        fn $name(registers, dst: V, src: V) {
            let lanes = registers.lanes::<$bits>(src).map(|$a| $result);
            registers.set_lanes::<$bits>(dst, lanes);
        }
    )* } };
}

/// Conversions that `as` defines: to floats rounding to nearest, to integers
/// saturating, with 0 for a NaN.
macro_rules! convert {
    ($( $name:ident: $from:ty => $to:ty; )*) => { on_registers! { $(
        fn $name(registers, dst: V, src: V) {
            let lanes = registers.lanes::<$from>(src).map(|lane| lane as $to);
            registers.set_lanes::<$to>(dst, lanes);
        }
    )* } };
}

impl<P: Policy> Machine<'_, P> {
    arithmetic! { f32 as u32, canonical32;
        binary {
            vaddf32x4: |a, b| a + b;
            vsubf32x4: |a, b| a - b;
            vmulf32x4: |a, b| a * b;
            vdivf32x4: |a, b| a / b;
            vminimumf32x4: |a, b| minimum32(a, b);
            vmaximumf32x4: |a, b| maximum32(a, b);
        }
        unary {
            vtrunc32x4: |a| a.trunc();
            vfloor32x4: |a| a.floor();
            vceil32x4: |a| a.ceil();
            vnearest32x4: |a| a.round_ties_even();
            vsqrt32x4: |a| a.sqrt();
        }
        compare { veqf32x4: ==; vneqf32x4: !=; vltf32x4: <; vlteqf32x4: <=; }
        fma { vfma32x4 }
    }

    arithmetic! { f64 as u64, canonical64;
        binary {
            vaddf64x2: |a, b| a + b;
            vsubf64x2: |a, b| a - b;
            vmulf64x2: |a, b| a * b;
            vdivf64x2: |a, b| a / b;
            vminimumf64x2: |a, b| minimum64(a, b);
            vmaximumf64x2: |a, b| maximum64(a, b);
        }
        unary {
            vtrunc64x2: |a| a.trunc();
            vfloor64x2: |a| a.floor();
            vceil64x2: |a| a.ceil();
            vnearest64x2: |a| a.round_ties_even();
            vsqrt64x2: |a| a.sqrt();
        }
        compare { veqf64x2: ==; vneqf64x2: !=; vltf64x2: <; vlteqf64x2: <=; }
        fma { vfma64x2 }
    }

    bits! {
        vnegf32x4: u32, |a| a ^ SIGN32;
        vnegf64x2: u64, |a| a ^ SIGN64;
        vabsf32x4: u32, |a| a & !SIGN32;
        vabsf64x2: u64, |a| a & !SIGN64;
    }

    convert! {
        vf32x4_from_i32x4_s: i32 => f32;
        vf32x4_from_i32x4_u: u32 => f32;
        vf64x2_from_i64x2_s: i64 => f64;
        vf64x2_from_i64x2_u: u64 => f64;
        vi32x4_from_f32x4_s: f32 => i32;
        vi32x4_from_f32x4_u: f32 => u32;
        vi64x2_from_f64x2_s: f64 => i64;
        vi64x2_from_f64x2_u: f64 => u64;
    }

    on_registers! {
        fn vfpromotelow(registers, dst: V, src: V) {
            let [low, high, ..] = registers.lanes::<f32>(src);
            let promoted = [low, high].map(|lane| canonical64(lane.into()));
            registers.set_lanes::<u64>(dst, promoted);
        }

        fn vfdemote(registers, dst: V, src: V) {
            let [low, high] = registers.lanes::<f64>(src).map(|lane| canonical32(lane as f32));
            registers.set_lanes::<u32>(dst, [low, high, 0, 0]);
        }
    }
}

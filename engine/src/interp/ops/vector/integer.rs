//! Integer arithmetic, comparisons and bits of vectors.
#![forbid(unsafe_code)]

use super::zip;
use crate::interp::machine::{Flow, Machine};
use crate::interp::operand::{Binary, V, X};
use crate::interp::policy::Policy;
use crate::interp::registers::Registers;

/// `name: TYPE, |a, b| result`, on each pair of lanes.
macro_rules! binary {
    ($( $name:ident: $ty:ty, |$a:ident, $b:ident| $result:expr; )*) => { on_registers! { $(
        fn $name(registers, operands: Binary<V>) {
            let a = registers.lanes::<$ty>(operands.a);
            let b = registers.lanes::<$ty>(operands.b);
            let lanes = zip(a, b, |$a, $b| -> $ty { $result });
            registers.set_lanes::<$ty>(operands.dst, lanes);
        }
    )* } };
}

/// Comparisons: a lane of ones where true, else of zeros.
macro_rules! compare {
    ($( $name:ident: $ty:ty, $op:tt; )*) => {
        binary! { $( $name: $ty, |a, b| if a $op b { !0 } else { 0 }; )* }
    };
}

macro_rules! unary {
    ($( $name:ident: $ty:ty, |$a:ident| $result:expr; )*) => { on_registers! { $(
        fn $name(registers, dst: V, src: V) {
            let lanes = registers.lanes::<$ty>(src).map(|$a| -> $ty { $result });
            registers.set_lanes::<$ty>(dst, lanes);
        }
    )* } };
}

/// Shifts of all lanes by one distance, modulo the lane's width.
macro_rules! shift {
    ($( $name:ident: $ty:ty, $shift:ident; )*) => { on_registers! { $(
        fn $name(registers, operands: Binary<V, V, X>) {
            let distance = registers.x32(operands.b);
            let lanes = registers.lanes::<$ty>(operands.a).map(|lane| lane.$shift(distance));
            registers.set_lanes::<$ty>(operands.dst, lanes);
        }
    )* } };
}

/// Sums of neighbouring lanes: those of the first operand, then of the second.
macro_rules! add_pairwise {
    ($( $name:ident: $ty:ty; )*) => { on_registers! { $(
        fn $name(registers, operands: Binary<V>) {
            let [a, b] = [operands.a, operands.b].map(|src| registers.lanes::<$ty>(src));
            let mut sums = a;
            let pairs = a.chunks_exact(2).chain(b.chunks_exact(2));
            for (sum, pair) in sums.iter_mut().zip(pairs) {
                *sum = pair[0].wrapping_add(pair[1]);
            }
            registers.set_lanes::<$ty>(operands.dst, sums);
        }
    )* } };
}

/// Lanes reduced to one number: the sign bits, lane 0 lowest; whether all are non-zero;
/// whether any is.
macro_rules! reduce {
    ($( $ty:ty: $signs:ident, $all:ident, $any:ident; )*) => { on_registers! { $(
        fn $signs(registers, dst: X, src: V) {
            let lanes = registers.lanes::<$ty>(src);
            let signs = lanes.iter().rev().fold(0, |signs, &lane| signs << 1 | u32::from(lane < 0));
            registers.set_x32(dst, signs);
        }

        fn $all(registers, dst: X, src: V) {
            let all = registers.lanes::<$ty>(src).iter().all(|&lane| lane != 0);
            registers.set_x32(dst, all.into());
        }

        fn $any(registers, dst: X, src: V) {
            let any = registers.vector(src) != [0; 16];
            registers.set_x32(dst, any.into());
        }
    )* } };
}

/// The mean, rounded up.
macro_rules! mean {
    ($a:ident, $b:ident as $ty:ty) => {
        (u32::from($a) + u32::from($b)).div_ceil(2) as $ty
    };
}

impl<P: Policy> Machine<'_, P> {
    binary! {
        vaddi8x16: u8, |a, b| a.wrapping_add(b);
        vaddi16x8: u16, |a, b| a.wrapping_add(b);
        vaddi32x4: u32, |a, b| a.wrapping_add(b);
        vaddi64x2: u64, |a, b| a.wrapping_add(b);
        vaddi8x16_sat: i8, |a, b| a.saturating_add(b);
        vaddu8x16_sat: u8, |a, b| a.saturating_add(b);
        vaddi16x8_sat: i16, |a, b| a.saturating_add(b);
        vaddu16x8_sat: u16, |a, b| a.saturating_add(b);
        vsubi8x16: u8, |a, b| a.wrapping_sub(b);
        vsubi16x8: u16, |a, b| a.wrapping_sub(b);
        vsubi32x4: u32, |a, b| a.wrapping_sub(b);
        vsubi64x2: u64, |a, b| a.wrapping_sub(b);
        vsubi8x16_sat: i8, |a, b| a.saturating_sub(b);
        vsubu8x16_sat: u8, |a, b| a.saturating_sub(b);
        vsubi16x8_sat: i16, |a, b| a.saturating_sub(b);
        vsubu16x8_sat: u16, |a, b| a.saturating_sub(b);
        vmuli8x16: u8, |a, b| a.wrapping_mul(b);
        vmuli16x8: u16, |a, b| a.wrapping_mul(b);
        vmuli32x4: u32, |a, b| a.wrapping_mul(b);
        vmuli64x2: u64, |a, b| a.wrapping_mul(b);
        vqmulrsi16x8: i16, |a, b| rounded_q15_product(a, b);
        vavground8x16: u8, |a, b| mean!(a, b as u8);
        vavground16x8: u16, |a, b| mean!(a, b as u16);
        vmin8x16_s: i8, |a, b| a.min(b);
        vmin8x16_u: u8, |a, b| a.min(b);
        vmin16x8_s: i16, |a, b| a.min(b);
        vmin16x8_u: u16, |a, b| a.min(b);
        vmin32x4_s: i32, |a, b| a.min(b);
        vmin32x4_u: u32, |a, b| a.min(b);
        vmax8x16_s: i8, |a, b| a.max(b);
        vmax8x16_u: u8, |a, b| a.max(b);
        vmax16x8_s: i16, |a, b| a.max(b);
        vmax16x8_u: u16, |a, b| a.max(b);
        vmax32x4_s: i32, |a, b| a.max(b);
        vmax32x4_u: u32, |a, b| a.max(b);
        vband128: u64, |a, b| a & b;
        vbor128: u64, |a, b| a | b;
        vbxor128: u64, |a, b| a ^ b;
    }

    compare! {
        veq8x16: u8, ==; vneq8x16: u8, !=;
        vslt8x16: i8, <; vslteq8x16: i8, <=;
        vult8x16: u8, <; vulteq8x16: u8, <=;
        veq16x8: u16, ==; vneq16x8: u16, !=;
        vslt16x8: i16, <; vslteq16x8: i16, <=;
        vult16x8: u16, <; vulteq16x8: u16, <=;
        veq32x4: u32, ==; vneq32x4: u32, !=;
        vslt32x4: i32, <; vslteq32x4: i32, <=;
        vult32x4: u32, <; vulteq32x4: u32, <=;
        veq64x2: u64, ==; vneq64x2: u64, !=;
        vslt64x2: i64, <; vslteq64x2: i64, <=;
        vult64x2: u64, <; vulteq64x2: u64, <=;
    }

    unary! {
        vneg8x16: i8, |a| a.wrapping_neg();
        vneg16x8: i16, |a| a.wrapping_neg();
        vneg32x4: i32, |a| a.wrapping_neg();
        vneg64x2: i64, |a| a.wrapping_neg();
        vabs8x16: i8, |a| a.wrapping_abs();
        vabs16x8: i16, |a| a.wrapping_abs();
        vabs32x4: i32, |a| a.wrapping_abs();
        vabs64x2: i64, |a| a.wrapping_abs();
        vpopcnt8x16: u8, |a| a.count_ones() as u8;
        vbnot128: u64, |a| !a;
    }

    shift! {
        vshli8x16: u8, wrapping_shl;
        vshli16x8: u16, wrapping_shl;
        vshli32x4: u32, wrapping_shl;
        vshli64x2: u64, wrapping_shl;
        vshri8x16_s: i8, wrapping_shr;
        vshri16x8_s: i16, wrapping_shr;
        vshri32x4_s: i32, wrapping_shr;
        vshri64x2_s: i64, wrapping_shr;
        vshri8x16_u: u8, wrapping_shr;
        vshri16x8_u: u16, wrapping_shr;
        vshri32x4_u: u32, wrapping_shr;
        vshri64x2_u: u64, wrapping_shr;
    }

    add_pairwise! { vaddpairwisei16x8_s: i16; vaddpairwisei32x4_s: i32; }

    reduce! {
        i8: vbitmask8x16, valltrue8x16, vanytrue8x16;
        i16: vbitmask16x8, valltrue16x8, vanytrue16x8;
        i32: vbitmask32x4, valltrue32x4, vanytrue32x4;
        i64: vbitmask64x2, valltrue64x2, vanytrue64x2;
    }

    on_registers! {
        /// For each bit, that of `ones` where the mask has a 1, else that of `zeros`.
        fn vbitselect128(registers, dst: V, mask: V, ones: V, zeros: V) {
            let [mask, ones, zeros] = [mask, ones, zeros].map(|src| registers.lanes::<u64>(src));
            let selected = |half: usize| mask[half] & ones[half] | !mask[half] & zeros[half];
            registers.set_lanes::<u64>(dst, std::array::from_fn(selected));
        }
    }
}

/// The product of two fractions of 15 bits, rounded to nearest; only that of the two
/// least ones does not fit, and saturates.
#[inline(always)]
fn rounded_q15_product(a: i16, b: i16) -> i16 {
    let product = (i32::from(a) * i32::from(b) + (1 << 14)) >> 15;
    product.min(i16::MAX.into()) as i16
}

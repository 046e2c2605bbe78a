//! Opcodes that move lanes: constants, splats, single lanes, shuffles, and lanes of
//! another width.
//!
//! A lane number is taken modulo the number of lanes; compiled code has none beyond.
#![forbid(unsafe_code)]

use crate::interp::machine::{Flow, Machine, Stop};
use crate::interp::operand::{Binary, Constant, F, V, X};
use crate::interp::policy::Policy;
use crate::interp::registers::Registers;

macro_rules! splat {
    ($( $name:ident: $src:ty, $get:ident as $lane:ty; )*) => { on_registers! { $(
        fn $name(registers, dst: V, src: $src) {
            let value = registers.$get(src) as $lane;
            registers.set_lanes::<$lane>(dst, [value; _]);
        }
    )* } };
}

macro_rules! extract {
    ($( $name:ident: $lane:ty => $dst:ty, $set:ident; )*) => { on_registers! { $(
        fn $name(registers, dst: $dst, src: V, lane: u8) {
            let lanes = registers.lanes::<$lane>(src);
            registers.$set(dst, lanes[usize::from(lane) % lanes.len()].into());
        }
    )* } };
}

macro_rules! insert {
    ($( $name:ident: $src:ty, $get:ident as $lane:ty; )*) => { on_registers! { $(
        fn $name(registers, operands: Binary<V, V, $src>, lane: u8) {
            let mut lanes = registers.lanes::<$lane>(operands.a);
            lanes[usize::from(lane) % lanes.len()] = registers.$get(operands.b) as $lane;
            registers.set_lanes::<$lane>(operands.dst, lanes);
        }
    )* } };
}

/// The low or the high half of the lanes, extended to twice their width.
macro_rules! widen {
    ($( $narrow:ty => $wide:ty: $low:ident, $high:ident; )*) => { on_registers! { $(
        fn $low(registers, dst: V, src: V) {
            let lanes = registers.lanes::<$narrow>(src);
            registers.set_lanes::<$wide>(dst, std::array::from_fn(|i| lanes[i].into()));
        }

        fn $high(registers, dst: V, src: V) {
            let lanes = registers.lanes::<$narrow>(src);
            let high = |i: usize| lanes[lanes.len() / 2 + i].into();
            registers.set_lanes::<$wide>(dst, std::array::from_fn(high));
        }
    )* } };
}

/// The lanes of both operands, saturated to half their width.
macro_rules! narrow {
    ($( $name:ident: $wide:ty => $narrow:ty; )*) => { on_registers! { $(
        fn $name(registers, operands: Binary<V>) {
            const LEAST: $wide = <$narrow>::MIN as $wide;
            const MOST: $wide = <$narrow>::MAX as $wide;
            let [a, b] = [operands.a, operands.b].map(|src| registers.lanes::<$wide>(src));
            let lanes = |i: usize| if i < a.len() { a[i] } else { b[i - a.len()] };
            let saturated = |i: usize| lanes(i).clamp(LEAST, MOST) as $narrow;
            registers.set_lanes::<$narrow>(operands.dst, std::array::from_fn(saturated));
        }
    )* } };
}

impl<P: Policy> Machine<'_, P> {
    splat! {
        vsplatx8: X, x32 as u8;
        vsplatx16: X, x32 as u16;
        vsplatx32: X, x32 as u32;
        vsplatx64: X, x64 as u64;
        vsplatf32: F, f32_bits as u32;
        vsplatf64: F, f64_bits as u64;
    }

    extract! {
        xextractv8x16: u8 => X, set_x32;
        xextractv16x8: u16 => X, set_x32;
        xextractv32x4: u32 => X, set_x32;
        xextractv64x2: u64 => X, set_x64;
        fextractv32x4: u32 => F, set_f32_bits;
        fextractv64x2: u64 => F, set_f64_bits;
    }

    insert! {
        vinsertx8: X, x32 as u8;
        vinsertx16: X, x32 as u16;
        vinsertx32: X, x32 as u32;
        vinsertx64: X, x64 as u64;
        vinsertf32: F, f32_bits as u32;
        vinsertf64: F, f64_bits as u64;
    }

    widen! {
        i8 => i16: vwidenlow8x16_s, vwidenhigh8x16_s;
        u8 => u16: vwidenlow8x16_u, vwidenhigh8x16_u;
        i16 => i32: vwidenlow16x8_s, vwidenhigh16x8_s;
        u16 => u32: vwidenlow16x8_u, vwidenhigh16x8_u;
        i32 => i64: vwidenlow32x4_s, vwidenhigh32x4_s;
        u32 => u64: vwidenlow32x4_u, vwidenhigh32x4_u;
    }

    narrow! {
        vnarrow16x8_s: i16 => i8;
        vnarrow16x8_u: i16 => u8;
        vnarrow32x4_s: i32 => i16;
        vnarrow32x4_u: i32 => u16;
        vnarrow64x2_s: i64 => i32;
        vnarrow64x2_u: i64 => u32;
        vunarrow64x2_u: u64 => u32;
    }

    on_registers! {
        fn vmov(registers, dst: V, src: V) {
            registers.set_vector(dst, registers.vector(src));
        }

        fn vselect(registers, dst: V, condition: X, a: V, b: V) {
            let chosen = if registers.x32(condition) != 0 { a } else { b };
            registers.set_vector(dst, registers.vector(chosen));
        }

        /// Bytes of the first operand, numbered by those of the second; 0 beyond.
        fn vswizzlei8x16(registers, operands: Binary<V>) {
            let bytes = registers.vector(operands.a);
            let places = registers.vector(operands.b);
            let byte = |place: u8| bytes.get(usize::from(place)).copied().unwrap_or(0);
            registers.set_vector(operands.dst, places.map(byte));
        }

        fn set_constant(registers, dst: V, value: u128) {
            registers.set_vector(dst, value.to_le_bytes());
        }

        /// Bytes of both operands, the second one's numbered from 16.
        fn shuffle(registers, dst: V, a: V, b: V, places: u128) {
            let [a, b] = [a, b].map(|src| registers.vector(src));
            let byte = |place: u8| {
                let bytes = if place < 16 { a } else { b };
                bytes[usize::from(place % 16)]
            };
            registers.set_vector(dst, places.to_le_bytes().map(byte));
        }
    }

    #[inline(always)]
    pub(in crate::interp) fn vconst128(&mut self, dst: V, value: Constant) -> Flow {
        self.set_constant(dst, self.constant(value)?)
    }

    #[inline(always)]
    pub(in crate::interp) fn vshuffle(&mut self, dst: V, a: V, b: V, places: Constant) -> Flow {
        self.shuffle(dst, a, b, self.constant(places)?)
    }

    #[inline(always)]
    fn constant(&self, Constant(place): Constant) -> Result<u128, Stop> {
        self.constants.get(place as usize).copied().ok_or(Stop::BadConstant)
    }
}

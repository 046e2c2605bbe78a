//! Loads and stores: of the arena, and of the machine stack.
#![forbid(unsafe_code)]

use super::super::machine::{Flow, Machine};
use super::super::operand::{F, G32, G32Bne, O32, X, Z};
use super::super::policy::Policy;

/// Integer loads: the type in memory, its byte order, and the type to which it is
/// extended before it is stored zero-extended.
macro_rules! load {
    ($( $name:ident: $mode:ty, $ty:ty, $from:ident, $extended:ty; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, dst: X, address: $mode) -> Flow {
            let value = <$ty>::$from(self.load(address)?);
            self.registers.set_x64(dst, value as $extended as u64);
            Ok(())
        }
    )* };
}

macro_rules! store {
    ($( $name:ident: $mode:ty, $ty:ty, $to:ident; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, address: $mode, src: X) -> Flow {
            self.store(address, (self.registers.x64(src) as $ty).$to())
        }
    )* };
}

macro_rules! load_float {
    ($( $name:ident: $mode:ty, $ty:ty, $from:ident, $set:ident; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, dst: F, address: $mode) -> Flow {
            let bits = <$ty>::$from(self.load(address)?);
            self.registers.$set(dst, bits);
            Ok(())
        }
    )* };
}

macro_rules! store_float {
    ($( $name:ident: $mode:ty, $get:ident, $to:ident; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, address: $mode, src: F) -> Flow {
            self.store(address, self.registers.$get(src).$to())
        }
    )* };
}

macro_rules! load_stack {
    ($( $name:ident: $ty:ty, $extended:ty; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, register: u8, displacement: i32) -> Flow {
            let value = <$ty>::from_le_bytes(self.stack_read(self.at_sp(displacement))?);
            self.registers.set(register, value as $extended as u64);
            Ok(())
        }
    )* };
}

macro_rules! store_stack {
    ($( $name:ident: $ty:ty; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, register: u8, displacement: i32) -> Flow {
            let value = self.registers.get(register) as $ty;
            self.stack_write(self.at_sp(displacement), value.to_le_bytes())
        }
    )* };
}

impl<P: Policy> Machine<'_, P> {
    load! {
        xload8_u32_o32: O32, u8, from_le_bytes, u32;
        xload8_s32_o32: O32, i8, from_le_bytes, u32;
        xload16le_u32_o32: O32, u16, from_le_bytes, u32;
        xload16le_s32_o32: O32, i16, from_le_bytes, u32;
        xload32le_o32: O32, u32, from_le_bytes, u32;
        xload64le_o32: O32, u64, from_le_bytes, u64;
        xload16be_u32_o32: O32, u16, from_be_bytes, u32;
        xload16be_s32_o32: O32, i16, from_be_bytes, u32;
        xload32be_o32: O32, u32, from_be_bytes, u32;
        xload64be_o32: O32, u64, from_be_bytes, u64;
        xload8_u32_z: Z, u8, from_le_bytes, u32;
        xload8_s32_z: Z, i8, from_le_bytes, u32;
        xload16le_u32_z: Z, u16, from_le_bytes, u32;
        xload16le_s32_z: Z, i16, from_le_bytes, u32;
        xload32le_z: Z, u32, from_le_bytes, u32;
        xload64le_z: Z, u64, from_le_bytes, u64;
        xload16be_u32_z: Z, u16, from_be_bytes, u32;
        xload16be_s32_z: Z, i16, from_be_bytes, u32;
        xload32be_z: Z, u32, from_be_bytes, u32;
        xload64be_z: Z, u64, from_be_bytes, u64;
        xload8_u32_g32: G32, u8, from_le_bytes, u32;
        xload8_s32_g32: G32, i8, from_le_bytes, u32;
        xload16le_u32_g32: G32, u16, from_le_bytes, u32;
        xload16le_s32_g32: G32, i16, from_le_bytes, u32;
        xload32le_g32: G32, u32, from_le_bytes, u32;
        xload64le_g32: G32, u64, from_le_bytes, u64;
        xload8_u32_g32bne: G32Bne, u8, from_le_bytes, u32;
        xload8_s32_g32bne: G32Bne, i8, from_le_bytes, u32;
        xload16le_u32_g32bne: G32Bne, u16, from_le_bytes, u32;
        xload16le_s32_g32bne: G32Bne, i16, from_le_bytes, u32;
        xload32le_g32bne: G32Bne, u32, from_le_bytes, u32;
        xload64le_g32bne: G32Bne, u64, from_le_bytes, u64;
    }

    store! {
        xstore8_o32: O32, u8, to_le_bytes;
        xstore16le_o32: O32, u16, to_le_bytes;
        xstore32le_o32: O32, u32, to_le_bytes;
        xstore64le_o32: O32, u64, to_le_bytes;
        xstore16be_o32: O32, u16, to_be_bytes;
        xstore32be_o32: O32, u32, to_be_bytes;
        xstore64be_o32: O32, u64, to_be_bytes;
        xstore8_z: Z, u8, to_le_bytes;
        xstore16le_z: Z, u16, to_le_bytes;
        xstore32le_z: Z, u32, to_le_bytes;
        xstore64le_z: Z, u64, to_le_bytes;
        xstore16be_z: Z, u16, to_be_bytes;
        xstore32be_z: Z, u32, to_be_bytes;
        xstore64be_z: Z, u64, to_be_bytes;
        xstore8_g32: G32, u8, to_le_bytes;
        xstore16le_g32: G32, u16, to_le_bytes;
        xstore32le_g32: G32, u32, to_le_bytes;
        xstore64le_g32: G32, u64, to_le_bytes;
        xstore8_g32bne: G32Bne, u8, to_le_bytes;
        xstore16le_g32bne: G32Bne, u16, to_le_bytes;
        xstore32le_g32bne: G32Bne, u32, to_le_bytes;
        xstore64le_g32bne: G32Bne, u64, to_le_bytes;
    }

    load_float! {
        fload32le_o32: O32, u32, from_le_bytes, set_f32_bits;
        fload64le_o32: O32, u64, from_le_bytes, set_f64_bits;
        fload32be_o32: O32, u32, from_be_bytes, set_f32_bits;
        fload64be_o32: O32, u64, from_be_bytes, set_f64_bits;
        fload32le_z: Z, u32, from_le_bytes, set_f32_bits;
        fload64le_z: Z, u64, from_le_bytes, set_f64_bits;
        fload32be_z: Z, u32, from_be_bytes, set_f32_bits;
        fload64be_z: Z, u64, from_be_bytes, set_f64_bits;
        fload32le_g32: G32, u32, from_le_bytes, set_f32_bits;
        fload64le_g32: G32, u64, from_le_bytes, set_f64_bits;
    }

    store_float! {
        fstore32le_o32: O32, f32_bits, to_le_bytes;
        fstore64le_o32: O32, f64_bits, to_le_bytes;
        fstore32be_o32: O32, f32_bits, to_be_bytes;
        fstore64be_o32: O32, f64_bits, to_be_bytes;
        fstore32le_z: Z, f32_bits, to_le_bytes;
        fstore64le_z: Z, f64_bits, to_le_bytes;
        fstore32be_z: Z, f32_bits, to_be_bytes;
        fstore64be_z: Z, f64_bits, to_be_bytes;
        fstore32le_g32: G32, f32_bits, to_le_bytes;
        fstore64le_g32: G32, f64_bits, to_le_bytes;
    }

    load_stack! {
        stack_load8: u8, u32;
        stack_load16: u16, u32;
        stack_load16_s: i16, u32;
        stack_load32: u32, u32;
        stack_load64: u64, u64;
    }

    store_stack! {
        stack_store8: u8;
        stack_store16: u16;
        stack_store32: u32;
        stack_store64: u64;
    }
}

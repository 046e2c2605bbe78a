//! Integer arithmetic, comparisons, constants and moves.
#![forbid(unsafe_code)]

use super::super::machine::{Flow, Machine, Stop};
use super::super::operand::{Binary, Imm64, X};
use super::super::policy::Policy;

/// `name: TYPE, |a, b| result`, on two registers read as `TYPE`. The result is
/// stored as `u32` or `u64`, whichever is as wide as the type.
macro_rules! binary {
    ($set:ident as $out:ty; $( $name:ident: $ty:ty, |$a:ident, $b:ident| $result:expr; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, operands: Binary<X>) -> Flow {
            let $a = self.registers.x64(operands.a) as $ty;
            let $b = self.registers.x64(operands.b) as $ty;
            self.registers.$set(operands.dst, ($result) as $out);
            Ok(())
        }
    )* };
}

/// As `binary`, with an immediate that is first extended to the type.
macro_rules! immediate {
    ($set:ident as $out:ty;
     $( $name:ident: $imm:ty as $ty:ty, |$a:ident, $b:ident| $result:expr; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, dst: X, a: X, b: $imm) -> Flow {
            let $a = self.registers.x64(a) as $ty;
            let $b = b as $ty;
            self.registers.$set(dst, ($result) as $out);
            Ok(())
        }
    )* };
}

macro_rules! shift_by_immediate {
    ($set:ident as $out:ty; $( $name:ident: $ty:ty, $shift:ident; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, operands: Binary<X, X, u8>) -> Flow {
            let a = self.registers.x64(operands.a) as $ty;
            self.registers.$set(operands.dst, a.$shift(operands.b.into()) as $out);
            Ok(())
        }
    )* };
}

macro_rules! unary {
    ($set:ident as $out:ty; $( $name:ident: $ty:ty, |$a:ident| $result:expr; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, dst: X, src: X) -> Flow {
            let $a = self.registers.x64(src) as $ty;
            self.registers.$set(dst, ($result) as $out);
            Ok(())
        }
    )* };
}

/// Operations that trap: the expression is a `Result`.
macro_rules! trapping {
    ($set:ident as $out:ty; $( $name:ident: $ty:ty, |$a:ident, $b:ident| $result:expr; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, operands: Binary<X>) -> Flow {
            let $a = self.registers.x64(operands.a) as $ty;
            let $b = self.registers.x64(operands.b) as $ty;
            let result: Result<$ty, Stop> = $result;
            self.registers.$set(operands.dst, result? as $out);
            Ok(())
        }
    )* };
}

/// Why a signed division has no result.
#[cold]
fn no_quotient(divisor_is_zero: bool) -> Stop {
    if divisor_is_zero { Stop::DivisionByZero } else { Stop::IntegerOverflow }
}

impl<P: Policy> Machine<'_, P> {
    binary! { set_x32 as u32;
        xadd32: u32, |a, b| a.wrapping_add(b);
        xsub32: u32, |a, b| a.wrapping_sub(b);
        xmul32: u32, |a, b| a.wrapping_mul(b);
        xrotl32: u32, |a, b| a.rotate_left(b & 31);
        xrotr32: u32, |a, b| a.rotate_right(b & 31);
        xshl32: u32, |a, b| a.wrapping_shl(b);
        xshr32_u: u32, |a, b| a.wrapping_shr(b);
        xshr32_s: i32, |a, b| a.wrapping_shr(b as u32);
        xband32: u32, |a, b| a & b;
        xbor32: u32, |a, b| a | b;
        xbxor32: u32, |a, b| a ^ b;
        xmin32_u: u32, |a, b| a.min(b);
        xmin32_s: i32, |a, b| a.min(b);
        xmax32_u: u32, |a, b| a.max(b);
        xmax32_s: i32, |a, b| a.max(b);
        xeq32: u32, |a, b| a == b;
        xneq32: u32, |a, b| a != b;
        xslt32: i32, |a, b| a < b;
        xslteq32: i32, |a, b| a <= b;
        xult32: u32, |a, b| a < b;
        xulteq32: u32, |a, b| a <= b;
        xeq64: u64, |a, b| a == b;
        xneq64: u64, |a, b| a != b;
        xslt64: i64, |a, b| a < b;
        xslteq64: i64, |a, b| a <= b;
        xult64: u64, |a, b| a < b;
        xulteq64: u64, |a, b| a <= b;
    }

    binary! { set_x64 as u64;
        xadd64: u64, |a, b| a.wrapping_add(b);
        xsub64: u64, |a, b| a.wrapping_sub(b);
        xmul64: u64, |a, b| a.wrapping_mul(b);
        xmulhi64_u: u64, |a, b| (u128::from(a) * u128::from(b)) >> 64;
        xmulhi64_s: i64, |a, b| (i128::from(a) * i128::from(b)) >> 64;
        xrotl64: u64, |a, b| a.rotate_left(b as u32 & 63);
        xrotr64: u64, |a, b| a.rotate_right(b as u32 & 63);
        xshl64: u64, |a, b| a.wrapping_shl(b as u32);
        xshr64_u: u64, |a, b| a.wrapping_shr(b as u32);
        xshr64_s: i64, |a, b| a.wrapping_shr(b as u32);
        xband64: u64, |a, b| a & b;
        xbor64: u64, |a, b| a | b;
        xbxor64: u64, |a, b| a ^ b;
        xmin64_u: u64, |a, b| a.min(b);
        xmin64_s: i64, |a, b| a.min(b);
        xmax64_u: u64, |a, b| a.max(b);
        xmax64_s: i64, |a, b| a.max(b);
    }

    immediate! { set_x32 as u32;
        xadd32_u8: u8 as u32, |a, b| a.wrapping_add(b);
        xadd32_u32: u32 as u32, |a, b| a.wrapping_add(b);
        xsub32_u8: u8 as u32, |a, b| a.wrapping_sub(b);
        xsub32_u32: u32 as u32, |a, b| a.wrapping_sub(b);
        xmul32_s8: i8 as i32, |a, b| a.wrapping_mul(b);
        xmul32_s32: i32 as i32, |a, b| a.wrapping_mul(b);
        xband32_s8: i8 as i32, |a, b| a & b;
        xband32_s32: i32 as i32, |a, b| a & b;
        xbor32_s8: i8 as i32, |a, b| a | b;
        xbor32_s32: i32 as i32, |a, b| a | b;
        xbxor32_s8: i8 as i32, |a, b| a ^ b;
        xbxor32_s32: i32 as i32, |a, b| a ^ b;
    }

    immediate! { set_x64 as u64;
        xadd64_u8: u8 as u64, |a, b| a.wrapping_add(b);
        xadd64_u32: u32 as u64, |a, b| a.wrapping_add(b);
        xsub64_u8: u8 as u64, |a, b| a.wrapping_sub(b);
        xsub64_u32: u32 as u64, |a, b| a.wrapping_sub(b);
        xmul64_s8: i8 as i64, |a, b| a.wrapping_mul(b);
        xmul64_s32: i32 as i64, |a, b| a.wrapping_mul(b);
        xband64_s8: i8 as i64, |a, b| a & b;
        xband64_s32: i32 as i64, |a, b| a & b;
        xbor64_s8: i8 as i64, |a, b| a | b;
        xbor64_s32: i32 as i64, |a, b| a | b;
        xbxor64_s8: i8 as i64, |a, b| a ^ b;
        xbxor64_s32: i32 as i64, |a, b| a ^ b;
    }

    shift_by_immediate! { set_x32 as u32;
        xshl32_u6: u32, wrapping_shl;
        xshr32_u_u6: u32, wrapping_shr;
        xshr32_s_u6: i32, wrapping_shr;
    }

    shift_by_immediate! { set_x64 as u64;
        xshl64_u6: u64, wrapping_shl;
        xshr64_u_u6: u64, wrapping_shr;
        xshr64_s_u6: i64, wrapping_shr;
    }

    unary! { set_x32 as u32;
        xctz32: u32, |a| a.trailing_zeros();
        xclz32: u32, |a| a.leading_zeros();
        xpopcnt32: u32, |a| a.count_ones();
        xneg32: u32, |a| a.wrapping_neg();
        xabs32: i32, |a| a.wrapping_abs();
        xbnot32: u32, |a| !a;
        bswap32: u32, |a| a.swap_bytes();
        xbmask32: u32, |a| -i32::from(a != 0);
    }

    unary! { set_x64 as u64;
        xmov: u64, |a| a;
        xctz64: u64, |a| a.trailing_zeros();
        xclz64: u64, |a| a.leading_zeros();
        xpopcnt64: u64, |a| a.count_ones();
        xneg64: u64, |a| a.wrapping_neg();
        xabs64: i64, |a| a.wrapping_abs();
        xbnot64: u64, |a| !a;
        bswap64: u64, |a| a.swap_bytes();
        xbmask64: u64, |a| -i64::from(a != 0);
        zext8: u8, |a| a;
        zext16: u16, |a| a;
        zext32: u32, |a| a;
        sext8: i8, |a| a;
        sext16: i16, |a| a;
        sext32: i32, |a| a;
    }

    trapping! { set_x32 as u32;
        xdiv32_u: u32, |a, b| a.checked_div(b).ok_or(Stop::DivisionByZero);
        xdiv32_s: i32, |a, b| a.checked_div(b).ok_or_else(|| no_quotient(b == 0));
        xrem32_u: u32, |a, b| a.checked_rem(b).ok_or(Stop::DivisionByZero);
        xrem32_s: i32, |a, b| {
            if b == 0 { Err(Stop::DivisionByZero) } else { Ok(a.wrapping_rem(b)) }
        };
        xadd32_uoverflow_trap: u32, |a, b| a.checked_add(b).ok_or(Stop::Trap);
    }

    trapping! { set_x64 as u64;
        xdiv64_u: u64, |a, b| a.checked_div(b).ok_or(Stop::DivisionByZero);
        xdiv64_s: i64, |a, b| a.checked_div(b).ok_or_else(|| no_quotient(b == 0));
        xrem64_u: u64, |a, b| a.checked_rem(b).ok_or(Stop::DivisionByZero);
        xrem64_s: i64, |a, b| {
            if b == 0 { Err(Stop::DivisionByZero) } else { Ok(a.wrapping_rem(b)) }
        };
        xadd64_uoverflow_trap: u64, |a, b| a.checked_add(b).ok_or(Stop::Trap);
    }

    #[inline(always)]
    pub(in super::super) fn xzero(&mut self, dst: X) -> Flow {
        self.registers.set_x64(dst, 0);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xone(&mut self, dst: X) -> Flow {
        self.registers.set_x64(dst, 1);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xconst8(&mut self, dst: X, value: i8) -> Flow {
        self.registers.set_x64(dst, value as u64);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xconst16(&mut self, dst: X, value: i16) -> Flow {
        self.registers.set_x64(dst, value as u64);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xconst32(&mut self, dst: X, value: i32) -> Flow {
        self.registers.set_x64(dst, value as u64);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xconst64(&mut self, dst: X, value: Imm64) -> Flow {
        self.registers.set_x64(dst, value.get());
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xmadd32(&mut self, dst: X, a: X, b: X, c: X) -> Flow {
        let product = self.registers.x32(a).wrapping_mul(self.registers.x32(b));
        self.registers.set_x32(dst, product.wrapping_add(self.registers.x32(c)));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xmadd64(&mut self, dst: X, a: X, b: X, c: X) -> Flow {
        let product = self.registers.x64(a).wrapping_mul(self.registers.x64(b));
        self.registers.set_x64(dst, product.wrapping_add(self.registers.x64(c)));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xselect32(&mut self, dst: X, condition: X, a: X, b: X) -> Flow {
        let chosen = if self.registers.x32(condition) != 0 { a } else { b };
        self.registers.set_x32(dst, self.registers.x32(chosen));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xselect64(&mut self, dst: X, condition: X, a: X, b: X) -> Flow {
        let chosen = if self.registers.x32(condition) != 0 { a } else { b };
        self.registers.set_x64(dst, self.registers.x64(chosen));
        Ok(())
    }

    /// The 128-bit value in two registers.
    #[inline(always)]
    fn x128(&self, low: X, high: X) -> u128 {
        u128::from(self.registers.x64(low)) | u128::from(self.registers.x64(high)) << 64
    }

    #[inline(always)]
    fn set_x128(&mut self, low: X, high: X, value: u128) -> Flow {
        self.registers.set_x64(low, value as u64);
        self.registers.set_x64(high, (value >> 64) as u64);
        Ok(())
    }

    #[inline(always)]
    #[expect(clippy::many_single_char_names, reason = "three register pairs")]
    pub(in super::super) fn xadd128(&mut self, l: X, h: X, a: X, b: X, c: X, d: X) -> Flow {
        self.set_x128(l, h, self.x128(a, b).wrapping_add(self.x128(c, d)))
    }

    #[inline(always)]
    #[expect(clippy::many_single_char_names, reason = "three register pairs")]
    pub(in super::super) fn xsub128(&mut self, l: X, h: X, a: X, b: X, c: X, d: X) -> Flow {
        self.set_x128(l, h, self.x128(a, b).wrapping_sub(self.x128(c, d)))
    }

    #[inline(always)]
    pub(in super::super) fn xwidemul64_u(&mut self, low: X, high: X, a: X, b: X) -> Flow {
        let product = u128::from(self.registers.x64(a)) * u128::from(self.registers.x64(b));
        self.set_x128(low, high, product)
    }

    #[inline(always)]
    pub(in super::super) fn xwidemul64_s(&mut self, low: X, high: X, a: X, b: X) -> Flow {
        let [a, b] = [a, b].map(|register| i128::from(self.registers.x64(register) as i64));
        self.set_x128(low, high, (a * b) as u128)
    }
}

//! Conversions between integers and floats.
#![forbid(unsafe_code)]
#![allow(clippy::cast_precision_loss, reason = "the opcodes round as the casts do")]

use super::super::machine::{Flow, Machine, Stop};
use super::super::operand::{F, X};
use super::super::policy::Policy;
use super::float::{canonical32, canonical64};

/// Float from integer; `as` rounds to nearest, ties to even.
macro_rules! from_integer {
    ($( $name:ident: $int:ty => $float:ident, $set:ident; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, dst: F, src: X) -> Flow {
            let value = self.registers.x64(src) as $int;
            self.registers.$set(dst, (value as $float).to_bits());
            Ok(())
        }
    )* };
}

/// Integer from float: one opcode that traps, one that saturates as `as` does.
macro_rules! to_integer {
    ($( $checked:ident, $saturating:ident: $float:ident, $get:ident => $int:ident, $set:ident
        as $out:ty; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $checked(&mut self, dst: X, src: F) -> Flow {
            let value = $float::from_bits(self.registers.$get(src));
            // The least value's magnitude is a power of two, or 0, hence exact; so is
            // the first value that does not fit, twice the half of it.
            const LEAST: $float = $int::MIN as $float;
            const END: $float = (($int::MAX / 2 + 1) as $float) * 2.0;
            let truncated = value.trunc();
            if !(LEAST..END).contains(&truncated) {
                return Err(not_an_integer(value.is_nan()));
            }
            self.registers.$set(dst, truncated as $int as $out);
            Ok(())
        }

        #[inline(always)]
        pub(in super::super) fn $saturating(&mut self, dst: X, src: F) -> Flow {
            let value = $float::from_bits(self.registers.$get(src));
            self.registers.$set(dst, value as $int as $out);
            Ok(())
        }
    )* };
}

#[cold]
fn not_an_integer(is_nan: bool) -> Stop {
    if is_nan { Stop::BadConversion } else { Stop::IntegerOverflow }
}

impl<P: Policy> Machine<'_, P> {
    from_integer! {
        f32_from_x32_s: i32 => f32, set_f32_bits;
        f32_from_x32_u: u32 => f32, set_f32_bits;
        f32_from_x64_s: i64 => f32, set_f32_bits;
        f32_from_x64_u: u64 => f32, set_f32_bits;
        f64_from_x32_s: i32 => f64, set_f64_bits;
        f64_from_x32_u: u32 => f64, set_f64_bits;
        f64_from_x64_s: i64 => f64, set_f64_bits;
        f64_from_x64_u: u64 => f64, set_f64_bits;
    }

    to_integer! {
        x32_from_f32_s, x32_from_f32_s_sat: f32, f32_bits => i32, set_x32 as u32;
        x32_from_f32_u, x32_from_f32_u_sat: f32, f32_bits => u32, set_x32 as u32;
        x32_from_f64_s, x32_from_f64_s_sat: f64, f64_bits => i32, set_x32 as u32;
        x32_from_f64_u, x32_from_f64_u_sat: f64, f64_bits => u32, set_x32 as u32;
        x64_from_f32_s, x64_from_f32_s_sat: f32, f32_bits => i64, set_x64 as u64;
        x64_from_f32_u, x64_from_f32_u_sat: f32, f32_bits => u64, set_x64 as u64;
        x64_from_f64_s, x64_from_f64_s_sat: f64, f64_bits => i64, set_x64 as u64;
        x64_from_f64_u, x64_from_f64_u_sat: f64, f64_bits => u64, set_x64 as u64;
    }

    #[inline(always)]
    pub(in super::super) fn f32_from_f64(&mut self, dst: F, src: F) -> Flow {
        let value = f64::from_bits(self.registers.f64_bits(src));
        self.registers.set_f32_bits(dst, canonical32(value as f32));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn f64_from_f32(&mut self, dst: F, src: F) -> Flow {
        let value = f32::from_bits(self.registers.f32_bits(src));
        self.registers.set_f64_bits(dst, canonical64(f64::from(value)));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn bitcast_int_from_float_32(&mut self, dst: X, src: F) -> Flow {
        self.registers.set_x32(dst, self.registers.f32_bits(src));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn bitcast_int_from_float_64(&mut self, dst: X, src: F) -> Flow {
        self.registers.set_x64(dst, self.registers.f64_bits(src));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn bitcast_float_from_int_32(&mut self, dst: F, src: X) -> Flow {
        self.registers.set_f32_bits(dst, self.registers.x32(src));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn bitcast_float_from_int_64(&mut self, dst: F, src: X) -> Flow {
        self.registers.set_f64_bits(dst, self.registers.x64(src));
        Ok(())
    }
}

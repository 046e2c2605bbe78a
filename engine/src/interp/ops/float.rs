//! Float arithmetic and comparisons.
//!
//! The meaning is Wasm's. An operation that gives a NaN gives the canonical one: what
//! exact runs ask of native code too, where Cranelift's NaN canonicalisation does it
//! for the same operations. (That pass is of no use here: for Pulley it makes scalar
//! code into vector code.) Sign operations work on bits and keep payloads.
#![forbid(unsafe_code)]
#![allow(clippy::float_cmp, reason = "the opcodes are exact comparisons")]

use super::super::machine::{Flow, Machine};
use super::super::operand::{Binary, F, Imm64, X};
use super::super::policy::Policy;

pub(super) const SIGN32: u32 = 1 << 31;
pub(super) const SIGN64: u64 = 1 << 63;

/// The bits of a result; those of the canonical NaN for any NaN.
#[inline(always)]
pub(super) fn canonical32(value: f32) -> u32 {
    if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() }
}

/// As [`canonical32`].
#[inline(always)]
pub(super) fn canonical64(value: f64) -> u64 {
    if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() }
}

/// Operations on values: `f32` through the low halves, `f64` through whole registers.
macro_rules! arithmetic {
    ($ty:ident, $get:ident, $set:ident, $canonical:ident;
     binary { $( $binary:ident: |$a:ident, $b:ident| $result:expr; )* }
     unary { $( $unary:ident: |$c:ident| $value:expr; )* }
     compare { $( $compare:ident: $op:tt; )* }) => {
        $( #[inline(always)]
        pub(in super::super) fn $binary(&mut self, operands: Binary<F>) -> Flow {
            let $a = $ty::from_bits(self.registers.$get(operands.a));
            let $b = $ty::from_bits(self.registers.$get(operands.b));
            self.registers.$set(operands.dst, $canonical($result));
            Ok(())
        } )*
        $( #[inline(always)]
        pub(in super::super) fn $unary(&mut self, dst: F, src: F) -> Flow {
            let $c = $ty::from_bits(self.registers.$get(src));
            self.registers.$set(dst, $canonical($value));
            Ok(())
        } )*
        $( #[inline(always)]
        pub(in super::super) fn $compare(&mut self, dst: X, a: F, b: F) -> Flow {
            let a = $ty::from_bits(self.registers.$get(a));
            let b = $ty::from_bits(self.registers.$get(b));
            self.registers.set_x32(dst, u32::from(a $op b));
            Ok(())
        } )*
    };
}

/// Operations on bit patterns.
macro_rules! bits {
    ($get:ident, $set:ident; $( $name:ident: |$a:ident| $result:expr; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, dst: F, src: F) -> Flow {
            let $a = self.registers.$get(src);
            self.registers.$set(dst, $result);
            Ok(())
        }
    )* };
}

/// The lesser or greater of two floats: a NaN wins, and -0 is less than 0.
macro_rules! extremum {
    ($name:ident: $ty:ident, $better:tt, $zeros:tt) => {
        pub(super) fn $name(a: $ty, b: $ty) -> $ty {
            if a $better b {
                a
            } else if b $better a {
                b
            } else if a == b {
                $ty::from_bits(a.to_bits() $zeros b.to_bits())
            } else {
                a + b
            }
        }
    };
}

extremum! { minimum32: f32, <, | }
extremum! { minimum64: f64, <, | }
extremum! { maximum32: f32, >, & }
extremum! { maximum64: f64, >, & }

impl<P: Policy> Machine<'_, P> {
    arithmetic! { f32, f32_bits, set_f32_bits, canonical32;
        binary {
            fadd32: |a, b| a + b;
            fsub32: |a, b| a - b;
            fmul32: |a, b| a * b;
            fdiv32: |a, b| a / b;
            fminimum32: |a, b| minimum32(a, b);
            fmaximum32: |a, b| maximum32(a, b);
        }
        unary {
            ftrunc32: |a| a.trunc();
            ffloor32: |a| a.floor();
            fceil32: |a| a.ceil();
            fnearest32: |a| a.round_ties_even();
            fsqrt32: |a| a.sqrt();
        }
        compare { feq32: ==; fneq32: !=; flt32: <; flteq32: <=; }
    }

    arithmetic! { f64, f64_bits, set_f64_bits, canonical64;
        binary {
            fadd64: |a, b| a + b;
            fsub64: |a, b| a - b;
            fmul64: |a, b| a * b;
            fdiv64: |a, b| a / b;
            fminimum64: |a, b| minimum64(a, b);
            fmaximum64: |a, b| maximum64(a, b);
        }
        unary {
            ftrunc64: |a| a.trunc();
            ffloor64: |a| a.floor();
            fceil64: |a| a.ceil();
            fnearest64: |a| a.round_ties_even();
            fsqrt64: |a| a.sqrt();
        }
        compare { feq64: ==; fneq64: !=; flt64: <; flteq64: <=; }
    }

    bits! { f32_bits, set_f32_bits;
        fneg32: |a| a ^ SIGN32;
        fabs32: |a| a & !SIGN32;
    }

    bits! { f64_bits, set_f64_bits;
        fmov: |a| a;
        fneg64: |a| a ^ SIGN64;
        fabs64: |a| a & !SIGN64;
    }

    #[inline(always)]
    pub(in super::super) fn fcopysign32(&mut self, operands: Binary<F>) -> Flow {
        let magnitude = self.registers.f32_bits(operands.a) & !SIGN32;
        let sign = self.registers.f32_bits(operands.b) & SIGN32;
        self.registers.set_f32_bits(operands.dst, magnitude | sign);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn fcopysign64(&mut self, operands: Binary<F>) -> Flow {
        let magnitude = self.registers.f64_bits(operands.a) & !SIGN64;
        let sign = self.registers.f64_bits(operands.b) & SIGN64;
        self.registers.set_f64_bits(operands.dst, magnitude | sign);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn fconst32(&mut self, dst: F, bits: u32) -> Flow {
        self.registers.set_f32_bits(dst, bits);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn fconst64(&mut self, dst: F, bits: Imm64) -> Flow {
        self.registers.set_f64_bits(dst, bits.get());
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn fselect32(&mut self, dst: F, condition: X, a: F, b: F) -> Flow {
        let chosen = if self.registers.x32(condition) != 0 { a } else { b };
        self.registers.set_f32_bits(dst, self.registers.f32_bits(chosen));
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn fselect64(&mut self, dst: F, condition: X, a: F, b: F) -> Flow {
        let chosen = if self.registers.x32(condition) != 0 { a } else { b };
        self.registers.set_f64_bits(dst, self.registers.f64_bits(chosen));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_wins_and_minus_zero_is_the_lesser_zero() {
        assert!(minimum64(f64::NAN, 1.0).is_nan() && maximum32(1.0, f32::NAN).is_nan());
        for (a, b) in [(0.0, -0.0), (-0.0, 0.0)] {
            assert!(minimum64(a, b).is_sign_negative());
            assert!(maximum64(a, b).is_sign_positive());
        }
        assert_eq!((minimum32(1.0, -2.0), maximum32(1.0, -2.0)), (-2.0, 1.0));
    }
}

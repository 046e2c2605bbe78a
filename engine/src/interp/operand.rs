//! Operands as the interpreter keeps them: what decoding makes of Pulley's own.
//!
//! Each operand type of `pulley-interpreter` has a compact twin, small enough that
//! an instruction fits 12 bytes. A branch target is first the byte offset in its
//! function, then, once all boundaries are known, an op
//! index.
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "immediates are split into 32-bit halves")]

use pulley_interpreter::regs::{BinaryOperands, Reg};
use pulley_interpreter::{
    AddrG32, AddrG32Bne, AddrO32, AddrZ, FReg, PcRelOffset, U6, UpperRegSet, VReg, XReg,
};

/// The op index that no branch reaches: where a target without an op leads. It lies
/// past the end of any code, so going there is a trap.
pub(super) const NOWHERE: u32 = 0x7fff_ffff;

/// An integer register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct X(pub u8);

/// A float register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct F(pub u8);

/// A vector register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct V(pub u8);

/// A vector constant: its position in the code's pool, since it is larger than an
/// instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Constant(pub u32);

/// Where a branch or call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target(pub u32);

/// Destination and two sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binary<D, A = D, B = A> {
    pub dst: D,
    pub a: A,
    pub b: B,
}

/// `base + displacement`, for accesses that the program calls `notrap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct O32 {
    pub base: X,
    pub displacement: i32,
}

/// `base + displacement`, which traps when the base is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Z {
    pub base: X,
    pub displacement: i32,
}

/// `base + index + displacement`, after a check of the index against a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct G32 {
    pub base: X,
    pub bound: X,
    pub index: X,
    pub displacement: u16,
}

/// As [`G32`], with the bound itself in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct G32Bne {
    pub base: X,
    pub bound_base: X,
    pub index: X,
    pub bound_displacement: u8,
    pub displacement: u8,
}

/// A 64-bit immediate, low half first: two halves keep an instruction 4-aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Imm64([u32; 2]);

impl Imm64 {
    #[inline(always)]
    pub(super) fn get(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }
}

/// What decoding learns of an instruction from its operands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Byte offset of the instruction in its function.
    pub start: u32,
    /// Its vector constant, which gets its place in the pool after decoding.
    pub constant: Option<u128>,
    /// It checks an index against a memory's bound, so it may trap with
    /// `heap_out_of_bounds` although the compiler lists no trap for it.
    pub bounds_check: bool,
    /// It addresses memory relative to the stack pointer.
    pub stack: bool,
}

impl Seen {
    fn base(&mut self, register: XReg) -> X {
        self.stack |= register == XReg::sp;
        X(register.to_u8())
    }
}

/// An operand of Pulley, and what the interpreter keeps of it.
pub(super) trait Operand {
    type Compact: Compact;

    fn compact(self, seen: &mut Seen) -> Self::Compact;
}

/// A compact operand.
pub(super) trait Compact: Copy {
    /// Maps a branch target; other operands stay as they are.
    #[inline(always)]
    fn retarget(&mut self, _map: &impl Fn(u32) -> u32) {}
}

impl Compact for Target {
    #[inline(always)]
    fn retarget(&mut self, map: &impl Fn(u32) -> u32) {
        self.0 = map(self.0);
    }
}

macro_rules! compact {
    ($($ty:ty)*) => { $( impl Compact for $ty {} )* };
}

compact! { i8 u8 i16 u16 i32 u32 X F V O32 Z G32 G32Bne Imm64 Constant }

impl<D: Copy, A: Copy, B: Copy> Compact for Binary<D, A, B> {}

macro_rules! kept_as_is {
    ($($ty:ty)*) => { $(
        impl Operand for $ty {
            type Compact = $ty;
            fn compact(self, _seen: &mut Seen) -> $ty { self }
        }
    )* };
}

kept_as_is! { i8 u8 i16 u16 i32 u32 X V }

impl Operand for i64 {
    type Compact = Imm64;
    fn compact(self, seen: &mut Seen) -> Imm64 {
        self.cast_unsigned().compact(seen)
    }
}

impl Operand for u64 {
    type Compact = Imm64;
    fn compact(self, _seen: &mut Seen) -> Imm64 {
        Imm64([self as u32, (self >> 32) as u32])
    }
}

impl Operand for u128 {
    type Compact = Constant;
    fn compact(self, seen: &mut Seen) -> Constant {
        seen.constant = Some(self);
        Constant(NOWHERE)
    }
}

impl Operand for U6 {
    type Compact = u8;
    fn compact(self, _seen: &mut Seen) -> u8 {
        self.into()
    }
}

impl Operand for XReg {
    type Compact = X;
    fn compact(self, _seen: &mut Seen) -> X {
        X(self.to_u8())
    }
}

impl Operand for FReg {
    type Compact = F;
    fn compact(self, _seen: &mut Seen) -> F {
        F(self.to_u8())
    }
}

impl Operand for VReg {
    type Compact = V;
    fn compact(self, _seen: &mut Seen) -> V {
        V(self.to_u8())
    }
}

/// The registers x16 to x31 as a bit set.
impl Operand for UpperRegSet<XReg> {
    type Compact = u16;
    fn compact(self, _seen: &mut Seen) -> u16 {
        self.to_bitset().0
    }
}

impl Operand for PcRelOffset {
    type Compact = Target;
    fn compact(self, seen: &mut Seen) -> Target {
        Target(seen.start.wrapping_add_signed(self.into()))
    }
}

impl<D: Operand, A: Operand, B: Operand> Operand for BinaryOperands<D, A, B> {
    type Compact = Binary<D::Compact, A::Compact, B::Compact>;
    fn compact(self, seen: &mut Seen) -> Self::Compact {
        Binary {
            dst: self.dst.compact(seen),
            a: self.src1.compact(seen),
            b: self.src2.compact(seen),
        }
    }
}

impl Operand for AddrO32 {
    type Compact = O32;
    fn compact(self, seen: &mut Seen) -> O32 {
        O32 { base: seen.base(self.addr), displacement: self.offset }
    }
}

impl Operand for AddrZ {
    type Compact = Z;
    fn compact(self, seen: &mut Seen) -> Z {
        Z { base: seen.base(self.addr), displacement: self.offset }
    }
}

impl Operand for AddrG32 {
    type Compact = G32;
    fn compact(self, seen: &mut Seen) -> G32 {
        seen.bounds_check = true;
        G32 {
            base: seen.base(self.host_heap_base),
            bound: X(self.host_heap_bound.to_u8()),
            index: X(self.wasm_addr.to_u8()),
            displacement: self.offset,
        }
    }
}

impl Operand for AddrG32Bne {
    type Compact = G32Bne;
    fn compact(self, seen: &mut Seen) -> G32Bne {
        seen.bounds_check = true;
        G32Bne {
            base: seen.base(self.host_heap_base),
            bound_base: seen.base(self.host_heap_bound_addr),
            index: X(self.wasm_addr.to_u8()),
            bound_displacement: self.host_heap_bound_offset,
            displacement: self.offset,
        }
    }
}

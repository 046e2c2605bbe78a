//! The register file: integer registers x0 to x31, then float registers f0 to f31,
//! 64 bits each, then vector registers v0 to v31, 128 bits each. A 32-bit result is
//! stored zero-extended.
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "a register's low half is a 32-bit value")]

use super::lanes::{Lane, Vector};
use super::operand::{F, V, X};

/// The stack pointer.
pub(super) const SP: X = X(30);

/// Position of f0 in the file.
pub(super) const FLOATS: u8 = 32;

/// All registers. The order is kept: scalar code reaches its registers with short
/// displacements.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Registers {
    words: [u64; 64],
    vectors: [Vector; 32],
}

impl Default for Registers {
    fn default() -> Registers {
        Registers { words: [0; 64], vectors: [[0; 16]; 32] }
    }
}

impl Registers {
    /// The 64-bit register at a position in the file.
    #[inline(always)]
    pub(super) fn get(&self, position: u8) -> u64 {
        self.words[usize::from(position & 63)]
    }

    /// Sets the 64-bit register at a position in the file.
    #[inline(always)]
    pub(super) fn set(&mut self, position: u8, value: u64) {
        self.words[usize::from(position & 63)] = value;
    }

    #[inline(always)]
    pub(super) fn x64(&self, X(register): X) -> u64 {
        self.words[usize::from(register & 31)]
    }

    #[inline(always)]
    pub(super) fn x32(&self, register: X) -> u32 {
        self.x64(register) as u32
    }

    #[inline(always)]
    pub(super) fn set_x64(&mut self, X(register): X, value: u64) {
        self.words[usize::from(register & 31)] = value;
    }

    #[inline(always)]
    pub(super) fn set_x32(&mut self, register: X, value: u32) {
        self.set_x64(register, u64::from(value));
    }

    #[inline(always)]
    pub(super) fn f64_bits(&self, F(register): F) -> u64 {
        self.words[usize::from(register & 31 | FLOATS)]
    }

    #[inline(always)]
    pub(super) fn f32_bits(&self, register: F) -> u32 {
        self.f64_bits(register) as u32
    }

    #[inline(always)]
    pub(super) fn set_f64_bits(&mut self, F(register): F, bits: u64) {
        self.words[usize::from(register & 31 | FLOATS)] = bits;
    }

    #[inline(always)]
    pub(super) fn set_f32_bits(&mut self, register: F, bits: u32) {
        self.set_f64_bits(register, u64::from(bits));
    }

    #[inline(always)]
    pub(super) fn vector(&self, V(register): V) -> Vector {
        self.vectors[usize::from(register & 31)]
    }

    #[inline(always)]
    pub(super) fn set_vector(&mut self, V(register): V, vector: Vector) {
        self.vectors[usize::from(register & 31)] = vector;
    }

    #[inline(always)]
    pub(super) fn lanes<T: Lane>(&self, register: V) -> T::Lanes {
        T::split(self.vector(register))
    }

    #[inline(always)]
    pub(super) fn set_lanes<T: Lane>(&mut self, register: V, lanes: T::Lanes) {
        self.set_vector(register, T::join(lanes));
    }
}

//! Vector opcodes: the same operation on each lane, by family.
//!
//! The name of a method says the lanes: `8x16` are 16 lanes of 8 bits. `s` and `u`
//! are signed and unsigned, `sat` is saturating. Lanes are read as the Rust type that
//! the operation is defined on; a vector register itself has no type.
#![forbid(unsafe_code)]

mod float;
mod integer;
mod lane;
mod memory;

/// Applies an operation to each pair of lanes.
#[inline(always)]
fn zip<A: Copy, B, const N: usize>(a: [A; N], b: [A; N], result: impl Fn(A, A) -> B) -> [B; N] {
    std::array::from_fn(|lane| result(a[lane], b[lane]))
}

//! Vector opcodes: the same operation on each lane, by family.
//!
//! The name of a method says the lanes: `8x16` are 16 lanes of 8 bits. `s` and `u`
//! are signed and unsigned, `sat` is saturating. Lanes are read as the Rust type that
//! the operation is defined on; a vector register itself has no type.
//!
//! Unlike scalar opcodes they are not inlined into the loop but called from it: a
//! hundred and eighty bodies with vectors in them cost the loop registers of its own,
//! which made scalar code slower by a tenth.
#![forbid(unsafe_code)]

/// Methods of the machine that work on nothing but its registers, as functions of
/// their own.
macro_rules! on_registers {
    ($( $( #[$doc:meta] )*
        fn $name:ident($registers:ident $( , $arg:ident: $ty:ty )*) $body:block )*) => { $(
        $( #[$doc] )*
        #[inline(always)]
        pub(in crate::interp) fn $name(&mut self $( , $arg: $ty )*) -> Flow {
            #[inline(never)]
            fn apply($registers: &mut Registers $( , $arg: $ty )*) $body
            apply(self.registers $( , $arg )*);
            Ok(())
        }
    )* };
}

mod float;
mod integer;
mod lane;
mod memory;

/// Applies an operation to each pair of lanes.
#[inline(always)]
fn zip<A: Copy, B, const N: usize>(a: [A; N], b: [A; N], result: impl Fn(A, A) -> B) -> [B; N] {
    std::array::from_fn(|lane| result(a[lane], b[lane]))
}

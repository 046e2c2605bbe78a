//! CLIF programs as WebAssembly modules, so that Wasmtime can run them.
//!
//! An arena is a linear memory and an arena offset an `i32` index into it. So a program
//! whose addresses are offsets can be written as a module with one memory, and an engine
//! that shares neither our lowering nor our executors says what it must come to. What is
//! translated is the *prepared* program of an exact run, confusions included: no
//! undefined behaviour is left in it, stack slots and return areas are arena offsets.
//!
//! | in CLIF | in Wasm |
//! |---|---|
//! | value | local; of an `i128` two, low half first; `i8` and `i16` zero-extended in an `i32` |
//! | control flow | structured (`structure`); block parameters are locals that the edges set |
//! | access | its offset modulo 2^32, a check against `[NULL_PAGE, LEN)`, the access |
//! | trap | its number into a global, then `unreachable`; divisions and conversions trap by themselves |
//! | indirect call | `call_indirect` through a table of the functions of the expected signature |
//! | what Wasm lacks | expanded, or refused: [`Refused`] is counted where it is caught |
//!
//! Each exported function has a wrapper that readies the shadow stack, makes the call,
//! and takes results out of their return area, as `run::bare` does. Modules use vectors,
//! tail calls, several results and wide arithmetic.
//!
//! Not translated: programs with an instance, which came from Wasm; irreducible control
//! flow. How deep calls may nest is not kept: Wasmtime has its own stack.
#![forbid(unsafe_code)]

mod atomic;
mod bits;
mod body;
mod call;
mod convert;
mod float;
mod instruction;
mod integer;
mod memory;
mod module;
mod structure;
#[cfg(test)]
mod tests;
mod vector;
mod wide;

use crate::passes::Prepared;
use crate::program::Program;
use crate::trap::Trap;

/// Name of the exported memory, whose offsets are the arena's.
pub const MEMORY_EXPORT: &str = "arena memory";

/// Name of the exported global that is 0, or 1 + the position in [`Trap::ALL`] of what
/// the program trapped with, where Wasm's own trap is `unreachable`.
pub const TRAP_EXPORT: &str = "trap number";

/// What a program needs and a module cannot say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no Wasm for {0}")]
pub struct Refused(pub(super) String);

/// Translates a program that was prepared for an exact run. Exports of functions keep
/// their names.
///
/// # Errors
/// [`Refused`].
pub fn translate(program: &Program, prepared: &Prepared) -> Result<Vec<u8>, Refused> {
    if program.has_instance() {
        return Err(Refused("a program with an instance".to_owned()));
    }
    module::encode(program, prepared)
}

/// The number of a trap in the global [`TRAP_EXPORT`].
fn number(trap: Trap) -> i32 {
    let position = Trap::ALL.iter().position(|&known| known == trap);
    position.and_then(|at| i32::try_from(at + 1).ok()).expect("every trap is listed")
}

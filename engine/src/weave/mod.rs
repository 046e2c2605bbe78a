//! Weaving: what a generated module lacks is added to it.
//!
//! wasm-smith and wasm-mutate make valid modules, but few that reach an indirect call:
//! tables are empty and indices random. The weaver takes any valid module and adds
//! what makes a run worth watching, deterministically:
//!
//! - [`indirect`]: tables are filled with the module's functions, one range for each
//!   type; indices of indirect calls are brought into the range of the type that they
//!   expect, most of the time; some direct calls become indirect ones;
//! - [`fuel`]: a global counts down at the head of each function and loop, so that
//!   every engine stops at the same point;
//! - [`traffic`]: exported functions that reach into memories and tables from outside.
//!
//! Waits in shared memories get no time, whatever the options: there is one agent.
//!
//! [`signatures`] says what there is to call. The result is valid if the input is. Names and custom sections are dropped.
#![forbid(unsafe_code)]

mod body;
mod draw;
mod fuel;
mod indirect;
mod parts;
mod signatures;
mod traffic;

use wasm_encoder::reencode;

use body::Rewriter;
use draw::Draw;
use fuel::Fuel;
pub use fuel::REFUEL;
use indirect::Slots;
use parts::Parts;
pub use signatures::{Signature, signatures};

/// What to add; the default adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weave {
    /// Fill tables, and make this percentage of direct calls indirect.
    pub indirect: Option<u8>,
    /// Let the module stop itself after so many function entries and turns of loops.
    pub fuel: Option<u32>,
    /// Replace most `unreachable` by a return, and return where fuel runs out.
    pub soften: bool,
    /// How many accessors to export.
    pub traffic: u8,
    /// What is drawn is drawn from this.
    pub seed: u64,
}

/// Why a module could not be woven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeaveError {
    /// It cannot be parsed.
    #[error("at byte {offset:#x}: {message}")]
    Invalid {
        /// Where, in the binary.
        offset: u64,
        /// What is wrong.
        message: String,
    },
    /// It has what the weaver cannot write back.
    #[error("{0}")]
    Unsupported(String),
}

impl From<wasmparser::BinaryReaderError> for WeaveError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid { offset: error.offset() as u64, message: error.message().to_owned() }
    }
}

impl From<reencode::Error> for WeaveError {
    fn from(error: reencode::Error) -> Self {
        match error {
            reencode::Error::ParseError(error) => error.into(),
            other => Self::Unsupported(other.to_string()),
        }
    }
}

/// Adds to a module what `options` say.
///
/// # Errors
/// [`WeaveError`], for what is not a valid module of core WebAssembly.
pub fn weave(wasm: &[u8], options: Weave) -> Result<Vec<u8>, WeaveError> {
    let mut parts = Parts::parse(wasm)?;
    let mut draw = Draw::new(options.seed);
    let slots = match options.indirect {
        Some(percent) => indirect::fill_tables(&mut parts, percent),
        None => Slots::default(),
    };
    let fuel = options.fuel.map(|amount| Fuel::add(&mut parts, amount));
    traffic::add(&mut parts, &slots, options.traffic, &mut draw);
    Rewriter { slots, fuel, soften: options.soften, draw: &mut draw }.rewrite(&mut parts)?;
    Ok(parts.finish())
}

#[cfg(test)]
mod tests;

//! Host functions: what an import can be that no module defines.
//!
//! A host function sees Wasm arguments and gives Wasm results; vmctx parameters and
//! return areas are not its business. Every call is logged, up to [`LOGGED`]. What a
//! stub answers follows from the call alone ([`answers`]), so that other engines can
//! give the same.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::ambush::Ambushes;
use super::directory::Directory;
use super::value::Value;
use crate::arena::Arena;
use crate::executor::Slot;
use crate::program::{FuncType, ValType};
use crate::trap::Trap;

/// How many host calls a store logs.
pub const LOGGED: usize = 10_000;

/// What a host function may use besides its arguments.
pub struct HostContext<'a> {
    /// The arena, which may hold anything.
    pub arena: &'a mut dyn Arena,
    /// How many host calls the store has made before this one.
    pub number: u64,
    /// What the calling instance exports as `memory`, by the runtime's own records;
    /// `None` if it exports none, or if no guest code calls.
    pub memory: Option<GuestMemory>,
    /// The vmctx of the calling instance, by its own word; 0 if no guest code calls.
    pub caller: u32,
    /// Where the VM structures lie.
    pub directory: Directory<'a>,
    /// Writes that wait for a builtin.
    pub ambushes: &'a mut Ambushes,
}

/// Where a linear memory lies in the arena at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestMemory {
    /// Arena offset of byte 0.
    pub base: u32,
    /// Current length in bytes.
    pub len: u32,
}

/// Why a host function does not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It raises a trap in the guest.
    #[error("trap: {0}")]
    Trap(Trap),
    /// It ends the program.
    #[error("exit {0}")]
    Exit(i32),
}

/// The code of a host function. It finds one zeroed slot for each result.
pub type HostCode =
    Box<dyn FnMut(&mut HostContext<'_>, &[Slot], &mut [Slot]) -> Result<(), HostError> + Send>;

/// A host function with its name and type.
pub struct HostFunction {
    /// Module name under which it is imported.
    pub module: String,
    /// Field name under which it is imported.
    pub name: String,
    /// Its type.
    pub ty: FuncType,
    /// What it does.
    pub code: HostCode,
}

impl HostFunction {
    /// A function that does nothing but give its [`answers`].
    #[must_use]
    pub fn stub(module: &str, name: &str, ty: FuncType) -> HostFunction {
        let (own_module, own_name) = (module.to_owned(), name.to_owned());
        let FuncType { params, results } = ty.clone();
        let code = move |context: &mut HostContext<'_>, args: &[Slot], slots: &mut [Slot]| {
            let args: Vec<Slot> =
                params.iter().zip(args).map(|(&ty, &arg)| seen(ty, arg)).collect();
            let given = answers(&own_module, &own_name, &args, context.number, &results);
            slots.iter_mut().zip(given).for_each(|(slot, answer)| *slot = answer);
            Ok(())
        };
        HostFunction { module: module.to_owned(), name: name.to_owned(), ty, code: Box::new(code) }
    }

    /// WASI's `proc_exit`, which ends the program with an exit code.
    #[must_use]
    pub fn proc_exit() -> HostFunction {
        HostFunction {
            module: "wasi_snapshot_preview1".to_owned(),
            name: "proc_exit".to_owned(),
            ty: FuncType { params: vec![ValType::I32], results: Vec::new() },
            code: Box::new(|_, args, _| {
                #[expect(clippy::cast_possible_truncation, reason = "an i32 argument")]
                Err(HostError::Exit((args[0] as u32).cast_signed()))
            }),
        }
    }
}

/// What a stub sees of an argument: of a reference, whether it is null.
fn seen(ty: ValType, arg: Slot) -> Slot {
    match ty {
        ty if ty.is_reference() => Slot::from(arg != 0),
        _ => arg,
    }
}

/// What a stub answers: numbers that follow from its name, its arguments, and how many
/// host calls were `before` in the store. References are null, vectors zero, no float
/// is a NaN.
///
/// `args` are bit patterns; a reference is 0 if it is null, else 1.
#[must_use]
pub fn answers(
    module: &str,
    name: &str,
    args: &[Slot],
    before: u64,
    results: &[ValType],
) -> Vec<Slot> {
    let mut key = [module.as_bytes(), &[0], name.as_bytes(), &[0], &before.to_le_bytes()].concat();
    key.extend(args.iter().flat_map(|arg| arg.to_le_bytes()));
    let hashes = (0..).map(|seed| xxh3_64_with_seed(&key, seed));
    results.iter().zip(hashes).map(|(&ty, hash)| answer(ty, hash)).collect()
}

/// Numbers of several sizes, since a hash itself is hardly ever a useful address.
fn answer(ty: ValType, hash: u64) -> Slot {
    let drawn = hash >> 2;
    let number = match hash & 3 {
        0 => drawn & 0xff,
        1 => drawn & 0x1_ffff,
        2 => (drawn & 0xf).wrapping_neg(),
        _ => drawn.rotate_left(13),
    };
    #[expect(clippy::cast_possible_truncation, reason = "the low half is an i32")]
    let low = number as u32;
    match ty {
        ValType::I32 => low.into(),
        ValType::I64 => number.into(),
        ValType::F32 => (low.cast_signed() as f32).to_bits().into(),
        ValType::F64 => (number.cast_signed() as f64 / 4.0).to_bits().into(),
        // Null, a zero vector, or what no Wasm function has.
        _ => 0,
    }
}

/// One call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostCall {
    /// Module name of the import.
    pub module: String,
    /// Field name of the import.
    pub name: String,
    /// Its Wasm arguments.
    pub args: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_follow_from_the_call() {
        let types = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::ExternRef];
        let first = answers("env", "f", &[1], 0, &types);
        assert_eq!(answers("env", "f", &[1], 0, &types), first);
        assert_eq!(first[4], 0);
        for other in [
            answers("en", "vf", &[1], 0, &types),
            answers("env", "f", &[2], 0, &types),
            answers("env", "f", &[1], 1, &types),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn no_answer_is_nan_and_every_answer_fits_its_type() {
        for before in 0..2000 {
            let given =
                answers("env", "f", &[], before, &[ValType::I32, ValType::F32, ValType::F64]);
            assert!(given[0] <= u128::from(u32::MAX));
            assert!(!f32::from_bits(u32::try_from(given[1]).expect("32 bits")).is_nan());
            assert!(!f64::from_bits(u64::try_from(given[2]).expect("64 bits")).is_nan());
        }
    }
}

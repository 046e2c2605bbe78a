//! Host functions: what an import can be that no module defines.
//!
//! A host function sees Wasm arguments and gives Wasm results; vmctx parameters and
//! return areas are not its business. Every call is logged, up to [`LOGGED`].
#![forbid(unsafe_code)]

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
    /// What the calling instance exports as `memory`, by the runtime's own records;
    /// `None` if it exports none, or if no guest code calls.
    pub memory: Option<GuestMemory>,
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
    /// A function that does nothing and returns zeros and nulls.
    #[must_use]
    pub fn stub(module: &str, name: &str, ty: FuncType) -> HostFunction {
        let code = Box::new(|_: &mut HostContext<'_>, _: &[Slot], _: &mut [Slot]| Ok(()));
        HostFunction { module: module.to_owned(), name: name.to_owned(), ty, code }
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

/// One call of a host function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// Module name of the import.
    pub module: String,
    /// Field name of the import.
    pub name: String,
    /// Its Wasm arguments.
    pub args: Vec<Value>,
}

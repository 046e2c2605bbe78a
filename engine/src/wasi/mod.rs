//! WASI preview 1 for programs in an arena: what command-line programs need.
//!
//! [`Wasi`] is the state of one program: arguments, environment, streams, clocks and a
//! table of descriptors, in which preopened folders come first. It gives a
//! [`HostFunction`] for each call. A call sees the caller's memory as untrusted bytes
//! ([`guest`]): pointers, lengths and counts are checked, structures fetched once.
//! Paths cannot leave their folder, by `cap-std`.
//!
//! Sockets and signals are not there; a program that imports them is told so by name.
//!
//! Types, numbers and layouts are those of `wasi_snapshot_preview1` in the
//! WebAssembly/WASI repository.
//!
//! | file | subject |
//! |---|---|
//! | `table` | the calls by name, with their types |
//! | `process` | arguments, environment, clocks, random bytes, waiting |
//! | `fd`, `path` | calls on descriptors, calls on paths |
//! | `descriptor`, `streams` | what a descriptor stands for |
//! | `world` | what the host decides: clocks, random bytes, numbers and dates of files |
//! | `guest`, `errno` | the caller's memory, error numbers |
#![forbid(unsafe_code)]

mod descriptor;
mod errno;
mod fd;
mod guest;
mod path;
mod process;
mod streams;
mod table;
#[cfg(test)]
mod tests;
mod world;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::executor::Slot;
use crate::program::FuncType;
use crate::runtime::{HostError, HostFunction};
use descriptor::{Descriptor, Descriptors, OpenDirectory};
use errno::Errno;
use guest::Guest;
use world::World;

pub use streams::{Captured, Input, Output};

/// Module name of the imports.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// The type of a call; `None` where there is no call of these names.
#[must_use]
pub fn type_of(module: &str, name: &str) -> Option<FuncType> {
    let call = table::CALLS.iter().find(|call| call.name == name)?;
    (module == MODULE).then(|| call.ty())
}

/// A folder that a program may use.
#[derive(Clone, Debug)]
pub struct Preopen {
    /// Where it is here.
    pub host: PathBuf,
    /// What the program knows it as.
    pub guest: String,
}

/// What a program is started with.
#[derive(Clone, Debug, Default)]
pub struct WasiConfig {
    /// Arguments, the program's name first; without null bytes.
    pub args: Vec<String>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Standard input.
    pub stdin: Input,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// Descriptors 3 and up.
    pub preopens: Vec<Preopen>,
    /// Whether clocks, random bytes and what identifies files follow from the calls
    /// alone, so that every run is the same.
    pub repeatable: bool,
}

/// Why a program cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum WasiError {
    /// A string that a program cannot be given.
    #[error("{what} {text:?} has a null byte in it")]
    Null {
        /// Argument or variable.
        what: &'static str,
        /// The string.
        text: String,
    },
    /// More folders than a program can hold.
    #[error("too many preopened folders")]
    TooMany,
    /// A folder that cannot be opened.
    #[error("cannot open {}: {reason}", .path.display())]
    Preopen {
        /// The folder.
        path: PathBuf,
        /// What the host said.
        reason: io::Error,
    },
}

/// The state of one program. Clones share it.
#[derive(Clone)]
pub struct Wasi(Arc<Mutex<Context>>);

impl std::fmt::Debug for Wasi {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Wasi")
    }
}

/// What the calls work on.
struct Context {
    /// Each with its terminating null.
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    descriptors: Descriptors,
    world: World,
    /// Positions in [`table::CALLS`] of the calls that were made.
    made: BTreeSet<usize>,
}

/// The arguments of a call. Its type says how many there are.
#[derive(Clone, Copy)]
struct Arguments([u64; table::MAX_PARAMS]);

/// Why a call does not give an error number.
enum Stopped {
    Error(Errno),
    Exit(i32),
}

impl From<Errno> for Stopped {
    fn from(error: Errno) -> Stopped {
        Stopped::Error(error)
    }
}

impl Wasi {
    /// Opens the preopened folders and starts the clock.
    ///
    /// # Errors
    /// [`WasiError`].
    pub fn new(config: WasiConfig) -> Result<Wasi, WasiError> {
        let args = config.args.into_iter().map(|arg| terminated("the argument", arg));
        let env = config.env.into_iter().map(|(name, value)| format!("{name}={value}"));
        let env = env.map(|pair| terminated("the variable", pair));
        let mut descriptors = Descriptors::default();
        let streams = [config.stdin.open(), config.stdout.open(), config.stderr.open()];
        let folders = config.preopens.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        for descriptor in streams.into_iter().chain(folders) {
            descriptors.push(descriptor).map_err(|_| WasiError::TooMany)?;
        }
        Ok(Wasi(Arc::new(Mutex::new(Context {
            args: args.collect::<Result<_, _>>()?,
            env: env.collect::<Result<_, _>>()?,
            descriptors,
            world: World::new(config.repeatable),
            made: BTreeSet::new(),
        }))))
    }

    /// The function that an import of module [`MODULE`] names; `None` when there is
    /// none of that name and type.
    #[must_use]
    pub fn function(&self, name: &str, ty: &FuncType) -> Option<HostFunction> {
        let call = table::CALLS.iter().position(|call| call.name == name)?;
        if table::CALLS[call].ty() != *ty {
            return None;
        }
        let wasi = self.clone();
        Some(HostFunction {
            module: MODULE.to_owned(),
            name: name.to_owned(),
            ty: ty.clone(),
            code: Box::new(move |context, args, results| {
                let mut guest = Guest::of(context)?;
                let outcome = wasi.call(call, &mut guest, args);
                if let Some(result) = results.first_mut() {
                    *result = number(outcome?);
                } else {
                    outcome?;
                }
                Ok(())
            }),
        })
    }

    /// Names of the calls that the program has made, sorted.
    #[must_use]
    pub fn made(&self) -> Vec<&'static str> {
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = context.made.iter().map(|&call| table::CALLS[call].name).collect();
        names.sort_unstable();
        names
    }

    fn call(
        &self,
        call: usize,
        guest: &mut Guest<'_>,
        args: &[Slot],
    ) -> Result<Option<Errno>, HostError> {
        let mut arguments = Arguments([0; table::MAX_PARAMS]);
        for (argument, &slot) in arguments.0.iter_mut().zip(args) {
            #[expect(clippy::cast_possible_truncation, reason = "no parameter is wider")]
            let word = slot as u64;
            *argument = word;
        }
        let mut context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        context.made.insert(call);
        match (table::CALLS[call].code)(&mut context, guest, arguments) {
            Ok(()) => Ok(None),
            Err(Stopped::Error(error)) => Ok(Some(error)),
            Err(Stopped::Exit(code)) => Err(HostError::Exit(code)),
        }
    }
}

impl Arguments {
    #[expect(clippy::cast_possible_truncation, reason = "the argument is an i32")]
    fn u32(self, position: usize) -> u32 {
        self.0[position] as u32
    }

    fn u64(self, position: usize) -> u64 {
        self.0[position]
    }
}

/// What a call returns.
fn number(outcome: Option<Errno>) -> Slot {
    outcome.map_or(0, |error| Slot::from((error as i32).cast_unsigned()))
}

fn terminated(what: &'static str, text: String) -> Result<Vec<u8>, WasiError> {
    if text.contains('\0') {
        return Err(WasiError::Null { what, text });
    }
    let mut bytes = text.into_bytes();
    bytes.push(0);
    Ok(bytes)
}

fn open(preopen: Preopen) -> Result<Descriptor, WasiError> {
    let dir = Dir::open_ambient_dir(&preopen.host, ambient_authority())
        .map_err(|reason| WasiError::Preopen { path: preopen.host, reason })?;
    Ok(Descriptor::Directory(OpenDirectory::new(dir, Some(preopen.guest))))
}

//! Native code: the executor that compiles programs with Cranelift.
//!
//! A program is lowered (every address becomes base + offset), compiled and linked
//! here, and runs in a [`process`]: one cage, code memory, a stack of its own, and the
//! stubs through which a thread enters and leaves it. Guest code leaves in three ways:
//! it returns; it calls a gateway, which is served on the host's stack; or it faults,
//! and a signal handler makes the thread continue where the call began. A fault is
//! judged afterwards, outside the handler: a trap of the guest, or an escape.
//!
//! Trusted state (code, code table, control block, stack) lies outside the cage. In
//! process, nothing but correct code keeps guest code from it: a backend so broken
//! that it leaves the reservation is not contained, only likely to be noticed. A cell
//! has the same parts at the same addresses and nothing else, so there such code
//! faults; this module compiles alike for both.
//!
//! Processes are reused: making a [`Jit`] costs little when one of the same kind was
//! dropped on this thread before.

mod call;
mod classify;
mod code;
mod compile;
mod control;
mod emitted;
mod gateways;
mod idle;
mod in_cell;
mod in_thread;
mod isa;
mod known;
mod library;
mod link;
mod load;
mod log;
mod placed;
mod process;
mod programs;
mod records;
mod registry;
mod serve;
mod signals;
mod stack;
mod table;
mod thread;
mod throw;
mod trampoline;
mod x86_64;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::arena::Arena;
use crate::cage::{Base, Cage, CageError, DecoyTrace, GuardMode};
use crate::code_table::{CodeIndex, CodeTable, SignatureId};
use crate::executor::{Counts, Executor, Limits, LoadError, RawPointers, Services, Slot, Stop};
use crate::fault::{Fault, Faults};
use crate::passes::{Mode, Prepared};
use crate::transfer::WrongTransfer;

pub use emitted::{EmittedFunction, Relocation, Symbol};
pub use isa::{SettingError, processor_features};
pub use log::{Recorded, Recorder};

use idle::Kind;
use isa::Settings;
use process::Process;
use programs::Loaded;

/// Where native code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Native {
    /// In this process, on the calling thread.
    InProcess,
    /// In a process of its own, which has nothing else in it.
    Cell,
}

/// How to make native code.
#[derive(Clone, Debug)]
pub struct JitConfig {
    /// Whether Cranelift optimises for speed.
    pub optimize: bool,
    /// Further Cranelift flags, by name; a later one wins.
    pub settings: Vec<(String, String)>,
    /// Where the code runs.
    pub native: Native,
    /// What surrounds the arena; a cell is guarded by having nothing else in it.
    pub guard: GuardMode,
    /// Where the arena lies.
    pub base: Base,
    /// A planted fault.
    pub fault: Option<Fault>,
    /// Whether to count indirect calls, which costs each a memory increment.
    pub count_calls: bool,
    /// Whether to monitor control flow: which indirect calls enter an entry of another
    /// signature, and in exact runs, whether returns go back to their callers.
    pub monitor: bool,
    /// Whether code tells a [`Recorder`] of each access and indirect call; in cells only.
    pub record: bool,
}

impl Default for JitConfig {
    fn default() -> JitConfig {
        JitConfig {
            optimize: true,
            settings: Vec::new(),
            native: Native::InProcess,
            guard: GuardMode::Guard,
            base: Base::Any,
            fault: None,
            count_calls: false,
            monitor: false,
            record: false,
        }
    }
}

/// Why there is no [`Jit`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JitError {
    /// A setting that cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// No address space for the arena.
    #[error(transparent)]
    Cage(#[from] CageError),
    /// The host refused a cell, or one of the things that it is made of.
    #[error("{0}")]
    Cell(String),
    /// The host refused memory, a timer or a signal stack.
    #[error("the host refused what native code needs: {0}")]
    Memory(String),
}

/// Why native code cannot run in cells on this machine; `None` if it can. Starts a cell
/// to find out, and ends it.
#[must_use]
pub fn cell_refusal() -> Option<String> {
    let kind = Kind { native: Native::Cell, guard: GuardMode::Guard, base: None };
    Process::new(kind).err().map(|error| error.to_string())
}

/// Runs programs as native code. Bound to the thread that made it.
#[derive(Debug)]
pub struct Jit {
    settings: Settings,
    faults: Faults,
    count_calls: bool,
    monitor: bool,
    /// Whether code keeps the log.
    record: bool,
    /// Who is told of what the log says.
    recorder: Option<Recorder>,
    /// Where functions begin that may be called indirectly, with their signatures.
    callable: HashSet<(u64, SignatureId)>,
    /// Transfers of control that went wrong since the last look.
    transfers: Vec<WrongTransfer>,
    /// Always present, but while the executor is dropped.
    process: Option<Process>,
    programs: Vec<Loaded>,
}

impl Drop for Jit {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.release();
        }
    }
}

impl Jit {
    /// An executor whose arena has no accessible byte yet.
    ///
    /// # Errors
    /// [`JitError`] when a setting is wrong or the host refuses memory.
    pub fn new(config: JitConfig) -> Result<Jit, JitError> {
        let settings = Settings { optimize: config.optimize, flags: config.settings };
        settings.target(Mode::Exact)?;
        if config.record && config.native != Native::Cell {
            return Err(JitError::Cell("accesses are recorded in cells only".to_owned()));
        }
        let mut process = Process::acquire(config.native, config.guard, config.base)?;
        process.clear()?;
        Ok(Jit {
            settings,
            faults: Faults::new(config.fault),
            count_calls: config.count_calls,
            monitor: config.monitor,
            record: config.record,
            recorder: None,
            callable: HashSet::new(),
            transfers: Vec::new(),
            process: Some(process),
            programs: Vec::new(),
        })
    }

    /// The planted fault of this executor, and whether it was triggered.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The cage that programs run in.
    #[must_use]
    pub fn cage(&self) -> &Cage {
        &self.process().cage
    }

    /// Finds what guest code wrote to decoys since the last look. Nothing is found
    /// where there are no decoys.
    #[must_use]
    pub fn inspect(&self) -> Vec<DecoyTrace> {
        self.cage().inspect()
    }

    /// Takes the transfers of control that went wrong since the last time. Nothing is
    /// found without [`JitConfig::monitor`].
    pub fn take_transfers(&mut self) -> Vec<WrongTransfer> {
        std::mem::take(&mut self.transfers)
    }

    /// Says who is told of accesses and indirect calls from now on.
    pub fn set_recorder(&mut self, recorder: Option<Recorder>) {
        self.recorder = recorder;
    }

    /// The native address of the arena's first byte.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.cage().base()
    }

    /// The machine code of a program's functions, by [`crate::program::FuncId`]; empty
    /// for a program that is not loaded.
    #[must_use]
    pub fn emitted(&self, program: u32) -> &[Arc<EmittedFunction>] {
        self.programs.get(program as usize).map_or(&[], |loaded| &loaded.placed.functions)
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("present until drop")
    }

    fn process_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("present until drop")
    }
}

impl Executor for Jit {
    fn name(&self) -> &'static str {
        if self.settings.optimize { "jit" } else { "jit-unoptimized" }
    }

    fn reset(&mut self, len: u32) -> Result<(), String> {
        self.programs.clear();
        self.transfers.clear();
        self.callable.clear();
        self.process_mut().reset(len).map_err(|error| error.to_string())
    }

    fn arena(&mut self) -> &mut dyn Arena {
        &mut self.process_mut().cage
    }

    fn load(&mut self, program: &Prepared, table: &mut CodeTable) -> Result<(), LoadError> {
        self.load_prepared(program, table)
    }

    fn call(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        self.run(table, services, code, args, limits)
    }

    fn raw_pointers(&mut self, table: &CodeTable) -> Result<RawPointers, String> {
        if self.process().kind.native != Native::Cell {
            return Err("raw pointers run in cells only".to_owned());
        }
        let native = table.entries().iter().map(|entry| self.native_entry(table, *entry));
        let code = native.map(|entry| Ok(entry?.address)).collect::<Result<_, String>>()?;
        Ok(RawPointers { base: self.cage().base(), code })
    }

    fn counts(&self) -> Counts {
        let indirect_calls = self.process().control().indirect_calls.load(Relaxed);
        Counts { indirect_calls, ..Counts::default() }
    }
}

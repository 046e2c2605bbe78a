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
//! that it leaves the reservation is not contained, only likely to be noticed.
//!
//! Processes are reused: making a [`Jit`] costs little when one of the same kind was
//! dropped on this thread before.

mod classify;
mod code;
mod compile;
mod control;
mod emitted;
mod isa;
mod link;
mod process;
mod programs;
mod registry;
mod serve;
mod signals;
mod stack;
mod table;
mod thread;
mod trampoline;
mod x86_64;

#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering::Relaxed;

use cranelift_codegen::ir::{Function, Signature};

use crate::arena::Arena;
use crate::cage::{Cage, CageError, DecoyTrace, GuardMode};
use crate::code_table::{CodeIndex, CodeTable, Entry, Target};
use crate::executor::{Counts, Executor, Limits, LoadError, Services, Slot, Stop};
use crate::fault::{Fault, Faults};
use crate::lowering;
use crate::passes::{Mode, Prepared};
use crate::program::Builtin;
use crate::site::Site;
use crate::trap::Trap;

pub use emitted::{EmittedFunction, Relocation, Symbol};
pub use isa::SettingError;

use classify::Judge;
use code::Area;
use compile::Compiler;
use isa::Settings;
use link::Linker;
use process::{Call, Process};
use programs::{Loaded, SiteShape};
use serve::Service;
use table::NativeEntry;
use trampoline::with_base;

/// How to make native code.
#[derive(Clone, Debug)]
pub struct JitConfig {
    /// Whether Cranelift optimises for speed.
    pub optimize: bool,
    /// Further Cranelift flags, by name; a later one wins.
    pub settings: Vec<(String, String)>,
    /// What surrounds the arena.
    pub guard: GuardMode,
    /// A planted fault.
    pub fault: Option<Fault>,
    /// Whether to count indirect calls, which costs each a memory increment.
    pub count_calls: bool,
}

impl Default for JitConfig {
    fn default() -> JitConfig {
        JitConfig {
            optimize: true,
            settings: Vec::new(),
            guard: GuardMode::Guard,
            fault: None,
            count_calls: false,
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
    /// The host refused memory, a timer or a signal stack.
    #[error("the host refused what native code needs: {0}")]
    Memory(String),
}

/// Runs programs as native code. Bound to the thread that made it.
#[derive(Debug)]
pub struct Jit {
    settings: Settings,
    faults: Faults,
    count_calls: bool,
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
        let mut process = Process::acquire(config.guard)?;
        process.reset(crate::arena::NULL_PAGE)?;
        Ok(Jit {
            settings,
            faults: Faults::new(config.fault),
            count_calls: config.count_calls,
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

    /// The machine code of a program's functions, by [`crate::program::FuncId`]; empty
    /// for a program that is not loaded.
    #[must_use]
    pub fn emitted(&self, program: u32) -> &[EmittedFunction] {
        self.programs.get(program as usize).map_or(&[], |loaded| &loaded.functions)
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("present until drop")
    }

    fn process_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("present until drop")
    }

    fn lower(&self, program: &Prepared, table: &mut CodeTable) -> Result<Vec<Function>, LoadError> {
        let context = lowering::Context {
            mode: program.mode,
            table: self.process().table.address(),
            control: self.process().control_address(),
            faults: &self.faults,
            count_calls: self.count_calls,
        };
        let mut intern = |signature: &Signature| table.intern(signature);
        let lower = |function| lowering::lower(function, &context, &mut intern);
        let lowered: Result<Vec<_>, _> = program.functions.iter().map(lower).collect();
        lowered.map_err(|error| LoadError::Unsupported(error.to_string()))
    }

    /// Compiles, links and places functions that already have the base.
    fn load_lowered(
        &mut self,
        lowered: Vec<Function>,
        mode: Mode,
        sites: &[Site],
    ) -> Result<(), LoadError> {
        let target = self.settings.target(mode);
        let target = target.map_err(|error| LoadError::Unsupported(error.to_string()))?;
        let builtins = link::check_calls(&lowered)?;
        let mut compiler = Compiler::new(&*target);
        let functions: Vec<EmittedFunction> =
            lowered.into_iter().map(|f| compiler.compile(f)).collect::<Result<_, _>>()?;
        let addresses = self.place(&functions, &builtins)?;
        let sites = sites.iter().map(SiteShape::of).collect();
        self.programs.push(Loaded { mode, functions, addresses, sites });
        self.arrange_decoys()
    }

    /// Places linked code and returns the address of each function.
    fn place(
        &mut self,
        functions: &[EmittedFunction],
        builtins: &[(Builtin, Signature)],
    ) -> Result<Vec<u64>, LoadError> {
        let mut gateways = Vec::new();
        for (builtin, signature) in builtins {
            let address = self.process_mut().gateway(Service::Builtin(*builtin), signature);
            gateways.push((*builtin, address.map_err(LoadError::CompileFailure)?));
        }
        let resolve = |symbol| match symbol {
            Symbol::LibCall(call) => link::library_function(call),
            Symbol::Builtin(builtin) => {
                gateways.iter().find(|known| known.0 == builtin).map(|known| known.1)
            }
            Symbol::Function(_) | Symbol::Here(_) => None,
        };
        let (starts, len) = link::place(functions);
        let address = self.process_mut().code.publish(Area::Programs, len, |address| {
            Linker { functions, starts: &starts, address, resolve: &resolve }.link(len)
        })?;
        Ok(starts.iter().map(|&start| address + start as u64).collect())
    }
}

impl Executor for Jit {
    fn name(&self) -> &'static str {
        if self.settings.optimize { "jit" } else { "jit-unoptimized" }
    }

    fn reset(&mut self, len: u32) -> Result<(), String> {
        self.programs.clear();
        self.process_mut().reset(len).map_err(|error| error.to_string())
    }

    fn arena(&mut self) -> &mut dyn Arena {
        &mut self.process_mut().cage
    }

    fn load(&mut self, program: &Prepared, table: &mut CodeTable) -> Result<(), LoadError> {
        let lowered = self.lower(program, table)?;
        self.load_lowered(lowered, program.mode, &program.sites)
    }

    fn call(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        self.extend_table(table).map_err(Stop::RuntimeFault)?;
        let (callee, signature) = self.callee(table, table.get(code))?;
        let results = signature.returns.len();
        let mut slots = args.to_vec();
        if args.len() + 1 != signature.params.len() {
            let message = format!("{} arguments for {signature}", args.len());
            return Err(Stop::RuntimeFault(message));
        }
        slots.resize(args.len().max(results), 0);
        let Limits { deadline, depth, .. } = limits;
        let call = Call { signature: &signature, callee, slots: &mut slots, depth, deadline };
        let ended = self.process_mut().invoke(services, call);
        self.note_fault();
        let judge = Judge { process: self.process(), programs: &self.programs };
        judge.judge(ended).map_or(Ok(()), Err)?;
        slots.truncate(results);
        Ok(slots)
    }

    fn counts(&self) -> Counts {
        let indirect_calls = self.process().control().indirect_calls.load(Relaxed);
        Counts { indirect_calls, ..Counts::default() }
    }
}

impl Jit {
    /// One as-shipped program is enough to need its reach.
    fn arrange_decoys(&mut self) -> Result<(), LoadError> {
        let shipped = self.programs.iter().any(|loaded| loaded.mode == Mode::AsShipped);
        let mode = if shipped { Mode::AsShipped } else { Mode::Exact };
        let arranged = self.process_mut().cage.arrange(mode);
        arranged.map_err(|error| LoadError::Unsupported(error.to_string()))
    }

    /// Brings the native code table up to date.
    fn extend_table(&mut self, table: &CodeTable) -> Result<(), String> {
        let used = self.process().table.used();
        let Some(new) = table.entries().get(used..).filter(|new| !new.is_empty()) else {
            return Ok(());
        };
        let native: Result<Vec<_>, _> =
            new.iter().map(|entry| self.native_entry(table, *entry)).collect();
        self.process_mut().table.extend(&native?).map_err(|error| error.to_string())
    }

    fn native_entry(&mut self, table: &CodeTable, entry: Entry) -> Result<NativeEntry, String> {
        let signature = entry.signature;
        match entry.target {
            Target::Trap => Ok(self.process().trap_entry()),
            Target::Function { program, function } => {
                let loaded = self.programs.get(program as usize);
                let address = loaded.and_then(|l| l.addresses.get(function.0 as usize).copied());
                let address = address.ok_or_else(|| format!("no function {entry:?} is loaded"))?;
                Ok(NativeEntry { address, signature, kind: 1 })
            }
            Target::Host(number) => {
                let lowered = signature.and_then(|id| table.signature(id)).map(with_base);
                let lowered = lowered.ok_or_else(|| format!("{entry:?} has no signature"))?;
                let address = self.process_mut().gateway(Service::Host(number), &lowered)?;
                Ok(NativeEntry { address, signature, kind: 2 })
            }
        }
    }

    /// The address and lowered signature of what an entry calls.
    fn callee(&mut self, table: &CodeTable, entry: Entry) -> Result<(u64, Signature), Stop> {
        let address = self.native_entry(table, entry).map_err(Stop::RuntimeFault)?.address;
        let signature = match entry.target {
            Target::Trap => None,
            Target::Function { program, function } => {
                let functions = self.emitted(program);
                Some(functions[function.0 as usize].signature.clone())
            }
            Target::Host(_) => entry.signature.and_then(|id| table.signature(id)).map(with_base),
        };
        let signature = signature.ok_or_else(|| Stop::trap(Trap::BadCodeReference))?;
        Ok((address, signature))
    }

    /// Passes on what lowered code noted of a planted fault.
    fn note_fault(&self) {
        if self.process().control().fault_triggered.load(Relaxed) != 0 {
            Fault::ALL.iter().for_each(|&fault| self.faults.trigger(fault));
        }
    }
}

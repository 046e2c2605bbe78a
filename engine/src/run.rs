//! One run of a program: instantiate it afresh, make some calls, look at what is left.
//!
//! Imports are filled so that any module runs: functions become stubs that return
//! zeros and nulls, but for WASI's `proc_exit`; memories, tables and globals are made
//! for the purpose ([`crate::runtime::provider`]). Every call of an import is logged.
//!
//! A panic of trusted code is an outcome like any other, [`Outcome::RuntimeFault`]. So
//! is an access that left its bounds. After either, after an exit, and when
//! instantiation did not complete, no further call is made.
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::arena::{Arena, OutOfArena};
use crate::code_table::TableFull;
use crate::executor::{Counts, Escape, Executor, Limits, LoadError, Stop};
use crate::frontend::FrontendError;
use crate::passes::{self, Mode, PassError, Prepared};
use crate::program::{FuncType, Item, Module, Program, ValType};
use crate::runtime::{
    ArenaDigest, CallError, Ended, Extern, GlobalState, HostCall, HostFunction, InstanceId,
    InstantiateError, MemoryState, Reservations, Store, StoreError, TableState, TooLarge, Value,
    arena_len, provider, representable,
};
use crate::site::SiteId;
use crate::trap::Trap;

/// A call of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the exported function.
    pub export: String,
    /// Its arguments, as in [`Value::bits`].
    pub args: Vec<Option<u128>>,
}

/// What to do with a program.
#[derive(Clone, Debug)]
pub struct Request {
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// The kind of run.
    pub mode: Mode,
    /// How far each call may go, the startup function included.
    pub limits: Limits,
    /// How far memories and tables may grow.
    pub reservations: Reservations,
}

/// What one call, or instantiation, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned; instantiation returns nothing.
    Values(Vec<Value>),
    /// It trapped.
    Trap {
        /// The trap.
        trap: Trap,
        /// The access or call that trapped, where known.
        site: Option<String>,
    },
    /// An access or a jump left its bounds.
    Escape {
        /// What was seen of it.
        escape: Box<Escape>,
        /// The access or call that escaped, where known.
        site: Option<String>,
    },
    /// Trusted code panicked, or found its own state broken.
    RuntimeFault(String),
    /// The program ended itself.
    Exit(i32),
}

impl Outcome {
    /// Whether another call may follow.
    #[must_use]
    pub fn may_go_on(&self) -> bool {
        matches!(self, Outcome::Values(_) | Outcome::Trap { .. })
    }
}

/// How long the stages of a run took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Passes.
    pub prepare: Duration,
    /// The executor's compiler, and the VM structures.
    pub compile: Duration,
    /// The startup function.
    pub instantiate: Duration,
    /// The calls.
    pub run: Duration,
    /// Digests and states.
    pub inspect: Duration,
}

/// Everything that came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What instantiation came to.
    pub instantiation: Outcome,
    /// What each call came to; shorter than the request where it stopped early. Where
    /// looking at the rest failed, a [`Outcome::RuntimeFault`] follows.
    pub calls: Vec<Outcome>,
    /// Memories after the last call, imports first.
    pub memories: Vec<MemoryState>,
    /// Tables after the last call, imports first.
    pub tables: Vec<TableState>,
    /// Globals after the last call, imports first.
    pub globals: Vec<GlobalState>,
    /// Calls of imports, the first 10,000.
    pub host_calls: Vec<HostCall>,
    /// Offsets of the first changed byte of each canary that changed.
    pub broken_canaries: Vec<u32>,
    /// Digest of the arena's bytes in use.
    pub arena_digest: ArenaDigest,
    /// What the executor counted.
    pub counts: Counts,
    /// How long it took.
    pub times: Times,
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The request does not fit the program.
    #[error("{0}")]
    Request(String),
    /// The program needs something that the engine does not have.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// A compiler panicked or rejected valid input.
    #[error("compile failure: {0}")]
    CompileFailure(String),
    /// This machine denied something.
    #[error("{0}")]
    Environment(String),
}

/// Runs a program once.
///
/// # Errors
/// [`RunError`], when the program did not run at all.
pub fn run(
    program: &Program,
    executor: &mut dyn Executor,
    request: &Request,
) -> Result<Report, RunError> {
    check(&program.module, &request.calls)?;
    let mut times = Times::default();
    let provided = provider(&program.module)?;
    let programs: Vec<&Program> = provided.iter().chain([program]).collect();
    let prepared = timed(&mut times.prepare, || {
        let prepared = programs.iter().map(|program| passes::prepare(program, request.mode));
        prepared.collect::<Result<Vec<_>, PassError>>()
    })?;
    let built = timed(&mut times.compile, || {
        guarded(|| Session::build(executor, &programs, &prepared, request.reservations))
    });
    let mut session = match built {
        Ok(built) => built?,
        Err(fault) => return Ok(Report::new(Outcome::RuntimeFault(fault))),
    };
    let instantiation = timed(&mut times.instantiate, || session.start(executor, request.limits));
    let mut report = Report::new(instantiation);
    timed(&mut times.run, || session.calls(executor, request, &mut report));
    report.counts = executor.counts();
    let looked = timed(&mut times.inspect, || {
        guarded(|| session.inspect(executor.arena(), &mut report)).and_then(|looked| looked)
    });
    if let Err(fault) = looked {
        report.calls.push(Outcome::RuntimeFault(fault));
    }
    report.times = times;
    Ok(report)
}

impl Report {
    /// A report of nothing but an instantiation.
    fn new(instantiation: Outcome) -> Report {
        Report {
            instantiation,
            calls: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            host_calls: Vec::new(),
            broken_canaries: Vec::new(),
            arena_digest: ArenaDigest(0),
            counts: Counts::default(),
            times: Times::default(),
        }
    }
}

/// Checks the calls of a request before anything runs.
fn check(module: &Module, calls: &[Call]) -> Result<(), RunError> {
    for call in calls {
        check_call(module, call)
            .map_err(|what| RunError::Request(format!("call of {:?}: {what}", call.export)))?;
    }
    Ok(())
}

fn check_call(module: &Module, call: &Call) -> Result<(), String> {
    let function = exported(module, &call.export).ok_or("no such function is exported")?;
    let params = &module.types[module.functions[function].ty].params;
    if params.len() != call.args.len() {
        return Err(format!("{} arguments for {} parameters", call.args.len(), params.len()));
    }
    let mut pairs = params.iter().zip(&call.args);
    match pairs.find(|&(&ty, &bits)| !fits(module, ty, bits)) {
        Some((ty, bits)) => Err(format!("no {} has the value {bits:?}", ty.name())),
        None => Ok(()),
    }
}

/// Whether an argument is a value of its type, and a funcref names a function that can
/// be referenced.
fn fits(module: &Module, ty: ValType, bits: Option<u128>) -> bool {
    let has_reference = |position: u128| {
        let decl = usize::try_from(position).ok().and_then(|at| module.functions.get(at));
        decl.is_some_and(|decl| decl.func_ref.is_some())
    };
    representable(ty, bits) && (ty != ValType::FuncRef || bits.is_none_or(has_reference))
}

fn exported(module: &Module, name: &str) -> Option<usize> {
    module.exports.iter().find(|export| export.name == name).and_then(|export| match export.item {
        Item::Function(function) => Some(function),
        _ => None,
    })
}

/// A store with the instance under test.
struct Session<'a> {
    store: Store,
    /// By load order; the instance under test is the last.
    instances: Vec<InstanceId>,
    /// By load order.
    prepared: &'a [Prepared],
}

impl<'a> Session<'a> {
    /// Makes an instance of each program, which takes its imports from the one before.
    fn build(
        executor: &mut dyn Executor,
        programs: &[&Program],
        prepared: &'a [Prepared],
        reservations: Reservations,
    ) -> Result<Session<'a>, RunError> {
        let len = arena_len(programs, reservations)?;
        let mut store = Store::new(executor, len, reservations)?;
        let mut instances: Vec<InstanceId> = Vec::new();
        for (program, prepared) in programs.iter().zip(prepared) {
            let externs = externs(&mut store, &program.module, instances.last().copied())?;
            instances.push(store.instantiate(executor, program, prepared, &externs)?);
        }
        Ok(Session { store, instances, prepared })
    }

    /// The instance under test.
    fn subject(&self) -> InstanceId {
        *self.instances.last().expect("`build` is given a program at least")
    }

    fn start(&mut self, executor: &mut dyn Executor, limits: Limits) -> Outcome {
        for instance in self.instances.clone() {
            match guarded(|| self.store.start(executor, instance, limits)) {
                Ok(Ok(())) => {}
                Ok(Err(ended)) => return self.ended(ended),
                Err(fault) => return Outcome::RuntimeFault(fault),
            }
        }
        Outcome::Values(Vec::new())
    }

    fn calls(&mut self, executor: &mut dyn Executor, request: &Request, report: &mut Report) {
        if !matches!(report.instantiation, Outcome::Values(_)) {
            return;
        }
        for call in &request.calls {
            let outcome = self.call(executor, call, request.limits);
            let go_on = outcome.may_go_on();
            report.calls.push(outcome);
            if !go_on {
                return;
            }
        }
    }

    fn call(&mut self, executor: &mut dyn Executor, call: &Call, limits: Limits) -> Outcome {
        let instance = self.subject();
        let Some(Extern::Function(function)) = self.store.export(instance, &call.export) else {
            return Outcome::RuntimeFault(format!("the export {:?} is gone", call.export));
        };
        let params = &self.store.function_type(function).params;
        let args = params.iter().zip(&call.args).map(|(&ty, &bits)| Value { ty, bits });
        let args: Vec<Value> = args.collect();
        match guarded(|| self.store.call(executor, instance, function, &args, limits)) {
            Ok(Ok(values)) => Outcome::Values(values),
            Ok(Err(CallError::Ended(ended))) => self.ended(ended),
            Ok(Err(CallError::Arguments(message))) | Err(message) => Outcome::RuntimeFault(message),
        }
    }

    fn ended(&self, ended: Ended) -> Outcome {
        match ended {
            Ended::Exit(code) => Outcome::Exit(code),
            Ended::Stopped(Stop::RuntimeFault(fault)) => Outcome::RuntimeFault(fault),
            Ended::Stopped(Stop::Trap(report)) => {
                Outcome::Trap { trap: report.trap, site: self.site(report.program, report.site) }
            }
            Ended::Stopped(Stop::Escape(escape)) => {
                let site = self.site(escape.program, escape.site);
                Outcome::Escape { escape, site }
            }
        }
    }

    /// What a site does, in words.
    fn site(&self, program: Option<u32>, site: Option<SiteId>) -> Option<String> {
        let sites = &self.prepared.get(program? as usize)?.sites;
        Some(sites.get(site?.0 as usize)?.to_string())
    }

    fn inspect(&self, arena: &dyn Arena, report: &mut Report) -> Result<(), String> {
        report.host_calls = self.store.host_calls().to_vec();
        self.look(arena, report).map_err(|error| error.to_string())
    }

    fn look(&self, arena: &dyn Arena, report: &mut Report) -> Result<(), OutOfArena> {
        let instance = self.subject();
        report.memories = self.store.memories(arena, instance)?;
        report.tables = self.store.tables(arena, instance)?;
        report.globals = self.store.globals(arena, instance)?;
        report.broken_canaries = self.store.broken_canaries(arena)?;
        report.arena_digest = self.store.arena_digest(arena)?;
        Ok(())
    }
}

/// What the imports of a module are filled with: stubs for functions, and what
/// `provided` exports for the rest.
fn externs(
    store: &mut Store,
    module: &Module,
    provided: Option<InstanceId>,
) -> Result<Vec<Extern>, RunError> {
    let mut externs = Vec::new();
    for (position, import) in module.imports.iter().enumerate() {
        externs.push(match import.item {
            Item::Function(function) => {
                let ty = &module.types[module.functions[function].ty];
                Extern::Function(store.define_host(stub(&import.module, &import.name, ty))?)
            }
            Item::Table(_) | Item::Memory(_) | Item::Global(_) => provided
                .and_then(|instance| store.export(instance, &position.to_string()))
                .ok_or_else(|| RunError::Unsupported(format!("import {:?}", import.name)))?,
        });
    }
    Ok(externs)
}

fn stub(module: &str, name: &str, ty: &FuncType) -> HostFunction {
    let exit = HostFunction::proc_exit();
    if (module, name, ty) == (exit.module.as_str(), exit.name.as_str(), &exit.ty) {
        return exit;
    }
    HostFunction::stub(module, name, ty.clone())
}

/// Runs trusted code; a panic becomes a message.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| crate::panic_message(&*panic))
}

fn timed<T>(total: &mut Duration, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    *total += start.elapsed();
    result
}

impl From<FrontendError> for RunError {
    fn from(error: FrontendError) -> RunError {
        match error {
            FrontendError::Unsupported(feature) => RunError::Unsupported(feature),
            FrontendError::Environment(message) => RunError::Environment(message),
            error => RunError::CompileFailure(error.to_string()),
        }
    }
}

impl From<LoadError> for RunError {
    fn from(error: LoadError) -> RunError {
        match error {
            LoadError::Unsupported(feature) => RunError::Unsupported(feature),
            LoadError::CompileFailure(message) => RunError::CompileFailure(message),
        }
    }
}

impl From<TooLarge> for RunError {
    fn from(error: TooLarge) -> RunError {
        RunError::Unsupported(error.to_string())
    }
}

impl From<TableFull> for RunError {
    fn from(error: TableFull) -> RunError {
        RunError::Unsupported(error.to_string())
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> RunError {
        RunError::Environment(error.to_string())
    }
}

impl From<InstantiateError> for RunError {
    fn from(error: InstantiateError) -> RunError {
        match error {
            InstantiateError::Load(error) => error.into(),
            InstantiateError::TooLarge(error) => error.into(),
            InstantiateError::Link(error) => RunError::Unsupported(error.to_string()),
            InstantiateError::OutOfArena(error) => RunError::Environment(error.to_string()),
        }
    }
}

impl From<PassError> for RunError {
    fn from(error: PassError) -> RunError {
        RunError::Unsupported(error.to_string())
    }
}

//! One run of a program: instantiate it afresh, make some calls, look at what is left.
//!
//! Imports are filled so that any module runs, or with WASI for a whole program
//! ([`Imports`]). Every call of an import is logged.
//!
//! A panic of trusted code is an outcome like any other, [`Outcome::RuntimeFault`]. So
//! is an access that left its bounds. After either, after an exit, and when
//! instantiation did not complete, no further call is made.
#![forbid(unsafe_code)]

mod bare;
mod corruption;
mod error;
mod imports;
mod observe;
mod reach;
mod request;
mod session;
mod subject;
mod tenancy;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::corrupt::{EventCounts, Written};
use crate::executor::{Counts, Escape};
use crate::program::Program;
use crate::runtime::{ArenaDigest, GlobalState, HostCall, MemoryState, TableState, Value};
use crate::trap::Trap;

pub use error::RunError;
pub use observe::{Observed, Trace};
pub use reach::{Class, Ending, Reach};
pub use request::{Call, Imports, Request};
pub use subject::Subject;
pub use watch::{Landing, Witness};

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
    /// What correct code never leaves behind.
    pub traces: Vec<Trace>,
    /// For each entry of the plan, whether it took effect and where.
    pub witnesses: Vec<Witness>,
    /// What became of each entry of the schedule.
    pub written: Vec<Written>,
    /// How often what a schedule can wait for took place; 0 where nobody counted.
    pub events: EventCounts,
    /// Digest of the arena's bytes in use.
    pub arena_digest: ArenaDigest,
    /// What the executor counted.
    pub counts: Counts,
    /// Whether the executor's planted fault met its trigger.
    pub fault_triggered: bool,
    /// How long it took.
    pub times: Times,
}

/// Runs a program once.
///
/// # Errors
/// [`RunError`], when the program did not run at all.
pub fn run(
    program: &Program,
    executor: &mut dyn Observed,
    request: &Request,
) -> Result<Report, RunError> {
    Subject::new(program.clone()).run(executor, request)
}

impl Subject {
    /// Runs the program once.
    ///
    /// # Errors
    /// [`RunError`], when it did not run at all.
    pub fn run(&self, executor: &mut dyn Observed, request: &Request) -> Result<Report, RunError> {
        request::check(&self.program().module, &request.calls)?;
        if !self.program().has_instance() {
            return bare::run(self, executor, request);
        }
        let mut times = Times::default();
        let (ready, witnesses) = timed(&mut times.prepare, || {
            Ok::<_, RunError>((self.programs(request.mode)?, self.witnesses(request.mode)?))
        })?;
        let built = timed(&mut times.compile, || {
            guarded(|| tenancy::build(self, executor, &ready, &witnesses, request))
        });
        let mut session = match built {
            Ok(built) => built?,
            Err(fault) => return Ok(Report::new(Outcome::RuntimeFault(fault))),
        };
        let instantiation =
            timed(&mut times.instantiate, || session.start(executor, request.limits));
        let mut report = Report::new(instantiation);
        timed(&mut times.run, || session.calls(executor, request, &mut report));
        if let Some(what) = executor.missing() {
            return Err(RunError::Unsupported(what.to_owned()));
        }
        report.counts = executor.counts();
        report.fault_triggered = executor.fault_triggered() || session.fault_triggered();
        let looked = timed(&mut times.inspect, || {
            guarded(|| session.inspect(executor, &mut report)).and_then(|looked| looked)
        });
        if let Err(fault) = looked {
            report.calls.push(Outcome::RuntimeFault(fault));
        }
        report.times = times;
        Ok(report)
    }
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
            traces: Vec::new(),
            witnesses: Vec::new(),
            written: Vec::new(),
            events: EventCounts::default(),
            arena_digest: ArenaDigest(0),
            counts: Counts::default(),
            fault_triggered: false,
            times: Times::default(),
        }
    }
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

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
mod blank;
mod corruption;
mod error;
mod imports;
mod observe;
mod reach;
mod request;
mod session;
mod snapshot;
mod subject;
mod tenancy;
mod watch;

use std::time::{Duration, Instant};

use crate::corrupt::{EventCounts, Written};
use crate::executor::{Counts, Escape};
use crate::panic::caught;
use crate::program::Program;
use crate::runtime::{ArenaDigest, GlobalState, HostCall, MemoryState, TableState, Value};
use crate::trap::Trap;

pub use error::RunError;
pub use observe::{Observed, Trace};
pub use reach::{Class, Ending, Reach};
pub use request::{Call, Imports, Request};
pub use snapshot::{Record, Snapshot, Step};
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
    /// Taking a snapshot.
    pub save: Duration,
    /// Going on from one, without what building takes.
    pub restore: Duration,
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
    /// The address that offset 0 had.
    pub base: u64,
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
        Ok(self.run_part(executor, request, &Part::default())?.0)
    }

    /// Runs the program, and takes a snapshot after the last call; none where the run ended
    /// before, or is not to be gone on with.
    ///
    /// # Errors
    /// As [`Subject::run`]; [`RunError::Unsupported`] for a whole program, whose world is no
    /// part of a snapshot; [`RunError::Snapshot`] if too much was written.
    pub fn save(
        &self,
        executor: &mut dyn Observed,
        request: &Request,
    ) -> Result<(Report, Option<Snapshot>), RunError> {
        self.run_part(executor, request, &Part { from: None, save: true })
    }

    /// Goes on with a run: makes those of the calls that are not behind the snapshot. The
    /// report is that of the whole run, but for counts, witnesses and times.
    ///
    /// # Errors
    /// As [`Subject::save`]; [`RunError::Snapshot`] for a snapshot that is none of this run.
    pub fn resume(
        &self,
        executor: &mut dyn Observed,
        request: &Request,
        snapshot: &Snapshot,
    ) -> Result<Report, RunError> {
        Ok(self.run_part(executor, request, &Part { from: Some(snapshot), save: false })?.0)
    }

    fn run_part(
        &self,
        executor: &mut dyn Observed,
        request: &Request,
        part: &Part<'_>,
    ) -> Result<(Report, Option<Snapshot>), RunError> {
        request::check(&self.program().module, &request.calls)?;
        part.check(self, request)?;
        if !self.program().has_instance() {
            return bare::run(self, executor, request, part);
        }
        let mut times = Times::default();
        let (ready, witnesses) = timed(&mut times.prepare, || {
            Ok::<_, RunError>((self.programs(request.mode)?, self.witnesses(request.mode)?))
        })?;
        let built = timed(&mut times.compile, || {
            caught(|| tenancy::build(self, executor, &ready, &witnesses, request))
        });
        let mut session = match built {
            Ok(built) => built?,
            Err(fault) => return Ok((Report::new(Outcome::RuntimeFault(fault)), None)),
        };
        if let Some(snapshot) = part.from {
            timed(&mut times.restore, || session.restore(executor, snapshot))?;
        }
        session.watch(executor, request.check_objects);
        let instantiation =
            timed(&mut times.instantiate, || session.start(executor, request.limits));
        let mut report = Report::new(instantiation);
        report.calls = part.calls_before();
        timed(&mut times.run, || session.calls(executor, request, &mut report));
        if let Some(what) = executor.missing() {
            return Err(RunError::Unsupported(what.to_owned()));
        }
        report.base = executor.base();
        report.counts = executor.counts();
        report.fault_triggered = executor.fault_triggered() || session.fault_triggered();
        let snapshot = match part.save {
            true => {
                timed(&mut times.save, || session.save(self, executor, &ready, request, &report))?
            }
            false => None,
        };
        let looked = timed(&mut times.inspect, || {
            caught(|| session.inspect(executor, &mut report)).and_then(|looked| looked)
        });
        if let Err(fault) = looked {
            report.calls.push(Outcome::RuntimeFault(fault));
        }
        report.times = times;
        Ok((report, snapshot))
    }
}

/// Which part of a run is made: all of it by default.
#[derive(Clone, Copy, Debug, Default)]
struct Part<'a> {
    /// Where it goes on.
    from: Option<&'a Snapshot>,
    /// Whether a snapshot is taken at its end.
    save: bool,
}

impl Part<'_> {
    fn check(&self, subject: &Subject, request: &Request) -> Result<(), RunError> {
        let whole_program = matches!(request.imports, Imports::Wasi { .. });
        if whole_program && (self.save || self.from.is_some()) {
            let what = "snapshot of a program with WASI: its files and streams lie outside";
            return Err(RunError::Unsupported(what.to_owned()));
        }
        let scheduled = subject.schedule().is_some_and(|schedule| !schedule.entries.is_empty());
        if scheduled && (self.save || self.from.is_some()) {
            let what = "snapshot of a corrupted run: its schedule counts from the beginning";
            return Err(RunError::Unsupported(what.to_owned()));
        }
        self.from.map_or(Ok(()), |snapshot| snapshot.check(subject, request))
    }

    /// What the calls before it came to.
    fn calls_before(&self) -> Vec<Outcome> {
        self.from.map(|snapshot| snapshot.record.outcomes()).unwrap_or_default()
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
            base: 0,
            arena_digest: ArenaDigest(0),
            counts: Counts::default(),
            fault_triggered: false,
            times: Times::default(),
        }
    }
}

fn timed<T>(total: &mut Duration, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    *total += start.elapsed();
    result
}

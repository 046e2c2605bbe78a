//! A run between two of its calls, as data: what is needed to go on elsewhere.
//!
//! VM data has no raw pointer in it, so it goes on at any base, in any process and in any
//! executor of the same kind of run. A snapshot is
//!
//! - the pages of the arena that calls have written: untrusted, as in any run;
//! - what the trusted side keeps because it may not believe the arena ([`StoreState`]);
//! - what the calls came to, so that the report of a run that goes on is that of the whole.
//!
//! It belongs to a program, a kind of run and reservations, which it names: from them the
//! same instances are made again, code is compiled anew, and no offset, code index or type
//! id changes. It may come from anybody. What is trusted of it is checked against the new
//! store ([`Store::restore`](crate::runtime::Store::restore)); pages may hold anything.
//!
//! Not in it: the inside of a call, since native stacks hold addresses of the host; the
//! world of a whole program (files, streams, time); how far a schedule of corruption has
//! got; counts and witnesses, which begin anew.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

use super::{Outcome, Report, Request, RunError, Subject};
use crate::arena::{Pages, PagesError};
use crate::passes::Mode;
use crate::runtime::{Reservations, StateError, StoreState, Value};
use crate::trap::Trap;

/// A run between two of its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// All but the arena.
    pub record: Record,
    /// What calls have written to the arena.
    pub pages: Pages,
}

/// What a snapshot says besides the arena.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`Subject::hash`] of the program, as 16 hexadecimal digits.
    pub program: String,
    /// The kind of run.
    pub mode: Mode,
    /// How far memories and tables may grow, which decides where they lie.
    pub reservations: Reservations,
    /// What the calls so far came to.
    pub calls: Vec<Step>,
    /// What the store knows; a program in CLIF has none.
    pub store: Option<StoreState>,
}

/// What a call came to after which another may follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Step {
    /// As [`Outcome::Values`].
    Values(Vec<Value>),
    /// As [`Outcome::Trap`].
    Trap {
        /// The trap.
        trap: Trap,
        /// The access or call that trapped, where known.
        site: Option<String>,
    },
}

impl Step {
    fn of(outcome: &Outcome) -> Option<Step> {
        match outcome {
            Outcome::Values(values) => Some(Step::Values(values.clone())),
            Outcome::Trap { trap, site } => Some(Step::Trap { trap: *trap, site: site.clone() }),
            _ => None,
        }
    }

    fn outcome(&self) -> Outcome {
        match self.clone() {
            Step::Values(values) => Outcome::Values(values),
            Step::Trap { trap, site } => Outcome::Trap { trap, site },
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Step::Values(values) => values.iter().all(Value::is_sound),
            Step::Trap { .. } => true,
        }
    }
}

impl Record {
    /// The record as JSON.
    ///
    /// # Panics
    /// Never: nothing in it has no JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data")
    }

    /// A record from JSON.
    ///
    /// # Errors
    /// [`RunError::Snapshot`].
    pub fn from_json(text: &str) -> Result<Record, RunError> {
        serde_json::from_str(text).map_err(|error| RunError::Snapshot(error.to_string()))
    }

    /// What the calls so far came to.
    pub(super) fn outcomes(&self) -> Vec<Outcome> {
        self.calls.iter().map(Step::outcome).collect()
    }
}

impl Snapshot {
    /// Takes a snapshot after the calls of a report; `None` where the run has ended.
    pub(super) fn take(
        subject: &Subject,
        request: &Request,
        report: &Report,
        store: Option<StoreState>,
        pages: impl FnOnce() -> Result<Pages, RunError>,
    ) -> Result<Option<Snapshot>, RunError> {
        let whole = report.calls.len() == request.calls.len();
        let calls: Option<Vec<Step>> = report.calls.iter().map(Step::of).collect();
        let Some(calls) = calls.filter(|_| whole && report.instantiation.may_be_followed()) else {
            return Ok(None);
        };
        let record = Record {
            program: subject.name(),
            mode: request.mode,
            reservations: request.reservations,
            calls,
            store,
        };
        Ok(Some(Snapshot { record, pages: pages()? }))
    }

    /// Checks that it is one of a run that was asked for.
    pub(super) fn check(&self, subject: &Subject, request: &Request) -> Result<(), RunError> {
        let record = &self.record;
        let refused = |what: &str| Err(RunError::Snapshot(what.to_owned()));
        if record.program != subject.name() {
            return refused("it is of another program");
        }
        if (record.mode, record.reservations) != (request.mode, request.reservations) {
            return refused("it is of another kind of run");
        }
        if record.calls.len() > request.calls.len() {
            return refused("it has more calls behind it than there are");
        }
        if !record.calls.iter().all(Step::is_sound) {
            return refused("a result that is none of its type");
        }
        if record.store.is_some() != subject.program().has_instance() {
            return refused("a module has a store, and nothing else does");
        }
        Ok(())
    }
}

impl Outcome {
    /// Whether instantiation came to what a call may follow.
    fn may_be_followed(&self) -> bool {
        matches!(self, Outcome::Values(_))
    }
}

impl Subject {
    /// What a snapshot calls the program.
    fn name(&self) -> String {
        format!("{:016x}", self.hash())
    }
}

impl From<StateError> for RunError {
    fn from(error: StateError) -> RunError {
        RunError::Snapshot(error.to_string())
    }
}

impl From<PagesError> for RunError {
    fn from(error: PagesError) -> RunError {
        RunError::Snapshot(error.to_string())
    }
}

//! Programs that are made ready once and run many times, with and without confusion.
//!
//! What does not change from run to run is made when it is first needed and kept: the
//! program that fills the imports, the prepared form for each kind of run, the hash, the
//! survey of places. A confused subject shares all of it with the one that it was made
//! from, and has its own copy of the changed functions only, so that executors that keep
//! what they compiled compile only those.
#![forbid(unsafe_code)]

use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::Xxh3;

use super::RunError;
use crate::attack;
use crate::census::Census;
use crate::clif::translate::translate;
use crate::confuse::{self, Confused, Plan, PlanError, Survey};
use crate::corrupt::Schedule;
use crate::passes::{self, Mode, Prepared};
use crate::program::{FuncId, Program};
use crate::runtime::provider;
use crate::site::SiteId;

/// A program that is ready for runs.
#[derive(Clone, Debug)]
pub struct Subject {
    base: Arc<Base>,
    confusion: Option<Arc<Confusion>>,
    schedule: Option<Arc<Schedule>>,
}

#[derive(Debug)]
struct Base {
    program: Program,
    /// What the imports are taken from, where there are any but functions.
    provided: OnceLock<Result<Option<Provided>, RunError>>,
    prepared: ByMode,
    hash: OnceLock<u64>,
    survey: OnceLock<Survey>,
    census: OnceLock<Census>,
}

#[derive(Debug)]
struct Provided {
    program: Program,
    prepared: ByMode,
}

#[derive(Debug)]
struct Confusion {
    plan: Plan,
    confused: Confused,
    prepared: ByMode,
}

/// A program and its prepared form.
pub(super) type Ready<'a> = (&'a Program, &'a Prepared);

/// Prepared forms, each made when it is first asked for.
#[derive(Debug, Default)]
struct ByMode {
    exact: OnceLock<Result<Prepared, RunError>>,
    as_shipped: OnceLock<Result<Prepared, RunError>>,
}

impl ByMode {
    fn get(
        &self,
        mode: Mode,
        prepare: impl FnOnce() -> Result<Prepared, RunError>,
    ) -> Result<&Prepared, RunError> {
        let cell = match mode {
            Mode::Exact => &self.exact,
            Mode::AsShipped => &self.as_shipped,
        };
        cell.get_or_init(prepare).as_ref().map_err(Clone::clone)
    }
}

impl Subject {
    /// A program as it is.
    #[must_use]
    pub fn new(program: Program) -> Subject {
        let base = Base {
            program,
            provided: OnceLock::new(),
            prepared: ByMode::default(),
            hash: OnceLock::new(),
            survey: OnceLock::new(),
            census: OnceLock::new(),
        };
        Subject { base: Arc::new(base), confusion: None, schedule: None }
    }

    /// The same program as a plan changes it. Plans always refer to the unchanged program,
    /// so a plan of this subject's own does not count.
    ///
    /// # Errors
    /// [`PlanError`], when the plan does not fit.
    pub fn confused(&self, plan: &Plan) -> Result<Subject, PlanError> {
        let confused = confuse::apply(self.program(), plan)?;
        let confusion = Confusion { plan: plan.clone(), confused, prepared: ByMode::default() };
        Ok(Subject { confusion: Some(Arc::new(confusion)), ..self.clone() })
    }

    /// The same program, whose runs are corrupted. An empty schedule only counts events.
    #[must_use]
    pub fn corrupted(&self, schedule: Schedule) -> Subject {
        Subject { schedule: Some(Arc::new(schedule)), ..self.clone() }
    }

    /// What corrupts its runs.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_deref()
    }

    /// The program, unchanged.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.base.program
    }

    /// Whether a plan changes the program.
    #[must_use]
    pub fn is_confused(&self) -> bool {
        self.confusion.is_some()
    }

    /// Whether a plan or a schedule changes the program or its data behind its back, or the
    /// program its data itself.
    #[must_use]
    pub fn is_attacked(&self) -> bool {
        let scheduled = self.schedule.as_ref().is_some_and(|s| !s.entries.is_empty());
        scheduled || self.is_confused() || attack::attacks(&self.program().module)
    }

    /// What each entry of the plan did, as JSON: see [`confuse::describe`].
    #[must_use]
    pub fn describe(&self) -> serde_json::Value {
        self.confusion.as_ref().map_or_else(
            || serde_json::Value::Array(Vec::new()),
            |of| confuse::describe(self.program(), &of.plan, &of.confused),
        )
    }

    /// What the unchanged program contains.
    #[must_use]
    pub fn census(&self) -> &Census {
        self.base.census.get_or_init(|| Census::of(self.program()))
    }

    /// XXH3 of the text of the unchanged program's functions: what a plan belongs to.
    #[must_use]
    pub fn hash(&self) -> u64 {
        *self.base.hash.get_or_init(|| {
            let mut hasher = Xxh3::new();
            for function in &self.program().functions {
                hasher.update(function.to_string().as_bytes());
            }
            hasher.digest()
        })
    }

    /// Where the unchanged program can be confused.
    #[must_use]
    pub fn survey(&self) -> &Survey {
        self.base.survey.get_or_init(|| Survey::of(self.program()))
    }

    /// The programs of a run, each of which takes its imports from the one before; the
    /// one under test is the last.
    pub(super) fn programs(&self, mode: Mode) -> Result<Vec<Ready<'_>>, RunError> {
        let mut programs = Vec::new();
        let provided = self.base.provided.get_or_init(|| {
            let provided = provider(&self.program().module, self.program().layout.addressing)?;
            Ok(provided.map(|program| Provided { program, prepared: ByMode::default() }))
        });
        if let Some(provided) = provided.as_ref().map_err(Clone::clone)? {
            let Provided { program, prepared } = provided;
            let prepared = prepared.get(mode, || Ok(passes::prepare(program, mode)?))?;
            programs.push((program, prepared));
        }
        programs.push((self.program(), self.prepared(mode)?));
        Ok(programs)
    }

    /// The program under test, prepared.
    pub(super) fn prepared(&self, mode: Mode) -> Result<&Prepared, RunError> {
        let unchanged =
            self.base.prepared.get(mode, || Ok(passes::prepare(self.program(), mode)?))?;
        let Some(confusion) = &self.confusion else { return Ok(unchanged) };
        let changed = &confusion.confused.functions;
        let prepare = || Ok(passes::prepare_changed(self.program(), unchanged, changed)?);
        confusion.prepared.get(mode, prepare)
    }

    /// The WebAssembly module of a program in CLIF, as the plan changes it: see
    /// [`clif::translate`](mod@crate::clif::translate).
    ///
    /// # Errors
    /// [`RunError::Unsupported`] if there is none.
    pub fn to_wasm(&self) -> Result<Vec<u8>, RunError> {
        let prepared = self.prepared(Mode::Exact)?;
        let translated = translate(self.program(), prepared);
        translated.map_err(|refused| RunError::Unsupported(refused.to_string()))
    }

    /// A site of the prepared program in words.
    ///
    /// # Errors
    /// [`RunError`] when the program cannot be prepared.
    pub fn site(&self, mode: Mode, site: SiteId) -> Result<Option<String>, RunError> {
        Ok(self.prepared(mode)?.sites.get(site.0 as usize).map(ToString::to_string))
    }

    /// For each entry of the plan, the site whose execution shows that it took effect.
    pub(super) fn witnesses(&self, mode: Mode) -> Result<Vec<Option<SiteId>>, RunError> {
        let Some(confusion) = &self.confusion else { return Ok(Vec::new()) };
        let sites = &self.prepared(mode)?.sites;
        let site = |&(function, inst): &(FuncId, Option<_>)| {
            let inst = inst?;
            // The changed functions' sites come last.
            let known = sites.iter().rposition(|s| s.function == function && s.instruction == inst);
            known.and_then(|position| u32::try_from(position).ok()).map(SiteId)
        };
        Ok(confusion.confused.witnesses.iter().map(site).collect())
    }
}

//! One confusion on two layouts: the arena, and today's raw pointers.
//!
//! A [`Pair`] is a module translated for both, with what its unconfused runs come to. A plan
//! made for the arena is applied to both ([`crate::confuse::Correspondence`]), both run in a
//! cell and record where their accesses go ([`crate::run::Reach`]), and each gets one
//! [`Effect`]: the worst that the confusion did. Layouts differ in how they name memory and
//! code, and in nothing else: the same module, calls, limits, areas, runtime and compiler.
//!
//! A schedule of corruption ([`crate::corrupt`]) is compared in the same way: it writes to the
//! same fields, what means the same ([`schedules`]).
//!
//! It judges a case by what it reached, not by what an attacker would make of it: a read
//! outside counts as a write does, and an address where nothing is mapped today as one where
//! a secret lies tomorrow.
#![forbid(unsafe_code)]

mod schedules;

use crate::confuse::{Correspondence, Plan, PlanError, Unmapped};
use crate::corrupt::Schedule;
use crate::frontend::{self, FrontendError};
use crate::jit::{Jit, JitConfig, JitError, Native};
use crate::layout::Addressing;
use crate::run::{Class, Ending, Outcome, Reach, Request, RunError, Subject};
use crate::trap::Trap;

/// What a confusion did to a program. The worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The changed instruction was never executed.
    NotReached,
    /// All was as without it.
    Harmless,
    /// Only values differ: no access went anywhere that it should not.
    WrongValue,
    /// The program trapped where it had not before, and nothing else was reached.
    Caught,
    /// Another object of VM data was accessed.
    OtherObject,
    /// Another memory or instance was accessed.
    OtherInstance,
    /// Something outside VM data was accessed.
    Outside,
    /// Control went where no function of the expected signature begins.
    BadTransfer,
}

impl Effect {
    /// All of them.
    pub const ALL: [Effect; 8] = [
        Effect::NotReached,
        Effect::Harmless,
        Effect::WrongValue,
        Effect::Caught,
        Effect::OtherObject,
        Effect::OtherInstance,
        Effect::Outside,
        Effect::BadTransfer,
    ];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Effect::NotReached => "not reached",
            Effect::Harmless => "harmless",
            Effect::WrongValue => "wrong value",
            Effect::Caught => "caught by a check",
            Effect::OtherObject => Class::OtherObject.name(),
            Effect::OtherInstance => Class::OtherInstance.name(),
            Effect::Outside => Class::Outside.name(),
            Effect::BadTransfer => Class::BadTransfer.name(),
        }
    }

    /// The effect of a confusion by what the run reached and came to, and what it comes to
    /// without.
    #[must_use]
    pub fn of(reach: &Reach, ending: &Ending, without: &Ending) -> Effect {
        let escaped = ending.outcomes.iter().any(|o| matches!(o, Outcome::Escape { .. }));
        let worst = match reach.worst() {
            Some(Class::Own) | None if escaped => Effect::Outside,
            Some(Class::Own) | None => Effect::Harmless,
            Some(Class::OtherObject) => Effect::OtherObject,
            Some(Class::OtherInstance) => Effect::OtherInstance,
            Some(Class::Outside) => Effect::Outside,
            Some(Class::BadTransfer) => Effect::BadTransfer,
        };
        if worst > Effect::Harmless {
            return worst;
        }
        match (ending == without, reach.witnessed) {
            (true, Some(false)) => Effect::NotReached,
            (true, _) => Effect::Harmless,
            (false, _) if reach.stopped > 0 || new_trap(ending, without) => Effect::Caught,
            (false, _) => Effect::WrongValue,
        }
    }
}

/// What differs first between the runs of two layouts that nothing attacks, the arena's first.
fn difference(arena: &Ending, raw: &Ending) -> Option<String> {
    if arena == raw {
        return None;
    }
    let outcomes = arena.outcomes.iter().zip(&raw.outcomes).find(|(arena, raw)| arena != raw);
    if let Some(pair) = outcomes {
        return Some(match [pair.0, pair.1].map(kind) {
            [arena, raw] if arena == raw => "other results".to_owned(),
            [arena, raw] => format!("{arena} against {raw}"),
        });
    }
    let part = if arena.outcomes.len() != raw.outcomes.len() {
        "another number of calls"
    } else if arena.memories != raw.memories {
        "other memories"
    } else {
        "other globals"
    };
    Some(part.to_owned())
}

/// What a call came to, without its values.
fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Values(_) => "returned",
        Outcome::Trap { trap, .. } => trap.name(),
        Outcome::Escape { .. } => "escape",
        Outcome::RuntimeFault(_) => "runtime fault",
        Outcome::Exit(_) => "exit",
    }
}

/// Whether a run ended in a trap that it does not end in without the confusion. One that
/// was stopped for its time is not caught by anything.
fn new_trap(ending: &Ending, without: &Ending) -> bool {
    let pairs = ending.outcomes.iter().zip(without.outcomes.iter().map(Some).chain([None]));
    pairs.into_iter().any(|(now, before)| match now {
        Outcome::Trap { trap, .. } => *trap != Trap::Interrupt && Some(now) != before,
        _ => false,
    })
}

/// Why there is no comparison.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// A front end did not take the module.
    #[error(transparent)]
    Frontend(#[from] FrontendError),
    /// A run was not possible.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The plan is none of the program.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There are no cells here.
    #[error(transparent)]
    Jit(#[from] JitError),
    /// Without any confusion the layouts already differ, or an access goes where it should
    /// not: nothing that follows would be comparable.
    #[error("unsupported: {0}")]
    Incomparable(String),
}

/// A module on both layouts, the arena first.
#[derive(Debug)]
pub struct Pair {
    subjects: [Subject; 2],
    without: [Ending; 2],
    correspondence: Correspondence,
    request: Request,
}

/// What one plan did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It has no counterpart among raw pointers.
    Unmapped(Unmapped),
    /// What it did.
    Effects {
        /// On the arena and on raw pointers.
        effects: [Effect; 2],
        /// How many records the log had no room for.
        lost: u64,
        /// Whether an access outside VM data went where a process can have memory.
        plausible: bool,
    },
}

impl Pair {
    /// Translates a module twice and runs it unconfused.
    ///
    /// # Errors
    /// [`CompareError`].
    pub fn of(wasm: &[u8], request: Request) -> Result<Pair, CompareError> {
        let [arena, raw] = Addressing::ALL.map(|layout| frontend::translate_for(wasm, layout));
        let subjects = [Subject::new(arena?), Subject::new(raw?)];
        let correspondence = Correspondence::of(subjects[0].program(), subjects[1].program());
        let mut jit = executor()?;
        let (reached, arena) = subjects[0].reach(&mut jit, &request)?;
        let (raw_reached, raw) = subjects[1].reach(&mut jit, &request)?;
        for (subject, reach) in subjects.iter().zip([reached, raw_reached]) {
            if let Some(class) = reach.worst().filter(|class| *class != Class::Own) {
                let layout = subject.program().layout.addressing.name();
                let site = reach.blamed.map(|site| subject.site(request.mode, site)).transpose()?;
                let site = site.flatten().unwrap_or_else(|| "a builtin".to_owned());
                let what = format!("{}, without an attack: {site} in {layout}", class.name());
                return Err(CompareError::Incomparable(what));
            }
        }
        if let Some(part) = difference(&arena, &raw) {
            let what = format!("the layouts differ without an attack: {part}");
            return Err(CompareError::Incomparable(what));
        }
        Ok(Pair { subjects, without: [arena, raw], correspondence, request })
    }

    /// The module in the arena, which plans are made for.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subjects[0]
    }

    /// What the unconfused module comes to, on either layout.
    #[must_use]
    pub fn ending(&self) -> &Ending {
        &self.without[0]
    }

    /// Runs a plan on both layouts.
    ///
    /// # Errors
    /// [`CompareError`].
    pub fn compare(&self, plan: &Plan) -> Result<Compared, CompareError> {
        let [arena, raw] = self.subjects.each_ref().map(Subject::program);
        let same = self.correspondence.plan(arena, raw, plan);
        let same = match same {
            Ok(same) => same,
            Err(unmapped) => return Ok(Compared::Unmapped(unmapped)),
        };
        let [arena, raw] = &self.subjects;
        let Ok(raw) = raw.confused(&same) else {
            return Ok(Compared::Unmapped(Unmapped::Order));
        };
        self.effects([arena.confused(plan)?, raw])
    }

    /// Runs a schedule of corruption on both layouts.
    ///
    /// # Errors
    /// [`CompareError`].
    pub fn corrupt(&self, schedule: &Schedule) -> Result<Compared, CompareError> {
        let [arena, raw] = &self.subjects;
        let catalogues = [arena, raw].map(|subject| subject.program().catalogue());
        match schedules::with_raw_pointers(schedule, &catalogues, &arena.program().module) {
            Ok(same) => self.effects([arena.corrupted(schedule.clone()), raw.corrupted(same)]),
            Err(unmapped) => Ok(Compared::Unmapped(unmapped)),
        }
    }

    /// Runs what was attacked on both layouts.
    fn effects(&self, attacked: [Subject; 2]) -> Result<Compared, CompareError> {
        let mut jit = executor()?;
        let [arena, raw] = &attacked;
        let (on_arena, arena) = self.effect(0, arena, &mut jit)?;
        let (on_raw, raw) = self.effect(1, raw, &mut jit)?;
        Ok(Compared::Effects {
            effects: [on_arena, on_raw],
            lost: arena.lost + raw.lost,
            plausible: raw.plausible > 0,
        })
    }

    fn effect(
        &self,
        layout: usize,
        attacked: &Subject,
        jit: &mut Jit,
    ) -> Result<(Effect, Reach), CompareError> {
        let (reach, ending) = attacked.reach(jit, &self.request)?;
        Ok((Effect::of(&reach, &ending, &self.without[layout]), reach))
    }
}

/// Code is not optimised: what is recorded is what CLIF says, and most of a case's time is
/// that of its compilation.
fn executor() -> Result<Jit, JitError> {
    let native = Native::Cell;
    Jit::new(JitConfig { optimize: false, native, record: true, ..JitConfig::default() })
}

#[cfg(test)]
mod tests;

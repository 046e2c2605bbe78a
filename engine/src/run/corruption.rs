//! The corruption of one run: its schedule, resolved in the store that was made for it.
//!
//! Runs that are not corrupted have their runtime watched all the same where somebody
//! watches the program.
#![forbid(unsafe_code)]

use super::{Observed, Outcome, Report, Request, RunError, Subject};
use crate::corrupt::{Corruption, Event, Places, Schedule};
use crate::interp::{Intruder, Loaded};
use crate::passes::Prepared;
use crate::runtime::Object;

/// What corrupts or watches a run in an arena of `len` bytes; `None` for nothing.
pub(super) fn of_run(
    subject: &Subject,
    request: &Request,
    executor: &mut dyn Observed,
    prepared: &[&Prepared],
    places: &dyn Places,
    len: u32,
) -> Result<Option<Corruption>, RunError> {
    executor.intrude(None);
    let watched = request.check_objects || subject.is_confused();
    let Some(schedule) = subject.schedule() else {
        let idle = Corruption::new(&Schedule::default(), places, len, executor.name())?;
        return Ok(watched.then_some(idle));
    };
    let corruption = Corruption::new(schedule, places, len, executor.name())?;
    if schedule.entries.is_empty() || corruption.waits_for(Event::ProgramLoad) {
        executor.intrude(Some(intruder(&corruption, prepared)));
    }
    Ok(Some(corruption))
}

/// Makes loads of VM data by guest code events of a corruption.
fn intruder(corruption: &Corruption, prepared: &[&Prepared]) -> Intruder {
    let corruption = corruption.clone();
    let trusted: Vec<Vec<bool>> = prepared.iter().map(|program| sites(program)).collect();
    Box::new(move |loaded: &Loaded, arena| {
        let sites = trusted.get(loaded.program as usize);
        let is_trusted = sites.and_then(|sites| sites.get(loaded.site.0 as usize));
        if loaded.is_bound || is_trusted.copied().unwrap_or(false) {
            corruption.at(Event::ProgramLoad, Some(loaded.place), arena);
        }
    })
}

/// For each site, whether it reads VM data. Sites that name nothing, as those of programs in
/// CLIF, may.
fn sites(program: &Prepared) -> Vec<bool> {
    let is_data = |region| matches!(Object::named(region), Some(Object::Memory(_)));
    program.sites.iter().map(|site| !is_data(&site.region)).collect()
}

/// Enters what became of the schedule, and what trusted code did wrong, into a report.
pub(super) fn report(corruption: &Corruption, report: &mut Report) {
    report.events = corruption.counts();
    report.written = corruption.written();
    report.calls.extend(corruption.fault().map(Outcome::RuntimeFault));
}

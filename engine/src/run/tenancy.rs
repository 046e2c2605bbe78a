//! Planted fault 25: whoever comes second finds what the first one left.
//!
//! With the fault, a run has a tenant before it: the same program, called the same way in the
//! same areas. Its store is given up, and the memories of the run's own store are not zeroed.
#![forbid(unsafe_code)]

use super::session::Session;
use super::subject::Ready;
use super::{Observed, Report, Request, RunError, Subject};
use crate::arena::OutOfArena;
use crate::fault::Fault;
use crate::site::SiteId;

/// The session of a run, in areas that nobody had before, unless by fault 25.
pub(super) fn build<'a>(
    subject: &Subject,
    executor: &mut dyn Observed,
    ready: &[Ready<'a>],
    witnesses: &[Option<SiteId>],
    request: &Request,
) -> Result<Session<'a>, RunError> {
    let mut session = Session::build(subject, executor, ready, witnesses, request)?;
    if executor.fault() != Some(Fault::AreaNotZeroed) {
        return Ok(session);
    }
    session.watch(executor, request.check_objects);
    let instantiation = session.start(executor, request.limits);
    session.calls(executor, request, &mut Report::new(instantiation));
    let leftovers = session.store().leftovers(executor.arena()).map_err(broken)?;
    let session = Session::build(subject, executor, ready, witnesses, request)?;
    session.store().inherit(executor.arena(), leftovers).map_err(broken)?;
    Ok(session)
}

fn broken(error: OutOfArena) -> RunError {
    RunError::Environment(error.to_string())
}

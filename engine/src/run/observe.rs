//! What an executor can say about a run besides its outcomes.
#![forbid(unsafe_code)]

use crate::cage::DecoyTrace;
use crate::executor::{Access, Executor};
use crate::interp::{Interpreter, ObjectCheck, ObservedAccess};
use crate::jit::Jit;
use crate::passes::Prepared;
use crate::site::Site;

/// Something found by watching or by looking after a run that correct code never
/// leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// A byte between areas changed, at this arena offset.
    Canary(u32),
    /// A word of the decoys around the arena changed.
    Decoy(DecoyTrace),
    /// An access outside the object that its region names.
    Object {
        /// Read or write.
        access: Access,
        /// Arena offset.
        offset: u32,
        /// What the site does, in words.
        site: Option<String>,
    },
}

/// An executor whose runs can be observed.
pub trait Observed: Executor {
    /// Asks `check` about each access of the calls to come, or nothing. Executors that
    /// cannot tell ignore it.
    fn check_objects(&mut self, check: Option<ObjectCheck>);

    /// What was noticed since the last look; sites are looked up in `programs`, by load
    /// order.
    fn traces(&mut self, programs: &[Prepared]) -> Vec<Trace>;

    /// Whether the planted fault of this executor, if it has one, has met its trigger.
    fn fault_triggered(&self) -> bool;

    /// What the program turned out to need, while it ran, that this executor does not
    /// have. Its outcomes then mean nothing.
    fn missing(&self) -> Option<&str> {
        None
    }
}

impl Observed for Interpreter {
    fn check_objects(&mut self, check: Option<ObjectCheck>) {
        Interpreter::check_objects(self, check);
    }

    fn traces(&mut self, programs: &[Prepared]) -> Vec<Trace> {
        let site = |seen: &ObservedAccess| {
            let program = programs.get(seen.program as usize)?;
            program.sites.get(seen.site.0 as usize).map(Site::to_string)
        };
        let refused = self.take_refused().first;
        let trace = |seen: &ObservedAccess| Trace::Object {
            access: seen.access,
            offset: seen.offset,
            site: site(seen),
        };
        refused.iter().map(trace).collect()
    }

    fn fault_triggered(&self) -> bool {
        self.faults().triggered()
    }
}

impl Observed for Jit {
    fn check_objects(&mut self, _: Option<ObjectCheck>) {}

    fn traces(&mut self, _: &[Prepared]) -> Vec<Trace> {
        self.inspect().into_iter().map(Trace::Decoy).collect()
    }

    fn fault_triggered(&self) -> bool {
        self.faults().triggered()
    }
}

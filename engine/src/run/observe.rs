//! What an executor can say about a run besides its outcomes.
#![forbid(unsafe_code)]

use crate::cage::DecoyTrace;
use crate::executor::{Access, Executor};
use crate::fault::Fault;
use crate::interp::{Interpreter, Intruder, Observation, Watcher};
use crate::jit::Jit;
use crate::passes::Prepared;
use crate::site::{Site, SiteId};
use crate::transfer::TransferKind;

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
    /// A call or a return that went to where it must not go.
    Transfer {
        /// Which of the two.
        kind: TransferKind,
        /// What the site does, in words.
        site: Option<String>,
    },
}

/// An executor whose runs can be observed.
pub trait Observed: Executor {
    /// The address that offset 0 has in this process: it tells arenas apart.
    fn base(&mut self) -> u64;

    /// Shows accesses and indirect calls of the calls to come to a watcher, or not.
    /// Executors that cannot tell ignore it.
    fn watch(&mut self, watcher: Option<Watcher>);

    /// Has an intruder see the loads of the calls to come, or not. Executors that cannot
    /// stop between a load and its use ignore it.
    fn intrude(&mut self, _intruder: Option<Intruder>) {}

    /// What was noticed since the last look; sites are looked up in `programs`, by load
    /// order.
    fn traces(&mut self, programs: &[&Prepared]) -> Vec<Trace>;

    /// The planted fault of this executor, which its runtime has too.
    fn fault(&self) -> Option<Fault> {
        None
    }

    /// Whether the planted fault of this executor, if it has one, has met its trigger.
    fn fault_triggered(&self) -> bool;

    /// What the program turned out to need, while it ran, that this executor does not
    /// have. Its outcomes then mean nothing.
    fn missing(&self) -> Option<&str> {
        None
    }
}

impl Observed for Interpreter {
    fn base(&mut self) -> u64 {
        self.owned_arena().base()
    }

    fn watch(&mut self, watcher: Option<Watcher>) {
        Interpreter::watch(self, watcher);
    }

    fn intrude(&mut self, intruder: Option<Intruder>) {
        Interpreter::intrude(self, intruder);
    }

    fn traces(&mut self, programs: &[&Prepared]) -> Vec<Trace> {
        let site = |program: u32, site: SiteId| {
            let sites = &programs.get(program as usize)?.sites;
            sites.get(site.0 as usize).map(Site::to_string)
        };
        let notes = self.take_notes();
        let refused = notes.refused.iter().map(|seen: &Observation| Trace::Object {
            access: seen.access,
            offset: seen.offset,
            site: site(seen.program, seen.site),
        });
        let transfers = notes.transfers.iter().map(|wrong| Trace::Transfer {
            kind: wrong.kind,
            site: wrong.program.zip(wrong.site).and_then(|(program, id)| site(program, id)),
        });
        refused.chain(transfers).collect()
    }

    fn fault(&self) -> Option<Fault> {
        self.faults().active()
    }

    fn fault_triggered(&self) -> bool {
        self.faults().triggered()
    }
}

impl Observed for Jit {
    fn base(&mut self) -> u64 {
        self.cage().base()
    }

    fn watch(&mut self, _: Option<Watcher>) {}

    fn traces(&mut self, programs: &[&Prepared]) -> Vec<Trace> {
        let site = |site: SiteId| {
            let program = programs.last()?;
            program.sites.get(site.0 as usize).map(Site::to_string)
        };
        let transfers = self
            .take_transfers()
            .into_iter()
            .map(|wrong| Trace::Transfer { kind: wrong.kind, site: wrong.site.and_then(site) });
        let transfers: Vec<Trace> = transfers.collect();
        self.inspect().into_iter().map(Trace::Decoy).chain(transfers).collect()
    }

    fn fault(&self) -> Option<Fault> {
        self.faults().active()
    }

    fn fault_triggered(&self) -> bool {
        self.faults().triggered()
    }
}

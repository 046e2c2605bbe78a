//! What the interpreter is asked to watch: the places that a plan changed, and whether
//! accesses lie in the objects that they name.
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex, PoisonError};

use crate::executor::Access;
use crate::interp::{Observation, Watcher};
use crate::runtime::{SharedObjectMap, SiteClasses};
use crate::site::SiteId;

/// What was seen of one entry of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The site whose execution shows that the entry took effect, if there is one.
    pub site: Option<SiteId>,
    /// How often it was executed, a trap included; 0 too where the executor cannot tell.
    pub executed: u64,
    /// Where it landed the first time.
    pub first: Option<Landing>,
}

/// An access that was carried out, or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landing {
    /// Arena offset; the code index of a call.
    pub offset: u32,
    /// Bytes; 0 for a call.
    pub width: u32,
    /// Read, write, or for a call, execute.
    pub access: Access,
    /// Whether it lies in an object of the kind that its site names.
    pub in_object: bool,
}

/// Witnesses that are being watched.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    program: u32,
    witnesses: Arc<Mutex<Vec<Witness>>>,
}

impl Watch {
    /// Watches the sites of one program, by load order; one witness an entry.
    pub(super) fn new(program: u32, sites: &[Option<SiteId>]) -> Watch {
        let witness = |&site| Witness { site, ..Witness::default() };
        let witnesses = sites.iter().map(witness).collect();
        Watch { program, witnesses: Arc::new(Mutex::new(witnesses)) }
    }

    /// What was seen.
    pub(super) fn witnesses(&self) -> Vec<Witness> {
        self.witnesses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that a call ended in a trap or an escape at a site.
    pub(super) fn stopped_at(&self, program: Option<u32>, site: Option<SiteId>) {
        if program == Some(self.program) && site.is_some() {
            self.each(site, |witness| witness.executed += 1);
        }
    }

    fn saw(&self, seen: &Observation, in_object: bool) {
        if seen.program == self.program {
            let Observation { offset, width, access, .. } = *seen;
            self.each(Some(seen.site), |witness| {
                witness.executed += 1;
                let landing = Landing { offset, width, access, in_object };
                witness.first.get_or_insert(landing);
            });
        }
    }

    fn each(&self, site: Option<SiteId>, note: impl Fn(&mut Witness)) {
        let mut witnesses = self.witnesses.lock().unwrap_or_else(PoisonError::into_inner);
        witnesses.iter_mut().filter(|witness| witness.site == site).for_each(note);
    }

    /// A watcher that fills the witnesses and refuses nothing: in a confused program,
    /// accesses outside the object that they name are what was asked for.
    pub(super) fn watcher(&self, objects: Objects) -> Watcher {
        let watch = self.clone();
        Box::new(move |seen| {
            watch.saw(seen, objects.holds(seen));
            true
        })
    }

    /// A watcher that fills the witnesses, for a program without objects.
    pub(super) fn bare_watcher(&self) -> Watcher {
        let watch = self.clone();
        Box::new(move |seen| {
            watch.saw(seen, true);
            true
        })
    }
}

/// Where the objects lie, and which of them each site names.
pub(super) struct Objects {
    pub(super) map: SharedObjectMap,
    pub(super) classes: SiteClasses,
}

impl Objects {
    /// Whether an access lies in an object that its site names. Calls do.
    pub(super) fn holds(&self, seen: &Observation) -> bool {
        let Observation { program, site, offset, width, access } = *seen;
        access == Access::Execute || self.map.holds(&self.classes, program, site, offset, width)
    }

    /// A watcher that refuses accesses outside the object that their site names.
    pub(super) fn watcher(self) -> Watcher {
        Box::new(move |seen| self.holds(seen))
    }
}

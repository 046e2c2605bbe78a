//! Where the accesses of a run went, whatever its layout.
//!
//! Native code records the address of every access and the target of every indirect call
//! ([`crate::lowering`]); here each gets a [`Class`] by the objects that the runtime knows.
//! The layouts differ only in what lies outside VM data:
//!
//! | | null page | elsewhere outside |
//! |---|---|---|
//! | arena offsets | stopped | stopped: a guard, or the modular sum has none |
//! | raw pointers | stopped: no system maps it | [`Class::Outside`], whether something is there or not |
//!
//! The interval of an object is that at the moment of the access, up to the last call of a
//! builtin or host function, which is all that can change one. What lies between objects
//! (canaries, gaps, the part of a memory's reservation that it has not grown into) counts as
//! another object: something could have been there.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::rc::Rc;

use super::session::Session;
use super::subject::Subject;
use super::{Outcome, Report, Request, RunError, request};
use crate::arena::NULL_PAGE;
use crate::executor::Executor as _;
use crate::jit::{Jit, Recorded, Recorder};
use crate::layout::Addressing;
use crate::passes::Prepared;
use crate::runtime::{
    Area, AreaKind, GlobalState, MemoryState, Object, SharedObjectMap, SiteClasses,
};
use crate::site::SiteId;

/// What an access or a call reached. The worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An object of the kind that its site names.
    Own,
    /// Another object of the same instance, of the store, or nothing of anybody's.
    OtherObject,
    /// A memory that its site does not name, or what another instance has.
    OtherInstance,
    /// Something that is not VM data, or nothing.
    Outside,
    /// Code of another signature, or no function.
    BadTransfer,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 5] =
        [Class::Own, Class::OtherObject, Class::OtherInstance, Class::Outside, Class::BadTransfer];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Own => "own object",
            Class::OtherObject => "other VM object",
            Class::OtherInstance => "other instance or memory",
            Class::Outside => "outside VM data",
            Class::BadTransfer => "bad control transfer",
        }
    }
}

/// What the accesses and indirect calls of a run reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many, by [`Class`].
    pub counts: [u64; 5],
    /// How many met the null page, or a guard of the arena.
    pub stopped: u64,
    /// How many the log had no room for.
    pub lost: u64,
    /// How many of those outside VM data went where a process can have memory in earnest:
    /// see [`is_plausible`].
    pub plausible: u64,
    /// The first site that reached the worst class.
    pub blamed: Option<SiteId>,
    /// Whether the witness of a plan's first entry was executed, or a write of a schedule was
    /// made; `None` if there is nothing to go by.
    pub witnessed: Option<bool>,
}

impl Reach {
    /// The worst class that something reached.
    #[must_use]
    pub fn worst(&self) -> Option<Class> {
        let reached = Class::ALL.into_iter().zip(self.counts);
        reached.filter(|(_, count)| *count > 0).map(|(class, _)| class).next_back()
    }

    fn note(&mut self, site: Option<SiteId>, landing: Option<Class>) {
        let Some(class) = landing else {
            self.stopped += 1;
            return;
        };
        if Some(class) > self.worst() {
            self.blamed = site;
        }
        self.counts[class as usize] += 1;
    }
}

/// What a run came to, as far as runs of both layouts can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How instantiation and each call ended.
    pub outcomes: Vec<Outcome>,
    /// The memories afterwards.
    pub memories: Vec<MemoryState>,
    /// The globals afterwards.
    pub globals: Vec<GlobalState>,
}

impl Ending {
    fn of(report: Report) -> Ending {
        let outcomes = [report.instantiation].into_iter().chain(report.calls);
        Ending {
            outcomes: outcomes.map(without_site).collect(),
            memories: report.memories,
            globals: report.globals,
        }
    }
}

/// A site's description names the field's offset, which differs between layouts.
fn without_site(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Trap { trap, .. } => Outcome::Trap { trap, site: None },
        other => other,
    }
}

impl Subject {
    /// Runs it in a cell and says where its accesses went. The executor has to record.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn reach(&self, jit: &mut Jit, request: &Request) -> Result<(Reach, Ending), RunError> {
        request::check(&self.program().module, &request.calls)?;
        let ready = self.programs(request.mode)?;
        let witness = self.witnesses(request.mode)?.first().copied();
        let mut session = Session::build(self, jit, &ready, &[], request)?;
        let reach = Reach { witnessed: witness.flatten().map(|_| false), ..Reach::default() };
        let reach = Rc::new(RefCell::new(reach));
        let judge = Judge { witness: witness.flatten(), ..session.judge(jit.base()) };
        let noted = reach.clone();
        jit.set_recorder(Some(Recorder(Box::new(move |seen| {
            judge.note(seen, &mut noted.borrow_mut());
        }))));
        let mut report = Report::new(session.start(jit, request.limits));
        session.calls(jit, request, &mut report);
        jit.set_recorder(None);
        if let Some(written) = session.written() {
            reach.borrow_mut().witnessed = Some(written);
        }
        let looked = session.look_at(jit.arena(), &mut report);
        looked.map_err(|error| RunError::Request(error.to_string()))?;
        Ok((reach.take(), Ending::of(report)))
    }
}

/// Whether something may be mapped at an address in a 64-bit process as systems lay them out
/// today: not in the low 4 GiB, which loaders leave free, nor above user space. An access
/// elsewhere is a crash in any process, not a breach.
fn is_plausible(address: u64) -> bool {
    (1 << 32..1 << 47).contains(&address)
}

/// Gives records their classes.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) addressing: Addressing,
    /// Native address of the arena, and its length.
    pub(super) base: u64,
    pub(super) len: u32,
    pub(super) map: SharedObjectMap,
    pub(super) classes: SiteClasses,
    /// Load order of the program that has the sites.
    pub(super) program: u32,
    /// Bytes that each of its sites accesses.
    pub(super) widths: Vec<u8>,
    pub(super) areas: Vec<Area>,
    pub(super) witness: Option<SiteId>,
}

impl Judge {
    fn note(&self, seen: Recorded, reach: &mut Reach) {
        let site = match seen {
            Recorded::Access { site, .. } | Recorded::Call { site, .. } => Some(site),
            Recorded::Builtin { .. } | Recorded::Lost(_) => None,
        };
        if site.is_some() && site == self.witness {
            reach.witnessed = Some(true);
        }
        match seen {
            Recorded::Access { site: of, address } => {
                let class = self.access(of, address);
                reach.plausible +=
                    u64::from(class == Some(Class::Outside) && is_plausible(address));
                reach.note(site, class);
            }
            Recorded::Call { fits, .. } => {
                reach.note(site, Some(if fits { Class::Own } else { Class::BadTransfer }));
            }
            Recorded::Builtin { len: 0, .. } => {}
            Recorded::Builtin { address, len, .. } => {
                let class = self.service(address, len);
                reach.plausible +=
                    u64::from(class == Some(Class::Outside) && is_plausible(address));
                reach.note(site, class);
            }
            Recorded::Lost(count) => reach.lost += count,
        }
    }

    /// What an access reached; `None` if it was stopped.
    fn access(&self, site: SiteId, address: u64) -> Option<Class> {
        let width = self.widths.get(site.0 as usize).copied().unwrap_or(1);
        let within = match self.within(address, width.into()) {
            Ok(offset) => offset,
            Err(stopped) => return stopped,
        };
        if self.map.holds(&self.classes, self.program, site, within, width.into()) {
            return Some(Class::Own);
        }
        Some(self.other(within, width.into()))
    }

    /// The same for an access that a builtin makes, to memories and data segments.
    fn service(&self, address: u64, len: u64) -> Option<Class> {
        let within = match self.within(address, len) {
            Ok(offset) => offset,
            Err(stopped) => return stopped,
        };
        // It fits, since it lies in the arena.
        let width = u32::try_from(len).unwrap_or(u32::MAX);
        let wherever = [Object::Memory(None), Object::DataSegment];
        let owned = wherever.into_iter().any(|of| self.map.lies_in(of, within, width));
        Some(if owned { Class::Own } else { self.other(within, width) })
    }

    /// The offset of an access that lies in VM data.
    fn within(&self, address: u64, width: u64) -> Result<u32, Option<Class>> {
        let offset = address.wrapping_sub(self.base);
        let end = offset.checked_add(width);
        let inside =
            offset >= NULL_PAGE.into() && end.is_some_and(|end| end <= u64::from(self.len));
        match u32::try_from(offset) {
            Ok(offset) if inside => Ok(offset),
            _ if self.addressing == Addressing::Arena32 => Err(None),
            _ if address < NULL_PAGE.into() => Err(None),
            _ => Err(Some(Class::Outside)),
        }
    }

    /// What an access reached that lies in VM data, but not where it should.
    fn other(&self, offset: u32, width: u32) -> Class {
        // An instance's areas follow that of its structures; the subject is the last one.
        let instances = |area: &Area| area.kind == AreaKind::Instance;
        let first = self.areas.iter().position(instances).unwrap_or(0);
        let own = self.areas.iter().rposition(instances).unwrap_or(0);
        let after = self.areas.partition_point(|area| area.offset <= offset);
        let is_foreign = (first..own).contains(&after.saturating_sub(1));
        if is_foreign || self.map.lies_in(Object::Memory(None), offset, width) {
            return Class::OtherInstance;
        }
        Class::OtherObject
    }
}

/// Bytes that each site of a program accesses.
pub(super) fn widths(prepared: &Prepared) -> Vec<u8> {
    prepared.sites.iter().map(|site| site.width).collect()
}

#[cfg(test)]
mod tests;

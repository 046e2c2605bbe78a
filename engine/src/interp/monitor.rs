//! The interpreter's monitor: it watches what a program does and says what it should not.
//!
//! An [`Intruder`] is shown each load between the read and the use, and may write to the
//! arena; else the monitor only notes, and the program goes on. Three things are watched. Each access that lies in the arena, and each indirect call,
//! is shown to a [`Watcher`], which may refuse accesses that lie outside the object that
//! their site names. Each indirect call must enter an entry of the signature that its site
//! expects, by what the code table says, not by what the machine compared. And each return
//! must go back to the latest call that has not returned: the monitor keeps its own list.
#![forbid(unsafe_code)]

use super::code::Origin;
use super::policy::Selection;
use crate::arena::{Arena, BorrowedArena};
use crate::corrupt::Place;
use crate::executor::Access;
use crate::site::SiteId;
use crate::transfer::{TransferKind, WrongTransfer};

/// Something that the monitor shows to a [`Watcher`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Load order of the program, from 0.
    pub program: u32,
    /// The site.
    pub site: SiteId,
    /// Where the access begins in the arena; the code index of an indirect call.
    pub offset: u32,
    /// Bytes accessed; 0 for a call.
    pub width: u32,
    /// Read, write, or for a call, execute.
    pub access: Access,
}

/// Sees each access and indirect call of a site; answers whether an access lies in the
/// object that its site names.
pub type Watcher = Box<dyn FnMut(&Observation) -> bool + Send>;

/// A load that guest code has made and not used yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Load order of the program, from 0.
    pub program: u32,
    /// The site; of a bound, the access that it bounds.
    pub site: SiteId,
    /// Where it was read.
    pub place: Place,
    /// Whether it is the bound of the site's access, read by the same instruction.
    pub is_bound: bool,
}

/// Sees each load of a site before what was read is used, and may change the arena.
pub type Intruder = Box<dyn FnMut(&Loaded, &mut dyn Arena) + Send>;

/// Most notes of a kind that are kept; the rest are counted only.
pub const MAX_NOTES: usize = 64;

/// What the monitor noted. The program went on all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Accesses that the watcher refused: the first ones, in the order of execution.
    pub refused: Vec<Observation>,
    /// How many were refused.
    pub refused_count: u64,
    /// Transfers of control that went wrong: the first ones.
    pub transfers: Vec<WrongTransfer>,
}

/// Watches one call from the host.
pub(super) struct Monitor<'a> {
    pub origins: &'a [Origin],
    pub watcher: Option<&'a mut Watcher>,
    pub intruder: Option<&'a mut Intruder>,
    pub notes: &'a mut Notes,
    /// Where the calls under way must return to, the latest last.
    pub callers: Vec<u32>,
}

impl Monitor<'_> {
    pub(super) fn access(&mut self, op: u32, offset: u32, width: u32, access: Access) {
        let Some(watcher) = &mut self.watcher else { return };
        let Some(origin) = self.origins.get(op as usize) else { return };
        let Some(site) = origin.site else { return };
        let seen = Observation { program: origin.program, site, offset, width, access };
        if watcher(&seen) {
            return;
        }
        self.notes.refused_count += 1;
        if self.notes.refused.len() < MAX_NOTES {
            self.notes.refused.push(seen);
        }
    }

    /// A load by the op at index `op`, in the arena whose bytes are `body`.
    pub(super) fn loaded(
        &mut self,
        op: u32,
        offset: u32,
        width: u32,
        is_bound: bool,
        body: &mut [u8],
    ) {
        let Some(intruder) = &mut self.intruder else { return };
        let Some(origin) = self.origins.get(op as usize) else { return };
        let Some(site) = origin.site else { return };
        let place = Place { offset, width };
        let loaded = Loaded { program: origin.program, site, place, is_bound };
        intruder(&loaded, &mut BorrowedArena::of(body));
    }

    /// An indirect call at `op`, before it is known whether it is made.
    pub(super) fn selects(&mut self, op: u32, selection: Selection) {
        self.access(op, selection.index, 0, Access::Execute);
    }

    /// The indirect call at `op` was made.
    pub(super) fn enters(&mut self, op: u32, selection: Selection) {
        if !selection.fits() {
            self.note(op, TransferKind::Entry);
        }
    }

    pub(super) fn calls(&mut self, return_to: u32) {
        self.callers.push(return_to);
    }

    pub(super) fn returns(&mut self, op: u32, to: u32) {
        if self.callers.pop() != Some(to) {
            self.note(op, TransferKind::Return);
        }
    }

    pub(super) fn unwinds(&mut self) {
        self.callers.pop();
    }

    fn note(&mut self, op: u32, kind: TransferKind) {
        if self.notes.transfers.len() < MAX_NOTES {
            let origin = self.origins.get(op as usize);
            let (program, site) = (origin.map(|o| o.program), origin.and_then(|o| o.site));
            self.notes.transfers.push(WrongTransfer { kind, program, site });
        }
    }
}

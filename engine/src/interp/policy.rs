//! How an effective address comes about, and who looks at it.
//!
//! A [`Policy`] is a type parameter of the machine, so that each is a loop of its
//! own and the plain one pays nothing for the others:
//!
//! | policy | effective address | besides |
//! |---|---|---|
//! | [`Plain`] | sum mod 2^32 | |
//! | [`Checked`] | sum mod 2^32 | asks an [`ObjectCheck`] about each access |
//! | [`Faulty`] | as the planted fault computes it | reports what left the arena's reach |
//!
//! Accesses through the stack pointer never come here.
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "addresses are sums modulo 2^32")]

use super::code::Origin;
use super::machine::Stop;
use crate::executor::Access;
use crate::fault::{Fault, Faults};
use crate::site::SiteId;

/// The parts of an address: `base + index + displacement`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub base: u32,
    pub index: u32,
    pub displacement: i32,
}

impl Parts {
    /// The sum modulo 2^32: what an effective address is.
    #[inline(always)]
    pub(super) fn wrapped(self) -> u32 {
        self.base.wrapping_add(self.index).wrapping_add(self.displacement.cast_unsigned())
    }

    /// The sum as if registers had more than 32 bits.
    fn unwrapped(self) -> i64 {
        i64::from(self.base) + i64::from(self.index) + i64::from(self.displacement)
    }
}

/// What the machine asks about each access to the arena.
pub(super) trait Policy {
    /// The effective address of an access.
    fn address(&mut self, parts: Parts, width: u32, access: Access) -> Result<u32, Stop>;

    /// Called for each access that lies in the arena, by the op at index `op`.
    #[inline(always)]
    fn observe(&mut self, _op: u32, _offset: u32, _width: u32, _access: Access) {}

    /// The access that made [`Policy::address`] answer [`Stop::Escape`].
    fn escape(&self) -> Option<(i64, Access)> {
        None
    }
}

/// Addresses as they should be.
pub(super) struct Plain;

impl Policy for Plain {
    #[inline(always)]
    fn address(&mut self, parts: Parts, _: u32, _: Access) -> Result<u32, Stop> {
        Ok(parts.wrapped())
    }
}

/// An access as the object check sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedAccess {
    /// Load order of the program, from 0.
    pub program: u32,
    /// The site.
    pub site: SiteId,
    /// Where the access begins in the arena.
    pub offset: u32,
    /// Bytes accessed.
    pub width: u32,
    /// Read or write.
    pub access: Access,
}

/// Decides whether an access lies in the object that its site names.
pub type ObjectCheck = Box<dyn FnMut(&ObservedAccess) -> bool + Send>;

/// Most refused accesses that are kept; the rest are counted only.
pub const MAX_REFUSED: usize = 64;

/// Accesses that an [`ObjectCheck`] refused. They were carried out all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// The first ones, at most [`MAX_REFUSED`], in the order of execution.
    pub first: Vec<ObservedAccess>,
    /// How many there were.
    pub count: u64,
}

/// Asks an [`ObjectCheck`] about each access that has a site.
pub(super) struct Checked<'a> {
    pub origins: &'a [Origin],
    pub check: &'a mut ObjectCheck,
    pub refused: &'a mut Refused,
}

impl Policy for Checked<'_> {
    #[inline(always)]
    fn address(&mut self, parts: Parts, _: u32, _: Access) -> Result<u32, Stop> {
        Ok(parts.wrapped())
    }

    fn observe(&mut self, op: u32, offset: u32, width: u32, access: Access) {
        let Some(origin) = self.origins.get(op as usize) else { return };
        let Some(site) = origin.site else { return };
        let seen = ObservedAccess { program: origin.program, site, offset, width, access };
        if (self.check)(&seen) {
            return;
        }
        self.refused.count += 1;
        if self.refused.first.len() < MAX_REFUSED {
            self.refused.first.push(seen);
        }
    }
}

/// Computes addresses as a planted fault does.
pub(super) struct Faulty<'a> {
    pub fault: Fault,
    pub faults: &'a Faults,
    pub escape: Option<(i64, Access)>,
}

impl Faulty<'_> {
    /// The address under the fault, and whether the fault made a difference.
    fn faulty_address(&self, parts: Parts) -> (i64, bool) {
        let offset = match self.fault {
            Fault::SignExtendedOffset => i64::from(parts.wrapped().cast_signed()),
            Fault::UnwrappedSum => parts.unwrapped(),
        };
        (offset, offset != i64::from(parts.wrapped()))
    }
}

impl Policy for Faulty<'_> {
    #[inline]
    fn address(&mut self, parts: Parts, width: u32, access: Access) -> Result<u32, Stop> {
        let (offset, triggered) = self.faulty_address(parts);
        if triggered {
            self.faults.trigger(self.fault);
        }
        match u32::try_from(offset) {
            Ok(offset) => Ok(offset),
            // The guard after the last address still belongs to correct accesses.
            Err(_) if (0..(1 << 32) + i64::from(width)).contains(&offset) => Err(Stop::Access),
            Err(_) => {
                self.escape = Some((offset, access));
                Err(Stop::Escape)
            }
        }
    }

    fn escape(&self) -> Option<(i64, Access)> {
        self.escape
    }
}

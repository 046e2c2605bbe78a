//! How an effective address comes about, and who looks at it.
//!
//! A [`Policy`] is a type parameter of the machine, so that each is a loop of its
//! own and the plain one pays nothing for the others:
//!
//! | policy | effective address | besides |
//! |---|---|---|
//! | [`Plain`] | sum mod 2^32 | |
//! | [`Checked`] | sum mod 2^32 | tells a [`Monitor`] about accesses, calls and returns |
//! | [`Faulty`] | as the planted fault computes it | the same; reports what left the arena's reach |
//!
//! Accesses through the stack pointer never come here.
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "addresses are sums modulo 2^32")]

use std::collections::HashMap;

use super::machine::Stop;
use super::monitor::Monitor;
use crate::executor::Access;
use crate::fault::{Fault, Faults};

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

/// What an indirect call selects in the code table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection {
    pub index: u32,
    /// Id of the signature that the call site expects.
    pub expected: u32,
    /// Id of the entry's own signature; 0 for what cannot be called.
    pub actual: u32,
}

impl Selection {
    /// Whether the entry is one that the call site may call.
    #[inline(always)]
    pub(super) fn fits(self) -> bool {
        self.expected == self.actual
    }
}

/// What the machine asks about each access to the arena.
pub(super) trait Policy {
    /// The effective address of an access.
    fn address(&mut self, parts: Parts, width: u32, access: Access) -> Result<u32, Stop>;

    /// Shows something to the monitor, if there is one.
    fn watched(&mut self, show: impl FnOnce(&mut Monitor<'_>));

    /// Called for each access that lies in the arena, by the op at index `op`.
    #[inline(always)]
    fn observe(&mut self, op: u32, offset: u32, width: u32, access: Access) {
        self.watched(|monitor| monitor.access(op, offset, width, access));
    }

    /// Called for each call that returns to an op index.
    #[inline(always)]
    fn calls(&mut self, return_to: u32) {
        self.watched(|monitor| monitor.calls(return_to));
    }

    /// Called for each return, made by the op at index `op`.
    #[inline(always)]
    fn returns(&mut self, op: u32, to: u32) {
        self.watched(|monitor| monitor.returns(op, to));
    }

    /// Called for each call that an exception ends.
    fn unwinds(&mut self) {
        self.watched(|monitor| monitor.unwinds());
    }

    /// Whether the indirect call at `op` may enter what it selects.
    #[inline(always)]
    fn selects(&mut self, op: u32, selection: Selection) -> bool {
        self.watched(|monitor| monitor.selects(op, selection));
        selection.fits()
    }

    /// Called for each indirect call that is made.
    #[inline(always)]
    fn enters(&mut self, op: u32, selection: Selection) {
        self.watched(|monitor| monitor.enters(op, selection));
    }

    /// What the op at index `op` gets for what it read at an offset; `is_bound` as in
    /// [`super::Loaded`].
    #[inline(always)]
    fn fetched<const N: usize>(
        &mut self,
        _op: u32,
        _at: u32,
        _is_bound: bool,
        bytes: [u8; N],
    ) -> [u8; N] {
        bytes
    }

    /// How far past `last` a bounds check lets the index of an access go.
    #[inline(always)]
    fn slack(&mut self, _index: u32, _last: u32, _width: u32) -> u32 {
        0
    }

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

    #[inline(always)]
    fn watched(&mut self, _: impl FnOnce(&mut Monitor<'_>)) {}
}

/// Addresses as they should be, under the eyes of a monitor.
pub(super) struct Checked<'a> {
    pub monitor: Monitor<'a>,
}

impl Policy for Checked<'_> {
    #[inline(always)]
    fn address(&mut self, parts: Parts, _: u32, _: Access) -> Result<u32, Stop> {
        Ok(parts.wrapped())
    }

    #[inline(always)]
    fn watched(&mut self, show: impl FnOnce(&mut Monitor<'_>)) {
        show(&mut self.monitor);
    }
}

/// What fault 30 takes for the arena's base: the interpreter has none.
const BASE: i64 = 1 << 44;

/// Computes addresses as a planted fault does.
pub(super) struct Faulty<'a> {
    pub fault: Fault,
    pub faults: &'a Faults,
    pub monitor: Monitor<'a>,
    pub escape: Option<(i64, Access)>,
    /// Whether a call has returned and none was made since.
    returned: bool,
    /// For each site of each program, whether fault 14 keeps what it loads.
    lengths: &'a [Vec<bool>],
    /// What it keeps, by offset: the first value read since guest code was entered.
    kept: HashMap<u32, [u8; 4]>,
}

impl<'a> Faulty<'a> {
    pub(super) fn new(
        fault: Fault,
        faults: &'a Faults,
        lengths: &'a [Vec<bool>],
        monitor: Monitor<'a>,
    ) -> Faulty<'a> {
        let kept = HashMap::new();
        Faulty { fault, faults, monitor, escape: None, returned: false, lengths, kept }
    }

    /// Whether fault 14 keeps what an op loads.
    fn keeps(&self, op: u32) -> bool {
        let origin = self.monitor.origins.get(op as usize);
        let site = origin.and_then(|origin| Some((origin.program, origin.site?)));
        site.and_then(|(program, site)| {
            self.lengths.get(program as usize)?.get(site.0 as usize).copied()
        })
        .unwrap_or(false)
    }

    /// The address under the fault, and whether the fault made a difference.
    fn faulty_address(&self, parts: Parts) -> (i64, bool) {
        let right = i64::from(parts.wrapped());
        let offset = match self.fault {
            Fault::SignExtendedOffset => i64::from(parts.wrapped().cast_signed()),
            Fault::UnwrappedSum => parts.unwrapped(),
            Fault::SignedDisplacement => {
                i64::from(parts.base.wrapping_add(parts.index)) + i64::from(parts.displacement)
            }
            Fault::BaseNotRestored if self.returned => right + BASE,
            _ => right,
        };
        (offset, offset != right)
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

    #[inline(always)]
    fn watched(&mut self, show: impl FnOnce(&mut Monitor<'_>)) {
        show(&mut self.monitor);
    }

    fn calls(&mut self, return_to: u32) {
        self.returned = false;
        self.monitor.calls(return_to);
    }

    fn returns(&mut self, op: u32, to: u32) {
        self.returned = true;
        self.monitor.returns(op, to);
    }

    fn selects(&mut self, op: u32, selection: Selection) -> bool {
        self.monitor.selects(op, selection);
        let enters = self.fault == Fault::AnySignature && selection.actual != 0;
        if enters && !selection.fits() {
            self.faults.trigger(self.fault);
        }
        enters || selection.fits()
    }

    fn fetched<const N: usize>(
        &mut self,
        op: u32,
        at: u32,
        is_bound: bool,
        bytes: [u8; N],
    ) -> [u8; N] {
        let keeps = self.fault == Fault::LengthKept && (is_bound || self.keeps(op));
        let Some(now) = bytes.first_chunk::<4>().filter(|_| keeps && N == 4) else {
            return bytes;
        };
        let kept = *self.kept.entry(at).or_insert(*now);
        if kept != *now {
            self.faults.trigger(self.fault);
        }
        let mut given = bytes;
        given.copy_from_slice(&kept[..N.min(4)]);
        given
    }

    fn slack(&mut self, index: u32, last: u32, width: u32) -> u32 {
        if self.fault != Fault::FirstByteCheck {
            return 0;
        }
        if index > last && index <= last.wrapping_add(width - 1) {
            self.faults.trigger(self.fault);
        }
        width - 1
    }

    fn escape(&self) -> Option<(i64, Access)> {
        self.escape
    }
}

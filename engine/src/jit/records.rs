//! From the log's records to what a [`Recorder`] is told.
//!
//! The log is emptied whenever the host has its turn, before it serves anything: what the
//! recorder knows of sizes then is what the code had to go by.
#![forbid(unsafe_code)]

use std::collections::HashSet;

use super::log::{Log, Recorded, Recorder};
use super::serve::Service;
use crate::code_table::SignatureId;
use crate::executor::Slot;
use crate::program::Builtin;

/// Where the records of one call go.
#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) recorder: &'a mut Recorder,
    pub(super) callable: &'a HashSet<(u64, SignatureId)>,
    /// Added to a pointer that a builtin is given: the base, where it is an offset.
    pub(super) pointers_from: u64,
}

impl Records<'_> {
    /// Passes on what the log holds.
    pub(super) fn take(&mut self, log: &Log) {
        let (records, lost) = log.take();
        for (address, site, signature) in records {
            (self.recorder.0)(match signature {
                0 => Recorded::Access { site, address },
                signature => {
                    let fits = self.callable.contains(&(address, SignatureId(signature)));
                    Recorded::Call { site, address, fits }
                }
            });
        }
        if lost > 0 {
            (self.recorder.0)(Recorded::Lost(lost));
        }
    }

    /// Passes on the accesses that a service makes by pointers of guest code.
    pub(super) fn service(&mut self, service: Service, args: &[Slot]) {
        let (builtin, pointers) = match service {
            Service::Builtin(builtin @ Builtin::MemoryCopy) => (builtin, 1..3),
            Service::Builtin(builtin @ Builtin::MemoryFill) => (builtin, 1..2),
            _ => return,
        };
        let len = args.get(3).map_or(0, |&slot| low(slot));
        for &slot in args.get(pointers).unwrap_or_default() {
            let address = self.pointers_from.wrapping_add(low(slot));
            (self.recorder.0)(Recorded::Builtin { builtin, address, len });
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a pointer or a length has 64 bits at most")]
fn low(slot: Slot) -> u64 {
    slot as u64
}

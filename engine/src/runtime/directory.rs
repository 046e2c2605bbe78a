//! Where the VM structures of a store lie, as a host function may ask.
//!
//! A field is named as `fencepost layout` names it, and besides by its instance, in load
//! order, and its position in the structure's array. All answers come from the runtime's
//! own records, so they are right whatever the arena holds.
#![forbid(unsafe_code)]

use super::places::in_structure;
use super::state::Instance;
use super::structures::SEGMENT_SLOT_BYTES;
use crate::corrupt::Place;

/// The structures of the instances of a store.
#[derive(Clone, Copy, Default)]
pub struct Directory<'a> {
    instances: &'a [Instance],
    gc_heap: Option<u32>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(instances: &'a [Instance], gc_heap: Option<u32>) -> Directory<'a> {
        Directory { instances, gc_heap }
    }

    /// How many instances there are.
    #[must_use]
    pub fn instances(&self) -> u32 {
        u32::try_from(self.instances.len()).unwrap_or(u32::MAX)
    }

    /// The instance whose vmctx lies at an offset.
    #[must_use]
    pub fn instance_at(&self, vmctx: u32) -> Option<u32> {
        let position = self.instances.iter().position(|instance| instance.vmctx == vmctx)?;
        u32::try_from(position).ok()
    }

    /// A field of the structure at `index` of those of its name. The parts that a store has
    /// once are the same for each of its instances.
    #[must_use]
    pub fn field(&self, structure: &str, field: &str, instance: u32, index: u32) -> Option<Place> {
        in_structure(self.instances.get(instance as usize)?, structure, field, index)
    }

    /// The slots of a passive element segment, dropped or not.
    #[must_use]
    pub fn passive_elements(&self, instance: u32, segment: u32) -> Option<Place> {
        let segment = self.instances.get(instance as usize)?.segments.get(segment as usize)?;
        Some(Place { offset: segment.base, width: segment.len * SEGMENT_SLOT_BYTES })
    }

    /// Offset 0 of the heap of garbage-collected objects.
    #[must_use]
    pub fn gc_heap(&self) -> Option<u32> {
        self.gc_heap
    }
}

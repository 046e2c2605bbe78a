//! Where VM structures lie, for those who corrupt them on purpose.
//!
//! A place is named as `fencepost layout` names it: structure and field, and besides the
//! instance, by load order, and the position in the structure's array. It comes from the
//! runtime's own records, so it is right whatever the arena holds.
#![forbid(unsafe_code)]

use super::state::Instance;
use super::structures::{GC_HEAP_DATA, SEGMENT_SLOT_BYTES, STORE_CONTEXT};
use crate::layout::{NullHeapData, Structure};

/// The structures of the instances of a store.
#[derive(Clone, Copy, Default)]
pub struct Places<'a> {
    instances: &'a [Instance],
    gc_heap: Option<u32>,
}

/// Where a field lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Arena offset.
    pub offset: u32,
    /// Width in bytes.
    pub width: u32,
}

impl<'a> Places<'a> {
    pub(super) fn new(instances: &'a [Instance], gc_heap: Option<u32>) -> Places<'a> {
        Places { instances, gc_heap }
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
        let instance = self.instances.get(instance as usize)?;
        let catalogue = instance.layout.catalogue();
        let structure = catalogue.iter().find(|known| known.name == structure)?;
        let field = structure.fields.iter().find(|known| known.name == field)?;
        let first = offset_of(structure, instance.vmctx);
        let at = (index < structure.count).then(|| first + index * structure.size)?;
        Some(Place { offset: at + field.offset, width: field.width })
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

/// Where the first structure of a name lies that an instance has or reaches.
pub(super) fn offset_of(structure: &Structure, vmctx: u32) -> u32 {
    match structure.in_vmctx {
        Some(offset) => vmctx + offset,
        None if structure.name == NullHeapData::NAME => GC_HEAP_DATA,
        None => STORE_CONTEXT,
    }
}

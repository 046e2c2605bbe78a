//! The heap of garbage-collected objects, and what compiled code asks about it.
//!
//! The heap is one area of the arena; references are offsets in it. Compiled code makes
//! its objects itself, as Wasmtime's null collector does: a finger goes up, and nothing is
//! ever freed. The runtime only lets the heap grow, and keeps two tables of what may not
//! lie there:
//!
//! | in the heap | stands for | kept outside |
//! |---|---|---|
//! | a record at its beginning, by offset | a reference of the host | the host's number |
//! | a number in a field | a function reference | the offset of its `VMFuncRef` |
//!
//! The records of host references have headers like objects, since Wasm may turn them into
//! `anyref`s and ask what they are. A store gets its heap with the first instance that
//! needs one; host references have the same offsets without.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hash::Hash;

use super::builtins::Args;
use super::snapshot::StateError;
use super::state::State;
use super::structures::{GC_HEAP_BYTES, GC_HEAP_DATA, STORE_CONTEXT};
use crate::arena::{Arena, OutOfArena};
use crate::executor::{Slot, ThrownTag};
use crate::layout::Layout;
use crate::trap::Trap;

/// What the heap grows by, at least: a page of Wasm.
const GRANULE: u32 = 1 << 16;

/// Distance of the records of host references. The first has no number: its offset is null.
const RECORD_BYTES: u32 = 16;

/// How many records there is room for before the objects.
pub(super) const MOST_HOST_REFERENCES: u32 = GRANULE / RECORD_BYTES - 1;

/// The header of such a record: the kind in Wasmtime's encoding, and no type.
pub(crate) const HOST_REFERENCE_HEADER: u64 = 0b01_0000 << 26 | 0xffff_ffff << 32;

/// Where an exception names its tag: the number of the instance, and of the tag among
/// those that the instance defines.
pub(crate) const EXCEPTION_INSTANCE: u32 = 8;
pub(crate) const EXCEPTION_TAG: u32 = 12;

/// Values by number, in the order in which they were first met.
#[derive(Debug)]
pub(super) struct Numbering<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Numbering<T> {
    fn default() -> Numbering<T> {
        Numbering { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Copy + Eq + Hash> Numbering<T> {
    /// The number of a value, from 1; `None` for a new one if there are `most` already.
    fn intern(&mut self, value: T, most: u32) -> Option<u32> {
        if let Some(&number) = self.numbers.get(&value) {
            return Some(number);
        }
        let number = u32::try_from(self.values.len()).ok().filter(|&len| len < most)? + 1;
        self.values.push(value);
        self.numbers.insert(value, number);
        Some(number)
    }

    /// Distinct values with the numbers of their order; `None` if there are more than
    /// `most`, or one twice.
    pub(super) fn of(values: &[T], most: u32) -> Option<Numbering<T>> {
        let mut numbering = Numbering::default();
        let numbers = values.iter().map(|&value| numbering.intern(value, most));
        (1..).zip(numbers).all(|(next, number)| number == Some(next)).then_some(numbering)
    }

    /// The values, number 1 first.
    pub(super) fn values(&self) -> &[T] {
        &self.values
    }

    /// Forgets all values, whoever has their numbers, unless `value` has one. Whether it did.
    pub(super) fn clear_for(&mut self, value: T) -> bool {
        let clears = !self.values.is_empty() && !self.numbers.contains_key(&value);
        if clears {
            *self = Numbering::default();
        }
        clears
    }

    fn get(&self, number: u32) -> Option<T> {
        self.values.get(number.checked_sub(1)? as usize).copied()
    }
}

/// The heap of a store, as the runtime knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct GcHeap {
    /// Arena offset of offset 0.
    pub(super) base: u32,
    /// Bytes that objects may take, as compiled code is told.
    pub(super) len: u32,
    /// Arena offset of the field that tells it.
    length_field: u32,
}

impl GcHeap {
    /// Takes a size that the heap may have grown to. The arena tells compiled code.
    pub(super) fn restore(&mut self, len: u32) -> Result<(), StateError> {
        if !(GRANULE..=GC_HEAP_BYTES).contains(&len) || !len.is_multiple_of(GRANULE) {
            return Err(StateError::Value("a GC heap of a size that none has"));
        }
        self.len = len;
        Ok(())
    }
}

impl State {
    /// Lets the store have its heap, in an area of [`GC_HEAP_BYTES`].
    pub(super) fn make_gc_heap(
        &mut self,
        arena: &mut dyn Arena,
        base: u32,
        layout: &Layout,
    ) -> Result<(), OutOfArena> {
        let context = layout.store_context;
        let length_field = STORE_CONTEXT + context.gc_heap_length;
        let len = GRANULE;
        arena.store_u32(STORE_CONTEXT + context.gc_heap_base, base)?;
        arena.store_u32(length_field, len)?;
        arena.store_u32(GC_HEAP_DATA, GRANULE)?;
        self.gc_heap = Some(GcHeap { base, len, length_field });
        let records = u32::try_from(self.host_references.values.len()).unwrap_or(0);
        (1..=records).try_for_each(|number| self.write_record(arena, number))
    }

    /// The reference that stands for a number of the host; `None` when there are too many.
    pub(super) fn host_reference(
        &mut self,
        arena: &mut dyn Arena,
        number: u128,
    ) -> Result<Option<u32>, OutOfArena> {
        self.free_early(number);
        let Some(record) = self.host_references.intern(number, MOST_HOST_REFERENCES) else {
            return Ok(None);
        };
        self.write_record(arena, record)?;
        Ok(Some(record * RECORD_BYTES))
    }

    /// The host's number behind a reference.
    pub(super) fn host_number(&self, reference: u32) -> Option<u128> {
        let record = reference / RECORD_BYTES;
        self.host_references.get(record).filter(|_| reference.is_multiple_of(RECORD_BYTES))
    }

    fn write_record(&self, arena: &mut dyn Arena, number: u32) -> Result<(), OutOfArena> {
        let Some(heap) = self.gc_heap else { return Ok(()) };
        arena.write(heap.base + number * RECORD_BYTES, &HOST_REFERENCE_HEADER.to_le_bytes())
    }

    /// `(vmctx, bytes: i64)`: lets the heap grow by at least so much, and to twice its size
    /// where there is room.
    pub(super) fn grow_gc_heap(
        &mut self,
        arena: &mut dyn Arena,
        args: &Args<'_>,
    ) -> Result<Slot, Trap> {
        let heap = self.gc_heap.as_mut().ok_or(Trap::Host)?;
        let needed = u64::from(heap.len).saturating_add(args.u64(1));
        let wanted = needed.next_multiple_of(u64::from(GRANULE)).max(2 * u64::from(heap.len));
        let len = u32::try_from(wanted).unwrap_or(u32::MAX).min(GC_HEAP_BYTES);
        if u64::from(len) < needed {
            return Err(Trap::AllocationTooLarge);
        }
        heap.len = len;
        arena.store_u32(heap.length_field, len)?;
        let base = heap.base;
        self.grown(base, len);
        Ok(1)
    }

    /// `(vmctx, func_ref: i32) -> i64`: the number under which a field holds a function
    /// reference, 0 for null.
    pub(super) fn intern_func_ref(&mut self, args: &Args<'_>) -> Result<Slot, Trap> {
        let func_ref = args.u32(1);
        if func_ref == 0 {
            return Ok(0);
        }
        if !self.func_refs.contains_key(&func_ref) {
            return Err(Trap::Host);
        }
        self.held_func_refs.intern(func_ref, u32::MAX).map(Slot::from).ok_or(Trap::Host)
    }

    /// `(vmctx, number: i32, type: i32) -> i32`: the reverse, where the reference must be of
    /// the caller's type of that position, unless there is none.
    pub(super) fn interned_func_ref(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        const ANY: u32 = u32::MAX;
        let number = args.u32(1);
        if number == 0 {
            return Ok(0);
        }
        let func_ref = self.held_func_refs.get(number).ok_or(Trap::GcHeapCorrupt)?;
        let wanted = args.u32(2);
        if wanted != ANY {
            let wanted = self.caller(args)?.types.get(wanted as usize).copied();
            let given = self.func_refs.get(&func_ref).ok_or(Trap::Host)?.ty;
            if !self.types.is_subtype(given, wanted.ok_or(Trap::Host)?) {
                return Err(Trap::GcHeapCorrupt);
            }
        }
        Ok(func_ref.into())
    }

    /// The tag of an exception: the object names the instance that defines it, and its
    /// number there.
    pub(super) fn tag_of_exception(
        &self,
        arena: &mut dyn Arena,
        exception: u32,
    ) -> Result<ThrownTag, Trap> {
        if exception == 0 {
            return Err(Trap::NullReference);
        }
        let at = self.gc_heap.ok_or(Trap::Host)?.base.wrapping_add(exception);
        let instance = arena.load_u32(at.wrapping_add(EXCEPTION_INSTANCE))?;
        let number = arena.load_u32(at.wrapping_add(EXCEPTION_TAG))?;
        let instance = self.instances.get(instance as usize).ok_or(Trap::GcHeapCorrupt)?;
        let first = instance.layout.imported_tags.count as usize;
        let id = instance.tags[first..].get(number as usize).ok_or(Trap::GcHeapCorrupt)?;
        Ok(ThrownTag(id.0))
    }

    /// `(vmctx, actual: i32, expected: i32) -> i32`: whether a type is below another. What is
    /// no type is below none.
    pub(super) fn is_subtype(&self, args: &Args<'_>) -> Slot {
        let types = (self.types.find(args.u32(1)), self.types.find(args.u32(2)));
        let (Some(actual), Some(expected)) = types else { return 0 };
        self.types.is_subtype(actual, expected).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_from_one_and_no_more_than_allowed() {
        let mut numbering = Numbering::default();
        assert_eq!(["a", "b", "a"].map(|v| numbering.intern(v, 2)), [Some(1), Some(2), Some(1)]);
        assert_eq!((numbering.intern("c", 2), numbering.intern("b", 2)), (None, Some(2)));
        assert_eq!([0, 1, 2, 3].map(|n| numbering.get(n)), [None, Some("a"), Some("b"), None]);
    }
}

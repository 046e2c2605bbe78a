//! The heap of garbage-collected objects, and what compiled code asks about it.
//!
//! The heap is one area of the arena; references are offsets in it. It begins with records of
//! the host's references, which never move; behind them lie two halves of equal size, of which
//! one is in use at a time. Compiled code makes most objects itself: a pointer goes up
//! (`VMCopyingHeapData`), and where it would pass the end of the half, it asks the runtime,
//! which lets the `collector` copy what is reachable to the other half. The halves
//! grow when less than half of one would be free then, up to [`GC_HEAP_BYTES`], and what was
//! copied stays where it is, in the lower one. So the heap of a program that drops its
//! objects stays as large as a few times what it keeps, and no object is read twice at a time.
//! What was copied to the upper half has unused room below it when the halves grow: so whether
//! an object of tens of MiB still fits may depend on which half is in use.
//!
//! Few programs fill a half before they end. Under *stress* compiled code is told that there
//! is never room, so each allocation collects first, and what is left behind is overwritten:
//! a reference that a collection missed then shows at its next use.
//!
//! The runtime keeps where the halves lie, and two tables of what may not lie in the heap:
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
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::builtins::Args;
use super::collector::{HEADER_BYTES, SIZE, TYPE};
use super::snapshot::StateError;
use super::state::State;
use super::structures::{GC_HEAP_DATA, STORE_CONTEXT};
use crate::arena::{Arena, OutOfArena};
use crate::executor::{Slot, ThrownTag};
use crate::layout::Layout;
use crate::trap::Trap;

/// Where the records of host references end, and the halves begin.
pub(super) const RECORDS_END: u32 = 1 << 16;

/// How many records there is room for before the objects.
pub(super) const MOST_HOST_REFERENCES: u32 = RECORDS_END / RECORD_BYTES - 1;

/// Bytes of each half at first.
const FIRST_HALF: u32 = 1 << 16;

/// Bytes of each half at most.
const LARGEST_HALF: u32 = 64 << 20;

/// Bytes that the heap may grow to.
pub(super) const GC_HEAP_BYTES: u32 = RECORDS_END + 2 * LARGEST_HALF;

/// What the offset and the size of every object are multiples of.
pub(crate) const OBJECT_ALIGNMENT: u32 = 16;

/// What objects are overwritten with that a collection under stress left behind: odd, so as a
/// reference it is an integer, and as a size or a type nothing that there is.
const LEFT_BEHIND: u8 = 0xa5;

/// Distance of the records of host references. The first has no number: its offset is null.
const RECORD_BYTES: u32 = 16;

/// The header of such a record: the kind in Wasmtime's encoding, and no type.
pub(crate) const HOST_REFERENCE_HEADER: u64 = 0b01_0000 << 26 | 0xffff_ffff << 32;

/// Where an exception names its tag: the number of the instance, and of the tag among
/// those that the instance defines.
pub(crate) const EXCEPTION_INSTANCE: u32 = HEADER_BYTES;
pub(crate) const EXCEPTION_TAG: u32 = HEADER_BYTES + 4;

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
    /// Bytes of each half.
    half: u32,
    /// Whether the upper half is in use.
    upper: bool,
    /// Whether each allocation collects first.
    stress: bool,
    /// Arena offset of the field that tells compiled code the length.
    length_field: u32,
    /// Arena offsets of the fields that it allocates by.
    bump_field: u32,
    end_field: u32,
}

impl GcHeap {
    /// Bytes that objects may take, as compiled code is told.
    pub(super) fn len(&self) -> u32 {
        RECORDS_END + 2 * self.half
    }

    /// The lower or the upper half.
    fn half_of(&self, upper: bool) -> Range<u32> {
        let start = RECORDS_END + if upper { self.half } else { 0 };
        start..start + self.half
    }

    fn active(&self) -> Range<u32> {
        self.half_of(self.upper)
    }

    /// The part of the half in use that has been given out, by what guest code says.
    fn used(&self, arena: &dyn Arena) -> Result<Range<u32>, Trap> {
        let Range { start, end } = self.active();
        let next = arena.load_u32(self.bump_field)?;
        let possible = (start..=end).contains(&next) && next.is_multiple_of(OBJECT_ALIGNMENT);
        if possible { Ok(start..next) } else { Err(Trap::GcHeapCorrupt) }
    }

    /// Tells compiled code where to go on allocating, and how long the heap is.
    fn tell(&self, arena: &mut dyn Arena, next: u32) -> Result<(), OutOfArena> {
        arena.store_u32(self.length_field, self.len())?;
        arena.store_u32(self.end_field, self.active().end)?;
        self.advance(arena, next)
    }

    /// Tells compiled code where to go on allocating; under stress, that there is no room.
    fn advance(&self, arena: &mut dyn Arena, next: u32) -> Result<(), OutOfArena> {
        arena.store_u32(self.bump_field, next)?;
        if self.stress { arena.store_u32(self.end_field, next) } else { Ok(()) }
    }
}

/// What calls change of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GcHeapState {
    /// Bytes of each half.
    pub half: u32,
    /// Whether the upper half is in use.
    pub upper: bool,
}

impl GcHeap {
    pub(super) fn state(&self) -> GcHeapState {
        GcHeapState { half: self.half, upper: self.upper }
    }

    /// Takes halves that the heap may have grown to. The arena tells compiled code.
    pub(super) fn restore(&mut self, saved: GcHeapState) -> Result<(), StateError> {
        let GcHeapState { half, upper } = saved;
        if !(FIRST_HALF..=LARGEST_HALF).contains(&half) || !half.is_power_of_two() {
            return Err(StateError::Value("a GC heap of a size that none has"));
        }
        self.half = half;
        self.upper = upper;
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
        arena.store_u32(STORE_CONTEXT + context.gc_heap_base, base)?;
        let data = layout.copying_heap_data;
        let heap = GcHeap {
            base,
            half: FIRST_HALF,
            upper: false,
            stress: self.gc_stress,
            length_field: STORE_CONTEXT + context.gc_heap_length,
            bump_field: GC_HEAP_DATA + data.bump_ptr,
            end_field: GC_HEAP_DATA + data.active_space_end,
        };
        heap.tell(arena, heap.active().start)?;
        self.gc_heap = Some(heap);
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

    /// `(vmctx, kind: i32, type: i32, size: i32, align: i32) -> i32`: a new object of the
    /// given header, whose contents compiled code then writes.
    pub(super) fn allocate_object(
        &mut self,
        arena: &mut dyn Arena,
        args: &Args<'_>,
    ) -> Result<Slot, Trap> {
        let (kind, ty, size) = (args.u32(1), args.u32(2), args.u32(3));
        let size = size.max(HEADER_BYTES).checked_next_multiple_of(OBJECT_ALIGNMENT);
        let size = size.filter(|&size| size <= LARGEST_HALF).ok_or(Trap::AllocationTooLarge)?;
        let heap = self.gc_heap.ok_or(Trap::Host)?;
        let used = heap.used(arena)?;
        let has_room = used.end + size <= heap.active().end;
        let object = match has_room && !heap.stress {
            true => used.end,
            false => self.make_room(arena, used, size)?,
        };
        let heap = self.gc_heap.ok_or(Trap::Host)?;
        heap.advance(arena, object + size)?;
        let at = heap.base + object;
        arena.store_u32(at, kind)?;
        arena.store_u32(at + TYPE, ty)?;
        arena.store_u32(at + SIZE, size)?;
        Ok(object.into())
    }

    /// Copies what is reachable of `used` to the other half, and lets the halves grow where
    /// less than half of one would be free; gives where there is room for `size` bytes then.
    fn make_room(
        &mut self,
        arena: &mut dyn Arena,
        used: Range<u32>,
        size: u32,
    ) -> Result<u32, Trap> {
        let old = self.gc_heap.ok_or(Trap::Host)?;
        let mut heap = GcHeap { upper: !old.upper, ..old };
        let next = self.collect(arena, used.clone(), &heap.active())?;
        self.collections += 1;
        if heap.stress {
            arena.fill(heap.base + used.start, LEFT_BEHIND, used.end - used.start)?;
        }
        if 2 * (next - heap.active().start + size) > heap.half {
            // The lower one of larger halves covers both of these, so nothing moves again.
            let taken = next - RECORDS_END + size;
            let half = (2 * taken).next_power_of_two().min(LARGEST_HALF);
            if half > heap.half {
                heap = GcHeap { half, upper: false, ..heap };
                self.grown(heap.base, heap.len());
            }
        }
        heap.tell(arena, next)?;
        self.gc_heap = Some(heap);
        let room = heap.active().end - next >= size;
        if room { Ok(next) } else { Err(Trap::AllocationTooLarge) }
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

//! The builtins: what compiled code asks the runtime to do.
//!
//! Meaning and results are those of Wasmtime's libcalls of the same names. Every
//! argument comes from guest code, the vmctx included, and may be anything:
//!
//! - a vmctx that is not that of an instance, and an index of something that the
//!   instance does not have, trap with [`Trap::Host`];
//! - an interval of bytes that does not lie in one area traps with
//!   [`Trap::ArenaOutOfBounds`];
//! - sizes are those of the trusted [`State`], whatever the arena says they are.
#![forbid(unsafe_code)]

use super::planted;
use super::state::{Instance, State, TableId};
use crate::arena::{Arena, OutOfArena};
use crate::executor::Slot;
use crate::program::{Builtin, ValType};
use crate::trap::Trap;

/// What a builtin that grows something returns when it cannot: -1 as a pointer.
const CANNOT_GROW: Slot = u32::MAX as Slot;

/// What a builtin without a meaningful result returns: success.
const DONE: Slot = 1;

/// Set in every element of a function table that holds a value, null included. An
/// element of 0 takes its value from the table's image when it is first read.
pub(super) const INITIALISED: u32 = 1;

/// Traps by the number that Wasmtime gives them.
const WASMTIME_TRAPS: [Trap; 12] = [
    Trap::StackOverflow,
    Trap::HeapOutOfBounds,
    Trap::HeapMisaligned,
    Trap::TableOutOfBounds,
    Trap::IndirectCallToNull,
    Trap::BadSignature,
    Trap::IntegerOverflow,
    Trap::IntegerDivisionByZero,
    Trap::BadConversionToInteger,
    Trap::Unreachable,
    Trap::Interrupt,
    Trap::OutOfFuel,
];

impl From<OutOfArena> for Trap {
    fn from(_: OutOfArena) -> Trap {
        Trap::ArenaOutOfBounds
    }
}

/// The arguments of one call.
pub(super) struct Args<'a>(&'a [Slot]);

impl Args<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "the CLIF parameter has 32 bits or less")]
    pub(super) fn u32(&self, position: usize) -> u32 {
        self.0.get(position).copied().unwrap_or(0) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "the CLIF parameter has 64 bits")]
    pub(super) fn u64(&self, position: usize) -> u64 {
        self.0.get(position).copied().unwrap_or(0) as u64
    }

    #[expect(clippy::cast_possible_truncation, reason = "the builtin takes the low byte")]
    fn u8(&self, position: usize) -> u8 {
        self.0.get(position).copied().unwrap_or(0) as u8
    }
}

impl State {
    /// Serves one call of a builtin.
    pub(super) fn serve(
        &mut self,
        arena: &mut dyn Arena,
        builtin: Builtin,
        args: &[Slot],
    ) -> Result<Slot, Trap> {
        let args = Args(args);
        match builtin {
            Builtin::MemoryGrow => self.memory_grow(arena, &args),
            Builtin::MemoryCopy => self.memory_copy(arena, &args),
            Builtin::MemoryFill => self.memory_fill(arena, &args),
            Builtin::MemoryAtomicNotify => self.notify(&args),
            Builtin::MemoryAtomicWait32 => self.wait::<4>(arena, &args),
            Builtin::MemoryAtomicWait64 => self.wait::<8>(arena, &args),
            Builtin::PassiveElemSegmentLen => self.segment_len(&args),
            Builtin::PassiveElemSegmentBase => self.segment_base(&args),
            Builtin::PassiveElemSegmentDrop => self.segment_drop(&args),
            Builtin::RefFunc => self.ref_func(&args),
            Builtin::TableGetLazyInitFuncRef => self.table_get(arena, &args),
            Builtin::TableGrow => self.table_grow(arena, &args),
            Builtin::GetInstanceId => self.instance_id(&args),
            Builtin::GcAllocRaw => self.allocate_object(arena, &args),
            Builtin::InternFuncRefForGcHeap => self.intern_func_ref(&args),
            Builtin::GetInternedFuncRef => self.interned_func_ref(&args),
            Builtin::IsSubtype => Ok(self.is_subtype(&args)),
            // Executors unwind instead, with the help of `State::thrown`.
            Builtin::ThrowRef => Err(Trap::Host),
            Builtin::Trap => Err(trap_of_number(args.u8(1))),
            // Host functions raise their traps themselves, so none is ever recorded.
            Builtin::Raise => Err(Trap::Host),
        }
    }

    /// The caller's instance.
    pub(super) fn caller(&self, args: &Args<'_>) -> Result<&Instance, Trap> {
        self.context(args.u32(0)).ok_or(Trap::Host)
    }

    /// The caller's number among the instances.
    fn instance_id(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        let id = self.contexts.get(&args.u32(0)).ok_or(Trap::Host)?;
        Ok(id.0.into())
    }

    /// `(vmctx, dst: i32, src: i32, len: i32)`.
    fn memory_copy(&self, arena: &mut dyn Arena, args: &Args<'_>) -> Result<Slot, Trap> {
        let (dst, src, len) = (args.u32(1), args.u32(2), args.u32(3));
        self.within_areas(dst, len)?;
        self.within_areas(src, len)?;
        arena.copy_within(dst, src, len)?;
        Ok(DONE)
    }

    /// `(vmctx, dst: i32, byte: i32, len: i32)`.
    fn memory_fill(&self, arena: &mut dyn Arena, args: &Args<'_>) -> Result<Slot, Trap> {
        let (dst, len) = (args.u32(1), args.u32(3));
        self.within_areas(dst, len)?;
        arena.fill(dst, args.u8(2), len)?;
        Ok(DONE)
    }

    /// Refuses what passes from one area to the next: no object does, and the whole arena,
    /// filled at one stroke, would be gigabytes of the host's memory.
    fn within_areas(&self, offset: u32, len: u32) -> Result<(), Trap> {
        if self.areas.hold(offset, len) { Ok(()) } else { Err(Trap::ArenaOutOfBounds) }
    }

    /// `memory.grow`: `(vmctx, delta: i64, memory: i32)`, the old size in pages.
    fn memory_grow(&mut self, arena: &mut dyn Arena, args: &Args<'_>) -> Result<Slot, Trap> {
        let id = self.caller(args)?.defined_memory(args.u32(2)).ok_or(Trap::Host)?;
        let memory = &mut self.memories[id.0 as usize];
        let old = memory.pages;
        match old.checked_add(args.u64(1)) {
            Some(pages) if pages <= memory.reserved => {
                let (field, len) = (memory.length_field, memory.bytes(pages));
                planted::store_length(&self.faults, &self.pointers, arena, field, len)?;
                memory.pages = pages;
                let (base, len) = (memory.base, memory.len_bytes());
                self.grown(base, len);
                Ok(Slot::from(old))
            }
            _ => Ok(CANNOT_GROW),
        }
    }

    /// Tells the object map, if there is one, of a new length.
    pub(super) fn grown(&self, base: u32, len: u32) {
        if let Some(objects) = &self.objects {
            objects.grow(base, u64::from(base) + u64::from(len));
        }
    }

    /// The first half of `table.grow`: `(vmctx, table: i32, delta: i64)`, the old size.
    /// New elements are 0; compiled code then stores the initial value in each.
    fn table_grow(&mut self, arena: &mut dyn Arena, args: &Args<'_>) -> Result<Slot, Trap> {
        let id = self.caller(args)?.defined_table(args.u32(1)).ok_or(Trap::Host)?;
        let table = &mut self.tables[id.0 as usize];
        let old = table.elements;
        let new = u32::try_from(args.u64(2)).ok().and_then(|delta| old.checked_add(delta));
        match new {
            Some(new) if new <= table.reserved => {
                let bytes = table.element_bytes;
                arena.fill(table.base + old * bytes, 0, (new - old) * bytes)?;
                let field = table.size_field;
                planted::store_length(&self.faults, &self.pointers, arena, field, new)?;
                table.elements = new;
                let base = table.base;
                self.grown(base, new * bytes);
                Ok(Slot::from(old))
            }
            _ => Ok(CANNOT_GROW),
        }
    }

    /// A read of a function table: `(vmctx, table: i32, index: i64)`, where the number
    /// of the table counts imports first.
    fn table_get(&mut self, arena: &mut dyn Arena, args: &Args<'_>) -> Result<Slot, Trap> {
        let tables = &self.caller(args)?.tables;
        let id = tables.get(args.u32(1) as usize).copied().ok_or(Trap::Host)?;
        let table = self.table(id);
        if table.ty.element != ValType::FuncRef {
            return Err(Trap::Host);
        }
        let index = u32::try_from(args.u64(2)).map_err(|_| Trap::TableOutOfBounds)?;
        if index >= table.elements {
            return Err(Trap::TableOutOfBounds);
        }
        let element = self.pointers.load(arena, table.base + index * table.element_bytes)?;
        Ok(match element {
            0 => self.initialise(arena, id, index)?.into(),
            word => self.func_ref_of(word),
        })
    }

    /// Makes an element of a function table, within its bounds, from the image.
    fn initialise(&self, arena: &mut dyn Arena, id: TableId, index: u32) -> Result<u32, Trap> {
        let table = self.table(id);
        let func_ref = table.image.get(index as usize).copied().unwrap_or(0);
        let word = self.pointers.to_guest(func_ref) | u64::from(INITIALISED);
        self.pointers.store(arena, table.base + index * table.element_bytes, word)?;
        Ok(func_ref)
    }

    /// The offset that an element holds, or what it holds instead.
    pub(super) fn func_ref_of(&self, element: u64) -> Slot {
        let pointer = Slot::from(element & !u64::from(INITIALISED));
        self.pointers.of_guest(pointer).map_or(pointer, Slot::from)
    }

    /// `(vmctx, segment: i32)`: its length, 0 once dropped.
    fn segment_len(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        let segment = self.caller(args)?.segments.get(args.u32(1) as usize).ok_or(Trap::Host)?;
        Ok(Slot::from(if segment.dropped { 0 } else { segment.len }))
    }

    /// `(vmctx, segment: i32)`: where its 16-byte slots lie.
    fn segment_base(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        let segment = self.caller(args)?.segments.get(args.u32(1) as usize).ok_or(Trap::Host)?;
        Ok(Slot::from(segment.base))
    }

    /// `elem.drop`: `(vmctx, segment: i32)`.
    fn segment_drop(&mut self, args: &Args<'_>) -> Result<Slot, Trap> {
        let id = *self.contexts.get(&args.u32(0)).ok_or(Trap::Host)?;
        let segments = &mut self.instances[id.0 as usize].segments;
        segments.get_mut(args.u32(1) as usize).ok_or(Trap::Host)?.dropped = true;
        Ok(DONE)
    }

    /// `ref.func`: `(vmctx, function: i32)`.
    fn ref_func(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        let func_refs = &self.caller(args)?.func_refs;
        let func_ref = func_refs.get(args.u32(1) as usize).copied().flatten();
        func_ref.map(Slot::from).ok_or(Trap::Host)
    }
}

fn trap_of_number(number: u8) -> Trap {
    WASMTIME_TRAPS.get(usize::from(number)).copied().unwrap_or(Trap::Host)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wasmtime's numbers follow those of the user codes that its front end emits,
    /// which a test of `frontend` compares with ours.
    #[test]
    fn trap_numbers_run_along_with_trap_codes() {
        let first = Trap::HeapMisaligned.code().as_raw().get() - 2;
        for (number, trap) in (0..).zip(WASMTIME_TRAPS) {
            let code = trap.code();
            if format!("{code}").starts_with("user") {
                assert_eq!(code.as_raw().get(), number + first, "{trap}");
            }
        }
        assert_eq!(trap_of_number(12), Trap::Host);
    }
}

//! The collector: copies what is reachable from one half of the GC heap to the other.
//!
//! Cheney's algorithm. Roots are the words of the shadow stack that hold references
//! (`passes::frame_map`), globals, tables and passive element segments. An object is copied
//! when the first reference to it is met; copied objects are scanned in the order in which
//! they were copied, until none is left.
//!
//! Everything read here is guest data, and may be anything. So where a copy went is kept
//! outside the arena, not in the object left behind; fields that hold references follow from
//! the trusted definition of the object's type; and a reference, a size, a length or a frame
//! that cannot be what it should ends the collection with [`Trap::GcHeapCorrupt`]. It ends
//! in any case: each object is copied once, and what is copied has room in its half.
#![forbid(unsafe_code)]

use std::ops::Range;

use super::gc_heap::{OBJECT_ALIGNMENT, RECORDS_END};
use super::state::State;
use super::structures::{SEGMENT_SLOT_BYTES, SHADOW_STACK};
use super::types::TypeId;
use crate::arena::Arena;
use crate::passes::frame_map::{MAP, VMCTX};
use crate::passes::shadow_stack;
use crate::program::ValType;
use crate::trap::Trap;
use crate::wasm_type::Composite;

/// Where an object's header holds its type, and its size in bytes.
pub(crate) const TYPE: u32 = 4;
pub(crate) const SIZE: u32 = 8;

/// Bytes of the header of an object.
pub(crate) const HEADER_BYTES: u32 = 16;

/// Where an array holds its length, and where its elements begin if they are references.
pub(crate) const ARRAY_LENGTH: u32 = HEADER_BYTES;
const ARRAY_REFERENCES: u32 = ARRAY_LENGTH + 4;

/// Where the fields of an exception begin: behind its tag.
const EXCEPTION_FIELDS: u32 = HEADER_BYTES + 8;

const REFERENCE_BYTES: u32 = 4;

impl State {
    /// Copies what is reachable of the objects in `from` to `to`, both offsets in the GC
    /// heap; gives the end of the copies. `to` is no shorter than `from`.
    pub(super) fn collect(
        &self,
        arena: &mut dyn Arena,
        from: Range<u32>,
        to: &Range<u32>,
    ) -> Result<u32, Trap> {
        let base = self.gc_heap.ok_or(Trap::Host)?.base;
        let granules = (from.end - from.start) / OBJECT_ALIGNMENT;
        let copies = vec![0; granules as usize];
        let mut copier = Copier { arena, base, from, next: to.start, end: to.end, copies };
        for root in self.roots(copier.arena)? {
            copier.update(root)?;
        }
        self.scan(&mut copier, to.start)?;
        Ok(copier.next)
    }

    /// Arena offsets of all words outside the heap that hold references.
    fn roots(&self, arena: &dyn Arena) -> Result<Vec<u32>, Trap> {
        let mut roots = self.stack_roots(arena)?;
        let globals = self.globals.iter().filter(|global| is_object(global.ty));
        roots.extend(globals.map(|global| global.definition));
        for table in self.tables.iter().filter(|table| is_object(table.ty.element)) {
            roots.extend((0..table.elements).map(|nth| table.base + nth * table.element_bytes));
        }
        let segments = self.instances.iter().flat_map(|instance| &instance.segments);
        for segment in segments.filter(|segment| is_object(segment.element) && !segment.dropped) {
            roots.extend((0..segment.len).map(|nth| segment.base + nth * SEGMENT_SLOT_BYTES));
        }
        Ok(roots)
    }

    /// The same of the shadow stack: frame by frame, from the latest.
    fn stack_roots(&self, arena: &dyn Arena) -> Result<Vec<u32>, Trap> {
        let bottom = self.stack_bottom;
        let mut frame = arena.load_u32(shadow_stack::POINTER)?;
        let mut roots = Vec::new();
        while frame != bottom {
            if !(SHADOW_STACK..bottom).contains(&frame) {
                return Err(Trap::GcHeapCorrupt);
            }
            let vmctx = arena.load_u32(frame + VMCTX)?;
            let number = arena.load_u32(frame + MAP)? as usize;
            let program = self.context(vmctx).ok_or(Trap::GcHeapCorrupt)?.program;
            let map = self.frame_maps[program as usize].get(number).ok_or(Trap::GcHeapCorrupt)?;
            roots.extend(map.references.iter().map(|offset| frame + offset));
            frame = frame.checked_add(map.size).ok_or(Trap::GcHeapCorrupt)?;
        }
        Ok(roots)
    }

    /// Updates the references in all copies from `at` on; there may be more and more.
    fn scan(&self, copier: &mut Copier<'_>, mut at: u32) -> Result<(), Trap> {
        while at < copier.next {
            let ty = self.types.find(copier.word(at + TYPE)?).ok_or(Trap::GcHeapCorrupt)?;
            let size = copier.size(at, copier.next)?;
            match self.types.composite(ty) {
                Composite::Struct(_) | Composite::Exn(_) => {
                    copier.fields(at..at + size, self.types.references(ty))
                }
                Composite::Array(element) if is_object(element.ty.representation()) => {
                    copier.elements(at..at + size)
                }
                Composite::Array(_) => Ok(()),
                Composite::Func(..) => Err(Trap::GcHeapCorrupt),
            }?;
            at += size;
        }
        Ok(())
    }
}

/// Whether values of a type are references to objects.
fn is_object(ty: ValType) -> bool {
    ty.is_reference() && ty != ValType::FuncRef
}

/// Offsets of the fields that hold references in a struct or an exception: fields follow each
/// other, each at a multiple of its width.
pub(super) fn references(composite: &Composite<TypeId>) -> Box<[u32]> {
    let (fields, mut end) = match composite {
        Composite::Struct(fields) => (fields, HEADER_BYTES),
        Composite::Exn(fields) => (fields, EXCEPTION_FIELDS),
        Composite::Array(_) | Composite::Func(..) => return Box::default(),
    };
    let mut found = Vec::new();
    for field in fields {
        let ty = field.ty.representation();
        let width = width(ty);
        let offset = end.next_multiple_of(width);
        end = offset + width;
        if is_object(ty) {
            found.push(offset);
        }
    }
    found.into()
}

/// Bytes of a field.
fn width(ty: ValType) -> u32 {
    match ty {
        ValType::I8 => 1,
        ValType::I16 => 2,
        ValType::I64 | ValType::F64 => 8,
        ValType::V128 | ValType::I128 => 16,
        _ => 4,
    }
}

/// One collection under way.
struct Copier<'a> {
    arena: &'a mut dyn Arena,
    /// Arena offset of the heap; all others are offsets in it.
    base: u32,
    from: Range<u32>,
    /// Where the next copy goes, and where there is no room left.
    next: u32,
    end: u32,
    /// Where the object at each granule of `from` went; 0 if it was not copied.
    copies: Vec<u32>,
}

impl Copier<'_> {
    fn word(&self, at: u32) -> Result<u32, Trap> {
        Ok(self.arena.load_u32(self.base + at)?)
    }

    /// The size of an object that ends before `limit`.
    fn size(&self, object: u32, limit: u32) -> Result<u32, Trap> {
        let size = self.word(object + SIZE)?;
        let fits = (HEADER_BYTES..=limit - object).contains(&size);
        let whole = size.is_multiple_of(OBJECT_ALIGNMENT);
        if fits && whole { Ok(size) } else { Err(Trap::GcHeapCorrupt) }
    }

    /// Updates the references at some offsets in a struct or an exception.
    fn fields(&mut self, object: Range<u32>, references: &[u32]) -> Result<(), Trap> {
        for offset in references {
            if offset + REFERENCE_BYTES > object.end - object.start {
                return Err(Trap::GcHeapCorrupt);
            }
            self.update(self.base + object.start + offset)?;
        }
        Ok(())
    }

    /// Updates the elements of an array of references.
    fn elements(&mut self, object: Range<u32>) -> Result<(), Trap> {
        let first = object.start + ARRAY_REFERENCES;
        let bytes = self.word(object.start + ARRAY_LENGTH)?.checked_mul(REFERENCE_BYTES);
        let end = bytes.and_then(|bytes| first.checked_add(bytes));
        let end = end.filter(|&end| end <= object.end).ok_or(Trap::GcHeapCorrupt)?;
        (first..end)
            .step_by(REFERENCE_BYTES as usize)
            .try_for_each(|element| self.update(self.base + element))
    }

    /// Lets the word at an arena offset refer to the copy of what it refers to.
    fn update(&mut self, place: u32) -> Result<(), Trap> {
        let old = self.arena.load_u32(place)?;
        let new = self.copied(old)?;
        if new != old {
            self.arena.store_u32(place, new)?;
        }
        Ok(())
    }

    /// The reference to the copy. Null, integers and the host's references stay.
    fn copied(&mut self, reference: u32) -> Result<u32, Trap> {
        if reference & 1 == 1 || reference < RECORDS_END {
            return Ok(reference);
        }
        if !self.from.contains(&reference) || !reference.is_multiple_of(OBJECT_ALIGNMENT) {
            return Err(Trap::GcHeapCorrupt);
        }
        let granule = ((reference - self.from.start) / OBJECT_ALIGNMENT) as usize;
        if self.copies[granule] == 0 {
            let size = self.size(reference, self.from.end)?;
            if size > self.end - self.next {
                return Err(Trap::GcHeapCorrupt);
            }
            self.arena.copy_within(self.base + self.next, self.base + reference, size)?;
            self.copies[granule] = self.next;
            self.next += size;
        }
        Ok(self.copies[granule])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm_type::{FieldType, HeapType, RefType, Type};

    #[test]
    fn fields_lie_at_multiples_of_their_width() {
        let field = |ty| FieldType { ty, mutable: false };
        let object = Type::Ref(RefType { nullable: true, heap: HeapType::Any });
        let fields = vec![
            field(Type::Plain(ValType::I8)),
            field(object),
            field(Type::Plain(ValType::V128)),
            field(Type::Ref(RefType { nullable: true, heap: HeapType::Func })),
            field(object),
        ];
        assert_eq!(*references(&Composite::Struct(fields)), [20, 52]);
    }
}

//! Where the VM structures of one instance lie, and how large what it reserves is.
//!
//! An instance's area holds, in this order: vmctx, the array of type ids, the definitions
//! of its shared memories, to which vmctx only points, the bytes of its runtime data
//! segments, the 16-byte slots of its passive element segments.
#![forbid(unsafe_code)]

use super::areas::{AreaKind, Areas, OutOfAreas};
use super::gc_heap::GC_HEAP_BYTES;
use super::pointers::element_bytes;
use crate::arena::{NULL_PAGE, PAGE};
use crate::passes::shadow_stack;
use crate::program::{Memory, Program, Table};

/// Alignment of every part of an instance: that of the widest field.
const ALIGNMENT: u64 = 16;

/// Bytes of an element of a passive segment.
pub(super) const SEGMENT_SLOT_BYTES: u32 = 16;

/// Bytes of the shadow stack: room for 16 frames of 64 bytes for each of the deepest
/// nesting of calls that a run may be given.
pub(super) const SHADOW_STACK_BYTES: u32 = 4 << 20;

/// Linear memories begin here where they fit: VM structures then have offsets below
/// 2^31 and guest data above, so that a sign taken for a bit shows in every program.
const MEMORY_FLOOR: u32 = 1 << 31;

/// Elements that a table may have at all, whatever a module declares.
const MAX_TABLE_ELEMENTS: u64 = 10_000_000;

/// How far the memories and tables of a run may grow, where a module sets no lower
/// maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservations {
    /// Bytes of one linear memory. A larger minimum is unsupported.
    pub memory_bytes: u64,
    /// Elements of one table. A larger minimum is reserved as it is, up to a cap.
    pub table_elements: u64,
}

impl Default for Reservations {
    fn default() -> Reservations {
        Reservations { memory_bytes: 256 << 20, table_elements: 100_000 }
    }
}

/// Something that a module asks for is larger than what an arena gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLarge {
    /// A linear memory.
    #[error("memory limit ({minimum_pages} pages)")]
    Memory {
        /// Its minimum.
        minimum_pages: u64,
    },
    /// A table.
    #[error("table limit ({minimum} elements)")]
    Table {
        /// Its minimum.
        minimum: u64,
    },
    /// All of it together.
    #[error(transparent)]
    Areas(#[from] OutOfAreas),
}

/// How much a memory reserves, in pages of its own.
pub(super) fn reserved_pages(memory: &Memory, limits: Reservations) -> Result<u64, TooLarge> {
    let allowed = limits.memory_bytes >> memory.page_size_log2;
    if memory.min_pages > allowed {
        return Err(TooLarge::Memory { minimum_pages: memory.min_pages });
    }
    Ok(memory.max_pages.unwrap_or(u64::MAX).min(allowed))
}

/// How much a table reserves, in elements.
pub(super) fn reserved_elements(table: &Table, limits: Reservations) -> Result<u32, TooLarge> {
    let allowed = limits.table_elements.max(table.min);
    let reserved = table.max.unwrap_or(u64::MAX).min(allowed);
    let too_large = TooLarge::Table { minimum: table.min };
    if table.min > MAX_TABLE_ELEMENTS {
        return Err(too_large);
    }
    u32::try_from(reserved.min(MAX_TABLE_ELEMENTS)).map_err(|_| too_large)
}

/// The parts of an instance's area, relative to its start. vmctx is at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) type_ids: u64,
    /// `VMMemoryDefinition`s, one after another.
    pub(super) shared_memories: u64,
    pub(super) data: Vec<u64>,
    pub(super) elements: Vec<u64>,
    pub(super) len: u64,
}

impl Parts {
    fn of(program: &Program) -> Parts {
        let module = &program.module;
        let mut next = 0;
        let mut place = |len: u64| {
            let start = next;
            next = (start + len).next_multiple_of(ALIGNMENT);
            start
        };
        place(u64::from(program.layout.vmctx.size));
        let type_ids = place(4 * module.types.len() as u64);
        let defined = &module.memories[program.layout.imported_memories.count as usize..];
        let shared = defined.iter().filter(|memory| memory.shared).count() as u64;
        let shared_memories = place(shared * u64::from(program.layout.memory.size));
        let data = module.runtime_data.iter().map(|data| place(data.len() as u64)).collect();
        let slot = u64::from(SEGMENT_SLOT_BYTES);
        let segments = module.passive_elements.iter();
        let elements = segments.map(|segment| place(u64::from(segment.len) * slot)).collect();
        Parts { type_ids, shared_memories, data, elements, len: place(0) }
    }
}

/// Bytes of a passive segment that has an area.
pub(super) fn segment_bytes(elements: u32) -> u32 {
    elements * SEGMENT_SLOT_BYTES
}

/// The areas of a store that has no instances yet.
///
/// # Errors
/// [`OutOfAreas`].
pub(super) fn store_areas(areas: &mut Areas) -> Result<(), OutOfAreas> {
    areas.allocate(AreaKind::Store, u64::from(PAGE))?;
    let stack = areas.allocate(AreaKind::ShadowStack, u64::from(SHADOW_STACK_BYTES))?;
    debug_assert_eq!(stack.offset, SHADOW_STACK);
    Ok(())
}

/// The length of an arena for a store with one instance of each of `programs`.
///
/// # Errors
/// [`TooLarge`].
pub fn arena_len(programs: &[&Program], limits: Reservations) -> Result<u32, TooLarge> {
    let mut areas = Areas::unbounded();
    store_areas(&mut areas)?;
    for program in programs {
        instance_areas(&mut areas, program, limits)?;
    }
    Ok(areas.end())
}

/// Gives out the areas of one instance: its structures, then those of the tables and
/// memories that it defines.
pub(super) fn instance_areas(
    areas: &mut Areas,
    program: &Program,
    limits: Reservations,
) -> Result<InstanceAreas, TooLarge> {
    let module = &program.module;
    let gc_heap = gc_heap_area(areas, program)?;
    let parts = Parts::of(program);
    let vmctx = areas.allocate(AreaKind::Instance, parts.len)?.offset;
    let mut tables = Vec::new();
    for table in &module.tables[program.layout.imported_tables.count as usize..] {
        let reserved = reserved_elements(table, limits)?;
        let bytes = element_bytes(program.layout.addressing, table.element);
        let len = u64::from(reserved) * u64::from(bytes);
        tables.push((areas.allocate(AreaKind::Table, len)?.offset, reserved));
    }
    let defined = &module.memories[program.layout.imported_memories.count as usize..];
    let reserved = defined.iter().map(|memory| reserved_pages(memory, limits));
    let reserved = reserved.collect::<Result<Vec<u64>, TooLarge>>()?;
    let bytes = |(memory, pages): (&Memory, &u64)| pages << memory.page_size_log2;
    let total = defined.iter().zip(&reserved).map(bytes).sum();
    if total > 0 {
        areas.lift(MEMORY_FLOOR, reserved.len(), total);
    }
    let mut memories = Vec::new();
    for (memory, pages) in defined.iter().zip(reserved) {
        let area = areas.allocate(AreaKind::Memory, bytes((memory, &pages)))?;
        memories.push((area.offset, pages));
    }
    Ok(InstanceAreas { gc_heap, vmctx, parts, tables, memories })
}

/// The GC heap, with the first program that needs it.
fn gc_heap_area(areas: &mut Areas, program: &Program) -> Result<Option<u32>, OutOfAreas> {
    let has_one = areas.all().iter().any(|area| area.kind == AreaKind::GcHeap);
    if has_one || !program.module.needs_gc_heap {
        return Ok(None);
    }
    areas.allocate(AreaKind::GcHeap, GC_HEAP_BYTES.into()).map(|area| Some(area.offset))
}

/// Where an instance and what it defines lie, each with what it reserves.
#[derive(Debug)]
pub(super) struct InstanceAreas {
    /// Offset of the store's GC heap, if the instance is the first that needs one.
    pub(super) gc_heap: Option<u32>,
    pub(super) vmctx: u32,
    pub(super) parts: Parts,
    /// Offset and elements.
    pub(super) tables: Vec<(u32, u32)>,
    /// Offset and pages.
    pub(super) memories: Vec<(u32, u64)>,
}

/// Offset of the lowest byte of the shadow stack: its area follows the store's.
pub(super) const SHADOW_STACK: u32 = NULL_PAGE + 2 * PAGE;

/// Offset of the store context: after the words of the shadow stack.
pub(super) const STORE_CONTEXT: u32 = shadow_stack::WORDS_END.next_multiple_of(16);

/// Offset of the collector's data: behind the store context, which is far smaller.
pub(super) const GC_HEAP_DATA: u32 = STORE_CONTEXT + 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm_type::{HeapType, RefType};

    fn memory(min_pages: u64, max_pages: Option<u64>) -> Memory {
        Memory { min_pages, max_pages, page_size_log2: 16, is_64: false, shared: false }
    }

    #[test]
    fn a_memory_reserves_the_least_of_its_maximum_and_the_limit() {
        let limits = Reservations { memory_bytes: 16 << 16, table_elements: 10 };
        assert_eq!(reserved_pages(&memory(1, None), limits), Ok(16));
        assert_eq!(reserved_pages(&memory(1, Some(2)), limits), Ok(2));
        assert_eq!(reserved_pages(&memory(16, Some(65536)), limits), Ok(16));
        assert_eq!(
            reserved_pages(&memory(17, None), limits),
            Err(TooLarge::Memory { minimum_pages: 17 })
        );
    }

    #[test]
    fn a_table_reserves_its_minimum_up_to_the_cap() {
        let limits = Reservations { memory_bytes: 0, table_elements: 10 };
        let table = |min, max| Table {
            min,
            max,
            element: crate::program::ValType::FuncRef,
            declared: RefType { nullable: true, heap: HeapType::Func },
            is_64: false,
            image: Vec::new(),
        };
        assert_eq!(reserved_elements(&table(1, None), limits), Ok(10));
        assert_eq!(reserved_elements(&table(1, Some(2)), limits), Ok(2));
        assert_eq!(reserved_elements(&table(11, Some(20)), limits), Ok(11));
        let minimum = u64::from(u32::MAX);
        assert_eq!(
            reserved_elements(&table(minimum, None), limits),
            Err(TooLarge::Table { minimum })
        );
    }
}

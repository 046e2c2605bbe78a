//! Where the fields lie that a schedule of corruption names, and calls that follow one.
//!
//! Names are looked up in the layouts of the instances and in the trusted state, once for
//! each run: what is corrupted later cannot redirect a write.
#![forbid(unsafe_code)]

use std::ops::Range;

use super::Store;
use super::gc_heap::GC_HEAP_BYTES;
use super::state::{Instance, State};
use super::structures::{
    GC_HEAP_DATA, SEGMENT_SLOT_BYTES, SHADOW_STACK, SHADOW_STACK_BYTES, STORE_CONTEXT,
};
use crate::arena::Arena;
use crate::code_table::CodeIndex;
use crate::corrupt::{Corrupting, Corruption, Event, Field, Intercepted, Place, Places};
use crate::executor::{Executor, Limits, Slot, Stop};
use crate::layout::{CopyingHeapData, Structure};
use crate::trap::Trap;

impl Places for Store {
    fn place(&self, field: &Field) -> Option<Place> {
        let last = self.state.instances.len().checked_sub(1)?;
        let instance = field.instance.map_or(last, |number| number as usize);
        let instance = self.state.instances.get(instance)?;
        let Field { structure, field: name, index, .. } = field;
        let otherwise = || in_structure(instance, structure, name, *index);
        self.state.in_array(instance, field).or_else(otherwise)
    }

    fn pointer(&self, offset: u32) -> u64 {
        self.state.pointers.to_guest(offset)
    }

    fn code(&self, index: u32) -> u64 {
        self.state.pointers.code(CodeIndex(index))
    }
}

impl State {
    /// A place in one of the arrays whose fields are numbers.
    fn in_array(&self, instance: &Instance, field: &Field) -> Option<Place> {
        let index = field.index as usize;
        let (base, stride, count) = match field.structure.as_str() {
            "table" => {
                let table = self.table(*instance.tables.get(index)?);
                (table.base, table.element_bytes, table.reserved)
            }
            "memory" => {
                let memory = self.memory(*instance.memories.get(index)?);
                (memory.base, 1, memory.bytes(memory.reserved))
            }
            "passive segment" => {
                let segment = instance.segments.get(index)?;
                (segment.base, SEGMENT_SLOT_BYTES, segment.len)
            }
            "type ids" if index == 0 => {
                (instance.type_ids, 4, u32::try_from(instance.types.len()).ok()?)
            }
            "shadow stack" if index == 0 => (SHADOW_STACK, 1, SHADOW_STACK_BYTES),
            "GC heap" if index == 0 => (self.gc_heap?.base, 1, GC_HEAP_BYTES),
            _ => return None,
        };
        let number: u32 = field.field.parse().ok()?;
        (number < count).then_some(Place { offset: base + number * stride, width: stride })
    }
}

/// A field of the structure at `index` of those of a name.
pub(super) fn in_structure(
    instance: &Instance,
    structure: &str,
    field: &str,
    index: u32,
) -> Option<Place> {
    let structures = instance.layout.catalogue();
    let structure = structures.iter().find(|known| known.name == structure)?;
    let within = structure.fields.iter().find(|known| known.name == field)?;
    let first = offset_of(structure, instance.vmctx);
    let at = (index < structure.count).then(|| first + index * structure.size)?;
    Some(Place { offset: at + within.offset, width: within.width })
}

/// Where the first structure of a name lies that an instance has or reaches.
pub(super) fn offset_of(structure: &Structure, vmctx: u32) -> u32 {
    match structure.in_vmctx {
        Some(offset) => vmctx + offset,
        None if structure.name == CopyingHeapData::NAME => GC_HEAP_DATA,
        None => STORE_CONTEXT,
    }
}

impl Store {
    /// Has the calls to come corrupted, or not.
    pub fn corrupt(&mut self, corruption: Option<Corruption>) {
        self.corruption = corruption;
    }

    /// What linear memories may grow to. Anything else in the arena is VM data.
    fn memory_ranges(&self) -> Vec<Range<u32>> {
        let memories = self.state.memories.iter();
        memories.map(|memory| memory.base..memory.base + memory.bytes(memory.reserved)).collect()
    }

    /// Lets the executor run, with the runtime to serve it.
    pub(super) fn run_guest(
        &mut self,
        executor: &mut dyn Executor,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        let Some(corruption) = self.corruption.clone() else {
            return executor.call(&self.code, &mut self.state, code, args, limits);
        };
        corruption.at(Event::Entry, None, executor.arena());
        let memories = self.memory_ranges();
        let mut services = Corrupting::new(&corruption, &mut self.state, &memories);
        executor.call(&self.code, &mut services, code, args, limits)
    }

    /// Runs a host function for nobody but the host.
    pub(super) fn run_alone(
        &mut self,
        arena: &mut dyn Arena,
        number: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap> {
        let Some(corruption) = self.corruption.clone() else {
            return self.state.run_host(arena, number, args, results);
        };
        corruption.at(Event::HostCall, None, arena);
        let memories = self.memory_ranges();
        let mut arena = Intercepted::new(&corruption, "a host function", arena, &memories);
        self.state.run_host(&mut arena, number, args, results)
    }
}

//! Which accesses lie in the object that they name.
//!
//! The front end gives each access an alias region: the structure, memory or table
//! that it means. In an unconfused program an access to a region lies inside an object
//! of that region, or it traps. An [`ObjectMap`] knows the objects from the trusted
//! state and follows their growth; the interpreter asks it, access by access, when
//! told to.
//!
//! Accesses outside the arena trap, so they pass here. Import records and the arrays
//! of vmctx count as parts of vmctx.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Store;
use super::state::{Instance, State};
use super::structures::{GC_HEAP_DATA, STORE_CONTEXT, segment_bytes};
use crate::arena::NULL_PAGE;
use crate::passes::Prepared;
use crate::site::SiteId;

/// What an alias region stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// A vmctx with its arrays.
    Context,
    /// The store context.
    StoreContext,
    /// A `VMFuncRef`.
    FuncRef,
    /// A `VMMemoryDefinition`.
    MemoryDefinition,
    /// A `VMTableDefinition`.
    TableDefinition,
    /// The array of type ids of an instance.
    TypeIds,
    /// A global.
    Global,
    /// Garbage-collected objects, any of them.
    GcHeap,
    /// What the collector keeps.
    GcHeapData,
    /// Slots of passive element segments.
    ElementSegment,
    /// Bytes of a runtime data segment, which only builtins access.
    DataSegment,
    /// Elements of a table: of the one that its module defines at this number, or of any.
    Table(Option<u32>),
    /// Bytes of a memory: the same.
    Memory(Option<u32>),
    /// Something that no access of a correct program names.
    Nothing,
}

impl Object {
    /// What the front end means by a region's name; `None` for names that are not
    /// the front end's.
    #[must_use]
    pub fn named(region: &str) -> Option<Object> {
        let end = region.find(['+', '(']).unwrap_or(region.len());
        Some(match &region[..end] {
            "VMContext" | "VMFunctionImport" | "VMMemoryImport" | "VMTableImport"
            | "VMGlobalImport" | "VMTagImport" => Object::Context,
            "VMStoreContext" => Object::StoreContext,
            "VMFuncRef" => Object::FuncRef,
            "VMMemoryDefinition" => Object::MemoryDefinition,
            "VMTableDefinition" => Object::TableDefinition,
            "TypeIdsArray" => Object::TypeIds,
            "VMGlobalDefinition" | "PublicGlobal" | "DefinedGlobal" => Object::Global,
            "ElementSegment" => Object::ElementSegment,
            "PublicTable" => Object::Table(None),
            "DefinedTable" => Object::Table(Some(number(region)?)),
            "PublicMemory" => Object::Memory(None),
            "DefinedMemory" => Object::Memory(Some(number(region)?)),
            "GcHeap" => Object::GcHeap,
            "VMCopyingHeapData" => Object::GcHeapData,
            "BuiltinFunctionsArray" | "EpochCounter" | "HostValRaw" => Object::Nothing,
            _ => return None,
        })
    }
}

/// The last number in the name of a region, such as 2 in
/// `DefinedMemory(StaticModuleIndex(0), DefinedMemoryIndex(2))`.
fn number(region: &str) -> Option<u32> {
    let text = region.trim_end_matches(')');
    text[text.rfind('(')? + 1..].parse().ok()
}

/// Objects of one kind, as far as one program can name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(usize);

/// Ascending, disjoint intervals of the arena: start and end.
type Intervals = Vec<(u64, u64)>;

/// Where the objects of a store lie.
#[derive(Debug)]
pub struct ObjectMap {
    arena_len: u64,
    classes: Vec<Intervals>,
    /// By program, where that matters.
    index: HashMap<(Option<u32>, Object), Class>,
}

/// An [`ObjectMap`] that its store keeps up to date.
#[derive(Clone, Debug)]
pub struct SharedObjectMap(Arc<Mutex<ObjectMap>>);

impl SharedObjectMap {
    /// The classes of the sites of some programs, given in load order.
    #[must_use]
    pub fn classes(&self, programs: &[&Prepared]) -> SiteClasses {
        let map = self.lock();
        let of = |(number, program): (u32, &&Prepared)| {
            program.sites.iter().map(|site| map.class(number, &site.region)).collect()
        };
        SiteClasses((0..).zip(programs).map(of).collect())
    }

    /// Whether an access by a site lies in an object that the site may touch.
    #[must_use]
    pub fn holds(
        &self,
        classes: &SiteClasses,
        program: u32,
        site: SiteId,
        offset: u32,
        width: u32,
    ) -> bool {
        classes.get(program, site).is_none_or(|class| self.lock().holds(class, offset, width))
    }

    /// Whether an access lies in one object of a kind, whosever.
    #[must_use]
    pub fn lies_in(&self, object: Object, offset: u32, width: u32) -> bool {
        let map = self.lock();
        let class = map.index.get(&(None, object)).copied();
        class.is_some_and(|class| map.holds(class, offset, width))
    }

    pub(super) fn grow(&self, base: u32, end: u64) {
        self.lock().grow(base, end);
    }

    /// A panic elsewhere cannot have left the map half changed.
    fn lock(&self) -> MutexGuard<'_, ObjectMap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What each site of each program may touch.
#[derive(Clone, Debug)]
pub struct SiteClasses(Vec<Vec<Option<Class>>>);

impl SiteClasses {
    fn get(&self, program: u32, site: SiteId) -> Option<Class> {
        self.0.get(program as usize)?.get(site.0 as usize).copied().flatten()
    }
}

#[cfg(test)]
impl ObjectMap {
    /// A map of objects given by the names of regions, for one program.
    pub(crate) fn of_intervals(arena_len: u32, of: &[(&str, Intervals)]) -> SharedObjectMap {
        let arena_len = u64::from(arena_len);
        let mut map = ObjectMap { arena_len, classes: Vec::new(), index: HashMap::new() };
        for (region, intervals) in of {
            let object = Object::named(region).expect("a name of the front end");
            let numbered = matches!(object, Object::Table(Some(_)) | Object::Memory(Some(_)));
            map.add(numbered.then_some(0), object, intervals.clone());
        }
        SharedObjectMap(Arc::new(Mutex::new(map)))
    }
}

#[cfg(test)]
impl SharedObjectMap {
    /// The classes of sites with these regions.
    pub(crate) fn classes_of(&self, regions: &[&str]) -> SiteClasses {
        let map = self.lock();
        SiteClasses(vec![regions.iter().map(|region| map.class(0, region)).collect()])
    }
}

impl ObjectMap {
    /// The objects that an access of a program (by load order) to `region` may touch;
    /// `None` when the region says nothing.
    #[must_use]
    pub fn class(&self, program: u32, region: &str) -> Option<Class> {
        let object = Object::named(region)?;
        let key = match object {
            Object::Table(Some(_)) | Object::Memory(Some(_)) => (Some(program), object),
            _ => (None, object),
        };
        self.index.get(&key).copied()
    }

    /// Whether an access lies in an object of the class, or traps anyway.
    #[must_use]
    pub fn holds(&self, class: Class, offset: u32, width: u32) -> bool {
        let (start, end) = (u64::from(offset), u64::from(offset) + u64::from(width));
        if start < u64::from(NULL_PAGE) || end > self.arena_len {
            return true;
        }
        let intervals = &self.classes[class.0];
        let after = intervals.partition_point(|&(first, _)| first <= start);
        after > 0 && end <= intervals[after - 1].1
    }

    /// Notes that the table or memory that begins at `base` now ends at `end`.
    pub(super) fn grow(&mut self, base: u32, end: u64) {
        for intervals in &mut self.classes {
            if let Ok(at) = intervals.binary_search_by_key(&u64::from(base), |&(start, _)| start) {
                intervals[at].1 = end;
            }
        }
    }

    fn add(&mut self, program: Option<u32>, object: Object, mut intervals: Intervals) {
        intervals.sort_unstable();
        self.index.insert((program, object), Class(self.classes.len()));
        self.classes.push(intervals);
    }
}

impl Store {
    /// Where the objects of all instances made so far lie; kept up to date from now
    /// on as they grow, but for instances made later.
    pub fn object_map(&mut self, arena_len: u32) -> SharedObjectMap {
        let map = SharedObjectMap(Arc::new(Mutex::new(self.state.map_objects(arena_len))));
        self.state.objects = Some(map.clone());
        map
    }
}

/// An instance has far fewer types than its module has bytes.
fn type_id_bytes(of: &Instance) -> u32 {
    u32::try_from(4 * of.types.len()).unwrap_or(u32::MAX)
}

fn interval(offset: u32, len: u32) -> (u64, u64) {
    (u64::from(offset), u64::from(offset) + u64::from(len))
}

impl State {
    fn map_objects(&self, arena_len: u32) -> ObjectMap {
        let arena_len = u64::from(arena_len);
        let mut map = ObjectMap { arena_len, classes: Vec::new(), index: HashMap::new() };
        let each = |part: fn(&Instance) -> (u64, u64)| self.instances.iter().map(part).collect();
        map.add(None, Object::Nothing, Vec::new());
        map.add(None, Object::Context, each(|of| interval(of.vmctx, of.layout.vmctx.size)));
        map.add(None, Object::TypeIds, each(|of| interval(of.type_ids, type_id_bytes(of))));
        let size = self.instances.first().map_or(0, |of| of.layout.store_context.size);
        map.add(None, Object::StoreContext, vec![interval(STORE_CONTEXT, size)]);
        let func_refs = self.instances.iter().flat_map(|of| {
            let made = of.func_refs.iter().flatten();
            made.map(|&offset| interval(offset, of.layout.func_ref.size))
        });
        map.add(None, Object::FuncRef, func_refs.collect());
        let segments = self.instances.iter().flat_map(|of| &of.segments);
        let segments = segments.map(|segment| interval(segment.base, segment_bytes(segment.len)));
        map.add(None, Object::ElementSegment, segments.collect());
        let data = self.instances.iter().flat_map(|of| &of.data);
        map.add(None, Object::DataSegment, data.map(|&(at, len)| interval(at, len)).collect());
        let heap = self.gc_heap.map(|heap| interval(heap.base, heap.len()));
        map.add(None, Object::GcHeap, heap.into_iter().collect());
        let size = self.instances.iter().map(|of| of.layout.copying_heap_data.size).max();
        map.add(None, Object::GcHeapData, vec![interval(GC_HEAP_DATA, size.unwrap_or(0))]);
        self.map_globals(&mut map);
        self.map_tables(&mut map);
        self.map_memories(&mut map);
        map
    }

    fn map_globals(&self, map: &mut ObjectMap) {
        let size = |owner| self.instance(owner).layout.global.size;
        let globals = self.globals.iter();
        let globals = globals.map(|global| interval(global.definition, size(global.owner.0)));
        map.add(None, Object::Global, globals.collect());
    }

    fn map_tables(&self, map: &mut ObjectMap) {
        let (mut definitions, mut all) = (Vec::new(), Vec::new());
        for table in &self.tables {
            let instance = self.instance(table.owner.0);
            let elements = interval(table.base, table.elements * table.element_bytes);
            let object = Object::Table(Some(table.owner.1));
            map.add(Some(instance.program), object, vec![elements]);
            definitions.push(interval(table.definition, instance.layout.table.size));
            all.push(elements);
        }
        map.add(None, Object::TableDefinition, definitions);
        map.add(None, Object::Table(None), all);
    }

    fn map_memories(&self, map: &mut ObjectMap) {
        let (mut definitions, mut all) = (Vec::new(), Vec::new());
        for memory in &self.memories {
            let instance = self.instance(memory.owner.0);
            let bytes = interval(memory.base, memory.len_bytes());
            let object = Object::Memory(Some(memory.owner.1));
            map.add(Some(instance.program), object, vec![bytes]);
            definitions.push(interval(memory.definition, instance.layout.memory.size));
            all.push(bytes);
        }
        map.add(None, Object::MemoryDefinition, definitions);
        map.add(None, Object::Memory(None), all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_front_end_are_understood() {
        let memory = "DefinedMemory(StaticModuleIndex(0), DefinedMemoryIndex(2))";
        assert_eq!(Object::named(memory), Some(Object::Memory(Some(2))));
        assert_eq!(Object::named("VMMemoryDefinition+0x4"), Some(Object::MemoryDefinition));
        assert_eq!(Object::named("PublicTable"), Some(Object::Table(None)));
        assert_eq!(Object::named("something else"), None);
        assert_eq!(Object::named(""), None);
    }

    #[test]
    fn an_access_must_lie_wholly_in_one_object() {
        let mut map = ObjectMap { arena_len: 0x4_0000, classes: Vec::new(), index: HashMap::new() };
        map.add(None, Object::Memory(None), vec![(0x2_0000, 0x2_1000), (0x3_0000, 0x3_0000)]);
        let class = map.class(0, "PublicMemory").expect("known");
        assert!(map.holds(class, 0x2_0000, 8) && map.holds(class, 0x2_0ff8, 8));
        assert!(!map.holds(class, 0x2_0ff9, 8), "crosses the end");
        assert!(!map.holds(class, 0x1_ffff, 1) && !map.holds(class, 0x3_0000, 1));
        assert!(map.holds(class, 0, 4) && map.holds(class, 0x3_fffd, 4), "these trap");
        map.grow(0x3_0000, 0x3_0010);
        assert!(map.holds(class, 0x3_0000, 16));
    }
}

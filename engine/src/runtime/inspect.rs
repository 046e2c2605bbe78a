//! Looking at what guest code left behind.
//!
//! Sizes come from the trusted state, contents from the arena. The digest of an arena
//! covers structures, the outermost frames of the shadow stack, and table elements,
//! memories and the GC heap up to their current size. Equal runs have equal digests in every
//! executor.
#![forbid(unsafe_code)]

use xxhash_rust::xxh3::Xxh3Default;

use super::areas::AreaKind;
use super::state::{Memory, State};
use super::structures::{SHADOW_STACK, SHADOW_STACK_BYTES};
use super::value::Value;
use super::{GlobalId, InstanceId, MemoryId, Store, TableId};
use crate::arena::{Arena, OutOfArena, PAGE};
use crate::program::ValType;

/// How many elements of a table are shown.
pub const SHOWN_ELEMENTS: u32 = 1024;

/// Bytes at the top of the shadow stack that a digest covers: where the outermost
/// frames lie.
const FRAMES_DIGESTED: u32 = 4 * PAGE;

/// A memory of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryState {
    /// Position in the module's index space.
    pub index: usize,
    /// Current size.
    pub pages: u64,
    /// XXH3 of its current bytes.
    pub digest: u64,
}

/// A table of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableState {
    /// Position in the module's index space.
    pub index: usize,
    /// Current number of elements.
    pub size: u32,
    /// The first [`SHOWN_ELEMENTS`]: as in [`Value::bits`].
    pub elements: Vec<Option<u128>>,
}

/// A global of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalState {
    /// Position in the module's index space.
    pub index: usize,
    /// Its value.
    pub value: Value,
}

/// XXH3 of each memory of a store, as it was when they were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryDigests(Vec<u64>);

/// Digest of an arena's bytes in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArenaDigest(pub u64);

impl Store {
    /// Digests of all memories of the store: the costly part of looking.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn memory_digests(&self, arena: &dyn Arena) -> Result<MemoryDigests, OutOfArena> {
        let digest = |memory: &Memory| arena.digest(memory.base, memory.len_bytes());
        self.state.memories.iter().map(digest).collect::<Result<_, _>>().map(MemoryDigests)
    }

    /// The memories of an instance, imports first.
    #[must_use]
    pub fn memories(&self, instance: InstanceId, digests: &MemoryDigests) -> Vec<MemoryState> {
        let memories = self.state.instance(instance).memories.iter().enumerate();
        let show = |(index, &id): (usize, &MemoryId)| {
            let pages = self.state.memory(id).pages;
            MemoryState { index, pages, digest: digests.0[id.0 as usize] }
        };
        memories.map(show).collect()
    }

    /// The tables of an instance, imports first.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn tables(
        &self,
        arena: &dyn Arena,
        instance: InstanceId,
    ) -> Result<Vec<TableState>, OutOfArena> {
        let tables = self.state.instance(instance).tables.iter().enumerate();
        let show = |(index, &id)| {
            let size = self.state.table(id).elements;
            let shown = 0..size.min(SHOWN_ELEMENTS);
            let elements = shown.map(|at| self.element(arena, id, at)).collect::<Result<_, _>>()?;
            Ok(TableState { index, size, elements })
        };
        tables.map(show).collect()
    }

    /// The value of a table element, whether it has been made already or not.
    fn element(
        &self,
        arena: &dyn Arena,
        id: TableId,
        index: u32,
    ) -> Result<Option<u128>, OutOfArena> {
        let table = self.state.table(id);
        let at = table.base + index * table.element_bytes;
        if table.ty.element != ValType::FuncRef {
            let word = arena.load_u32(at)?;
            return Ok(self.state.value(table.ty.element, word.into()).bits);
        }
        let offset = match self.state.pointers.load(arena, at)? {
            0 => table.image.get(index as usize).copied().unwrap_or(0).into(),
            word => self.state.func_ref_of(word),
        };
        Ok((offset != 0).then(|| self.state.function_position(offset)))
    }

    /// The globals of an instance, imports first.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn globals(
        &self,
        arena: &dyn Arena,
        instance: InstanceId,
    ) -> Result<Vec<GlobalState>, OutOfArena> {
        let globals = self.state.instance(instance).globals.iter().enumerate();
        let show = |(index, &id)| Ok(GlobalState { index, value: self.global(arena, id)? });
        globals.map(show).collect()
    }

    /// The value of a global.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn global(&self, arena: &dyn Arena, id: GlobalId) -> Result<Value, OutOfArena> {
        let global = self.state.global(id);
        let slot = arena.load_u128(global.definition)?;
        Ok(self.state.value(global.ty, slot))
    }

    /// Offsets of bytes between areas that were written.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn broken_canaries(&self, arena: &dyn Arena) -> Result<Vec<u32>, OutOfArena> {
        self.state.areas.broken_canaries(arena)
    }

    /// The digest of the arena's bytes in use.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn arena_digest(
        &self,
        arena: &dyn Arena,
        digests: &MemoryDigests,
    ) -> Result<ArenaDigest, OutOfArena> {
        let mut hash = Xxh3Default::new();
        let mut add = |offset: u32, len: u32, digest: u64| {
            hash.update(&offset.to_le_bytes());
            hash.update(&len.to_le_bytes());
            hash.update(&digest.to_le_bytes());
        };
        for (offset, len) in self.state.structures_in_use() {
            add(offset, len, arena.digest(offset, len)?);
        }
        for (memory, &digest) in self.state.memories.iter().zip(&digests.0) {
            add(memory.base, memory.len_bytes(), digest);
        }
        Ok(ArenaDigest(hash.digest()))
    }
}

impl State {
    /// The intervals that guest code or the runtime may have written, but memories.
    fn structures_in_use(&self) -> Vec<(u32, u32)> {
        let structures = self.areas.all().iter().filter(|area| match area.kind {
            AreaKind::Store | AreaKind::Instance => true,
            AreaKind::ShadowStack | AreaKind::Table | AreaKind::Memory => false,
            AreaKind::GcHeap | AreaKind::Canary | AreaKind::Gap => false,
        });
        let tables =
            self.tables.iter().map(|table| (table.base, table.elements * table.element_bytes));
        let frames = (SHADOW_STACK + SHADOW_STACK_BYTES - FRAMES_DIGESTED, FRAMES_DIGESTED);
        let structures = structures.map(|area| (area.offset, area.len));
        let objects = self.gc_heap.map(|heap| (heap.base, heap.len()));
        structures.chain([frames]).chain(tables).chain(objects).collect()
    }
}

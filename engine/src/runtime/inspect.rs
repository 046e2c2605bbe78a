//! Looking at what guest code left behind.
//!
//! Sizes come from the trusted state, contents from the arena. The digest of an arena
//! covers structures, the outermost frames of the shadow stack, and table elements and
//! memories up to their current size. Equal runs have equal digests in every
//! executor.
#![forbid(unsafe_code)]

use xxhash_rust::xxh3::Xxh3Default;

use super::areas::AreaKind;
use super::state::State;
use super::structures::{ELEMENT_BYTES, SHADOW_STACK, SHADOW_STACK_BYTES};
use super::value::Value;
use super::{GlobalId, InstanceId, Store, TableId, builtins};
use crate::arena::{Arena, OutOfArena, PAGE};
use crate::executor::Slot;
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

/// Digest of an arena's bytes in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArenaDigest(pub u64);

impl Store {
    /// The memories of an instance, imports first.
    ///
    /// # Errors
    /// [`OutOfArena`] when the arena is not this store's.
    pub fn memories(
        &self,
        arena: &dyn Arena,
        instance: InstanceId,
    ) -> Result<Vec<MemoryState>, OutOfArena> {
        let memories = self.state.instance(instance).memories.iter().enumerate();
        let show = |(index, &id)| {
            let memory = self.state.memory(id);
            let digest = arena.digest(memory.base, memory.len_bytes())?;
            Ok(MemoryState { index, pages: memory.pages, digest })
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
        let word = arena.load_u32(table.base + index * ELEMENT_BYTES)?;
        let slot = match (table.ty.element, word) {
            (ValType::FuncRef, 0) => table.image.get(index as usize).copied().unwrap_or(0),
            (ValType::FuncRef, word) => word & !builtins::INITIALISED,
            (_, word) => word,
        };
        Ok(self.state.value(table.ty.element, Slot::from(slot)).bits)
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
    pub fn arena_digest(&self, arena: &dyn Arena) -> Result<ArenaDigest, OutOfArena> {
        let mut hash = Xxh3Default::new();
        for (offset, len) in self.state.in_use() {
            hash.update(&offset.to_le_bytes());
            hash.update(&len.to_le_bytes());
            hash.update(&arena.digest(offset, len)?.to_le_bytes());
        }
        Ok(ArenaDigest(hash.digest()))
    }
}

impl State {
    /// The intervals that guest code or the runtime may have written.
    fn in_use(&self) -> Vec<(u32, u32)> {
        let structures = self.areas.all().iter().filter(|area| match area.kind {
            AreaKind::Store | AreaKind::Instance => true,
            AreaKind::ShadowStack | AreaKind::Table | AreaKind::Memory | AreaKind::Canary => false,
        });
        let tables = self.tables.iter().map(|table| (table.base, table.elements * ELEMENT_BYTES));
        let memories = self.memories.iter().map(|memory| (memory.base, memory.len_bytes()));
        let frames = (SHADOW_STACK + SHADOW_STACK_BYTES - FRAMES_DIGESTED, FRAMES_DIGESTED);
        let structures = structures.map(|area| (area.offset, area.len));
        structures.chain([frames]).chain(tables).chain(memories).collect()
    }
}

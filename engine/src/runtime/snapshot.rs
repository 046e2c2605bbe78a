//! What a store knows besides its arena, as data, and back.
//!
//! Most of the trusted [`state`](super::state) follows from the programs of a store:
//! making the same instances again makes it again. What calls change is written down here:
//!
//! | part | changed by |
//! |---|---|
//! | size of each memory and table | `memory.grow`, `table.grow` |
//! | dropped passive segments | `elem.drop` |
//! | size of the GC heap, and which half is in use | allocation |
//! | numbers behind references of the host, and in fields that hold functions | calls |
//! | calls of host functions | calls; what a stub answers depends on their number |
//! | writes that wait for a builtin | host functions that attack |
//!
//! A [`StoreState`] may come from anybody: [`Store::restore`] takes nothing of it that
//! calls could not have led to. Bytes of the arena are not its business; the runtime
//! believes none of them anyway.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

use super::ambush::Ambush;
use super::gc_heap::{GcHeapState, Numbering};
use super::host::{HostCall, LOGGED};
use super::state::{Instance, Memory, State, Table};
use super::value::representable;
use super::{Store, gc_heap};
use crate::arena::Arena;
use crate::program::ValType;

/// What calls have changed of a store's trusted state. Lists are in the order in which
/// the store made their objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreState {
    /// Pages of each memory.
    pub memories: Vec<u64>,
    /// Elements of each table.
    pub tables: Vec<u32>,
    /// For each instance, whether each of its passive element segments was dropped.
    pub dropped_segments: Vec<Vec<bool>>,
    /// The GC heap, if there is one.
    pub gc_heap: Option<GcHeapState>,
    /// The host's number behind each reference that guest code was given.
    pub host_references: Vec<u128>,
    /// Offset of the `VMFuncRef` behind each number that objects hold.
    pub held_func_refs: Vec<u32>,
    /// Calls of host functions.
    pub host_calls_made: u64,
    /// The first [`LOGGED`] of them.
    pub host_calls: Vec<HostCall>,
    /// Writes that wait for a builtin, in order.
    pub ambushes: Vec<Ambush>,
}

/// A [`StoreState`] that is none of this store's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It has more or fewer of something than the store.
    #[error("{given} {what} where there are {expected}")]
    Count {
        /// What is counted, in the plural.
        what: &'static str,
        /// How many it has.
        given: usize,
        /// How many the store has.
        expected: usize,
    },
    /// Something has a size that it cannot have grown to.
    #[error("{what} {index} of size {given}, which is not from {least} to {most}")]
    Size {
        /// What has the size.
        what: &'static str,
        /// Which of them.
        index: usize,
        /// The size.
        given: u64,
        /// What it has from the start.
        least: u64,
        /// What it may grow to.
        most: u64,
    },
    /// It has a value that nothing could have led to.
    #[error("{0}")]
    Value(&'static str),
}

impl Store {
    /// What calls have changed so far.
    #[must_use]
    pub fn state(&self) -> StoreState {
        let state = &self.state;
        let dropped = |of: &Instance| of.segments.iter().map(|segment| segment.dropped).collect();
        StoreState {
            memories: state.memories.iter().map(|memory| memory.pages).collect(),
            tables: state.tables.iter().map(|table| table.elements).collect(),
            dropped_segments: state.instances.iter().map(dropped).collect(),
            gc_heap: state.gc_heap.map(|heap| heap.state()),
            host_references: state.host_references.values().to_vec(),
            held_func_refs: state.held_func_refs.values().to_vec(),
            host_calls_made: state.host_calls_made,
            host_calls: state.host_calls.clone(),
            ambushes: state.ambushes.waiting().to_vec(),
        }
    }

    /// Brings a store that has made the same instances, and neither a call nor a map of its
    /// objects, to such a state. Startup functions count as run.
    ///
    /// # Errors
    /// [`StateError`]; the store is of no use then.
    pub fn restore(&mut self, arena: &dyn Arena, saved: &StoreState) -> Result<(), StateError> {
        let state = &mut self.state;
        state.restore_sizes(saved)?;
        state.restore_segments(&saved.dropped_segments)?;
        state.restore_references(saved)?;
        state.restore_host_calls(saved)?;
        for &Ambush { lets_pass, offset, value } in &saved.ambushes {
            let laid = state.ambushes.lay(arena, lets_pass, offset, value);
            laid.map_err(|_| StateError::Value("a write that cannot wait for a builtin"))?;
        }
        for instance in &mut state.instances {
            instance.startup = None;
        }
        Ok(())
    }
}

impl State {
    fn restore_sizes(&mut self, saved: &StoreState) -> Result<(), StateError> {
        count("memories", saved.memories.len(), self.memories.len())?;
        for (index, (memory, &pages)) in self.memories.iter_mut().zip(&saved.memories).enumerate() {
            let Memory { pages: least, reserved: most, .. } = *memory;
            size("memory", index, pages, least, most)?;
            memory.pages = State::restored_pages(&self.faults, least, pages);
        }
        count("tables", saved.tables.len(), self.tables.len())?;
        for (index, (table, &elements)) in self.tables.iter_mut().zip(&saved.tables).enumerate() {
            let Table { elements: least, reserved: most, .. } = *table;
            size("table", index, elements.into(), least.into(), most.into())?;
            table.elements = elements;
        }
        match (&mut self.gc_heap, saved.gc_heap) {
            (None, None) => {}
            (Some(heap), Some(saved)) => heap.restore(saved)?,
            _ => return Err(StateError::Value("a GC heap in one of the two only")),
        }
        Ok(())
    }

    fn restore_segments(&mut self, saved: &[Vec<bool>]) -> Result<(), StateError> {
        count("instances", saved.len(), self.instances.len())?;
        for (instance, dropped) in self.instances.iter_mut().zip(saved) {
            count("passive segments", dropped.len(), instance.segments.len())?;
            for (segment, &dropped) in instance.segments.iter_mut().zip(dropped) {
                segment.dropped = dropped;
            }
        }
        Ok(())
    }

    fn restore_references(&mut self, saved: &StoreState) -> Result<(), StateError> {
        let of_host = |&number| representable(ValType::ExternRef, Some(number));
        if !saved.host_references.iter().all(of_host) {
            return Err(StateError::Value("a number that no reference of the host has"));
        }
        let twice = StateError::Value("too many references, or one twice");
        let most = gc_heap::MOST_HOST_REFERENCES;
        self.host_references =
            Numbering::of(&saved.host_references, most).ok_or_else(|| twice.clone())?;
        if !saved.held_func_refs.iter().all(|offset| self.func_refs.contains_key(offset)) {
            return Err(StateError::Value("a function reference that the store never made"));
        }
        self.held_func_refs = Numbering::of(&saved.held_func_refs, u32::MAX).ok_or(twice)?;
        Ok(())
    }

    fn restore_host_calls(&mut self, saved: &StoreState) -> Result<(), StateError> {
        let logged = saved.host_calls_made.min(LOGGED as u64);
        if saved.host_calls.len() as u64 != logged {
            return Err(StateError::Value("another number of logged host calls than were made"));
        }
        let sound = |call: &HostCall| call.args.iter().all(|arg| arg.is_sound());
        if !saved.host_calls.iter().all(sound) {
            return Err(StateError::Value("an argument of a host call that is none of its type"));
        }
        self.host_calls_made = saved.host_calls_made;
        self.host_calls.clone_from(&saved.host_calls);
        Ok(())
    }
}

fn count(what: &'static str, given: usize, expected: usize) -> Result<(), StateError> {
    if given == expected { Ok(()) } else { Err(StateError::Count { what, given, expected }) }
}

fn size(
    what: &'static str,
    index: usize,
    given: u64,
    least: u64,
    most: u64,
) -> Result<(), StateError> {
    let fits = (least..=most.max(least)).contains(&given);
    if fits { Ok(()) } else { Err(StateError::Size { what, index, given, least, most }) }
}

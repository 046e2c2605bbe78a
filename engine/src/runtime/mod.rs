//! The trusted runtime: instances in an arena, and what guest code calls.
//!
//! A [`Store`] holds any number of instances in the arena of one executor, linked to
//! each other and to host functions. It builds their VM structures, serves the
//! builtins and host calls of their code, enters it from outside and looks at what
//! it left behind.
//!
//! **It trusts no byte of the arena.** Whatever it decides by is kept outside, in
//! [`state`]; the arena holds copies for compiled code to use. What guest code passes
//! is looked up and range-checked, each arena field is fetched once, and the worst that
//! a corrupted value can do is a trap.
//!
//! | file | subject |
//! |---|---|
//! | `areas` | how the arena is divided, canaries |
//! | `structures` | sizes and places of an instance's VM structures |
//! | `types` | type ids, CLIF signatures of Wasm types |
//! | `state` | trusted records |
//! | `link`, `instantiate` | imports, making an instance |
//! | `register`, `write` | its trusted records, its VM structures |
//! | `builtins`, `gc_heap`, `wait`, `host` | what guest code calls |
//! | `collector` | copying what is reachable of the GC heap |
//! | `directory`, `ambush` | for host functions that attack: where structures lie, writes that wait for a builtin |
//! | `call`, `value` | entering guest code, values |
//! | `snapshot` | what calls have changed of the trusted records, as data |
//! | `inspect` | sizes, contents and digests afterwards |
//! | `objects` | which accesses lie in the object that they name |
//! | `places` | where a field lies that a schedule names, and following one |
//! | `planted` | what planted faults make of it |
//! | `pointers` | what guest code has for an offset |
//! | `provide` | memories, tables and globals for modules that import them |
//! | `map` | the arena map of a program |
#![forbid(unsafe_code)]

mod ambush;
mod areas;
mod builtins;
mod call;
pub(crate) mod collector;
mod directory;
pub(crate) mod gc_heap;
mod host;
mod inspect;
mod instantiate;
mod link;
mod map;
mod objects;
mod places;
mod planted;
mod pointers;
mod provide;
mod register;
mod snapshot;
mod state;
mod structures;
mod types;
mod value;
mod wait;
mod write;

#[cfg(test)]
mod tests;

pub use ambush::{Ambush, Ambushes};
pub use areas::{Area, AreaKind, Areas, OutOfAreas};
pub use call::{CallError, Ended};
pub use directory::Directory;
pub use gc_heap::GcHeapState;
pub use host::{
    GuestMemory, HostCall, HostCode, HostContext, HostError, HostFunction, LOGGED, answers,
};
pub use inspect::{
    ArenaDigest, GlobalState, MemoryDigests, MemoryState, SHOWN_ELEMENTS, TableState,
};
pub use instantiate::InstantiateError;
pub use link::{Extern, LinkError, Linker};
pub use map::ArenaMap;
pub use objects::{Class, Object, ObjectMap, SharedObjectMap, SiteClasses};
pub use provide::provider;
pub use snapshot::{StateError, StoreState};
pub use state::{FunctionId, GlobalId, InstanceId, MemoryId, TableId, TagId};
pub use structures::{Reservations, TooLarge, arena_len};
pub(crate) use value::significant;
pub use value::{FORGED, HOST, Value, representable};
pub use wait::may_wait;

use pointers::Pointers;
use state::{Function, State};
use types::TypeId;

use crate::arena::OutOfArena;
use crate::code_table::{CodeTable, TableFull, Target};
use crate::corrupt::Corruption;
use crate::executor::Executor;
use crate::layout::Addressing;
use crate::program::{FuncType, Module};

/// Why there is no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The executor has no arena to give.
    #[error("{0}")]
    Host(String),
    /// The arena is too small for what every store has.
    #[error(transparent)]
    TooSmall(#[from] OutOfAreas),
    /// The arena is shorter than the executor said.
    #[error(transparent)]
    OutOfArena(#[from] OutOfArena),
}

/// Instances in the arena of one executor. The same executor is passed to every
/// method that takes one.
pub struct Store {
    code: CodeTable,
    state: State,
    corruption: Option<Corruption>,
}

impl Store {
    /// An empty store in a fresh arena of `len` bytes; [`arena_len`] says how many are
    /// needed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn new(
        executor: &mut dyn Executor,
        len: u32,
        limits: Reservations,
    ) -> Result<Store, StoreError> {
        Store::with_pointers(executor, len, limits, Addressing::Arena32)
    }

    /// The same for programs of one addressing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn with_pointers(
        executor: &mut dyn Executor,
        len: u32,
        limits: Reservations,
        addressing: Addressing,
    ) -> Result<Store, StoreError> {
        executor.reset(len).map_err(StoreError::Host)?;
        let mut areas = Areas::new(len);
        structures::store_areas(&mut areas)?;
        areas.write_canaries(executor.arena(), 0)?;
        let state = State::new(limits, areas, Pointers::new(addressing));
        Ok(Store { code: CodeTable::default(), state, corruption: None })
    }

    /// Adds a host function.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn define_host(&mut self, host: HostFunction) -> Result<FunctionId, TableFull> {
        let ty = self.state.types.intern(&host.ty);
        self.define(host, ty)
    }

    /// Adds a host function that has a type of a module, of which its own type is the
    /// representation.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn define_host_as(
        &mut self,
        host: HostFunction,
        module: &Module,
        ty: usize,
    ) -> Result<FunctionId, TableFull> {
        let ty = self.state.types.intern_all(&module.definitions)[ty];
        self.define(host, ty)
    }

    fn define(&mut self, host: HostFunction, ty: TypeId) -> Result<FunctionId, TableFull> {
        let number = u32::try_from(self.state.hosts.len()).map_err(|_| TableFull)?;
        let addressing = self.state.pointers.addressing;
        let signature = self.code.intern(&call::signature(&host.ty, addressing));
        let code = self.code.push(Target::Host(number), signature)?;
        let function = Function { ty, code, vmctx: 0, host: Some(number) };
        self.state.hosts.push(host);
        self.state.functions.push(function);
        Ok(FunctionId(u32::try_from(self.state.functions.len() - 1).map_err(|_| TableFull)?))
    }

    /// What an instance exports under a name.
    #[must_use]
    pub fn export(&self, instance: InstanceId, name: &str) -> Option<Extern> {
        self.state.instance(instance).exports.get(name).copied()
    }

    /// Everything that an instance exports, by name.
    #[must_use]
    pub fn exports(&self, instance: InstanceId) -> Vec<(&str, Extern)> {
        let exports = &self.state.instance(instance).exports;
        let mut all: Vec<_> = exports.iter().map(|(name, &item)| (name.as_str(), item)).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all
    }

    /// The type of a function.
    #[must_use]
    pub fn function_type(&self, function: FunctionId) -> &FuncType {
        self.state.types.func(self.state.function(function).ty)
    }

    /// The calls of host functions so far, the first [`LOGGED`] of them.
    #[must_use]
    pub fn host_calls(&self) -> &[HostCall] {
        &self.state.host_calls
    }

    /// Lets the GC heap, if an instance made later brings one, collect before each allocation.
    pub fn stress_gc(&mut self) {
        self.state.gc_stress = true;
    }

    /// How often the GC heap was collected.
    #[must_use]
    pub fn collections(&self) -> u64 {
        self.state.collections
    }

    /// How the arena is divided.
    #[must_use]
    pub fn areas(&self) -> &Areas {
        &self.state.areas
    }
}

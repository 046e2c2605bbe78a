//! The planted faults of the runtime.
//!
//! Each is a way in which a runtime has gone wrong that trusts what it must not, or forgets
//! what it must keep. Without its fault none of this does anything.
#![forbid(unsafe_code)]

use super::Store;
use super::pointers::Pointers;
use super::state::{Function, State};
use super::structures::STORE_CONTEXT;
use super::types::TypeId;
use crate::arena::{Arena, OutOfArena};
use crate::executor::Slot;
use crate::fault::{Fault, Faults};
use crate::trap::Trap;

/// What stands behind the arguments of a host call in the buffer of fault 27.
const BUFFER_CANARY: Slot = 0xca00_00ca_ca00_00ca_ca00_00ca_ca00_00ca;

/// Slots of that canary.
const CANARY_SLOTS: usize = 8;

/// Writes a length to its field; by fault 15, which is one of the arena's, to 8 bytes.
pub(super) fn store_length(
    faults: &Faults,
    pointers: &Pointers,
    arena: &mut dyn Arena,
    field: u32,
    len: u32,
) -> Result<(), OutOfArena> {
    if !faults.has(Fault::WideWrite) {
        return pointers.store(arena, field, len.into());
    }
    if arena.load_u32(field.wrapping_add(4))? != 0 {
        faults.trigger(Fault::WideWrite);
    }
    arena.write(field, &u64::from(len).to_le_bytes())
}

impl State {
    /// The number of a function's type in the arena. By fault 19 the host counts types on its
    /// own, and nobody tells the two countings apart.
    pub(super) fn type_number(&self, function: Function) -> u32 {
        let number = function.ty.as_u32();
        if function.host.is_none() || !self.faults.has(Fault::ForeignTypeIds) {
            return number;
        }
        let mut known: Vec<TypeId> = Vec::new();
        for host in self.functions.iter().filter(|function| function.host.is_some()) {
            if !known.contains(&host.ty) {
                known.push(host.ty);
            }
        }
        let foreign = (1..).zip(known).find(|(_, ty)| *ty == function.ty);
        let foreign = foreign.map_or(number, |(position, _)| position);
        if foreign != number {
            self.faults.trigger(Fault::ForeignTypeIds);
        }
        foreign
    }

    /// How many pages a memory has that a snapshot says has some; by fault 32, as many as it
    /// had when it was made.
    pub(super) fn restored_pages(faults: &Faults, made: u64, saved: u64) -> u64 {
        if saved == made || !faults.has(Fault::GrowthForgotten) {
            return saved;
        }
        faults.trigger(Fault::GrowthForgotten);
        made
    }

    /// Fault 20: before a new host reference gets a handle, all others are freed.
    pub(super) fn free_early(&mut self, number: u128) {
        if self.faults.has(Fault::HandleReused) && self.host_references.clear_for(number) {
            self.faults.trigger(Fault::HandleReused);
        }
    }

    /// Fault 27: copies as many arguments to the host's buffer as the type has parameters
    /// that the caller's import record names.
    ///
    /// # Panics
    /// When they do not fit, which the words behind the buffer tell.
    pub(super) fn copy_counted_arguments(
        &self,
        arena: &mut dyn Arena,
        host: u32,
        contexts: &[Slot],
        args: &[Slot],
    ) -> Result<(), Trap> {
        let Some(field) = self.import_type_field(host, contexts) else { return Ok(()) };
        let named = self.types.find(arena.load_u32(field)?);
        let count = named.map_or(args.len(), |ty| self.types.func(ty).params.len());
        let mut buffer = vec![BUFFER_CANARY; args.len() + CANARY_SLOTS];
        for (position, slot) in buffer.iter_mut().take(count).enumerate() {
            *slot = args.get(position).copied().unwrap_or(0);
        }
        if count > args.len() {
            self.faults.trigger(Fault::CountFromArena);
        }
        let intact = buffer[args.len()..].iter().all(|&slot| slot == BUFFER_CANARY);
        assert!(intact, "{count} arguments overran a host buffer of {}", args.len());
        Ok(())
    }

    /// Where the import record of a host function tells its type to the caller.
    fn import_type_field(&self, host: u32, contexts: &[Slot]) -> Option<u32> {
        let caller = self.context(self.pointers.of_guest(*contexts.last()?)?)?;
        let imports = &caller.layout.imported_functions;
        let functions = caller.functions.iter().take(imports.count as usize);
        let mut numbered = (0..).zip(functions);
        let (number, _) =
            numbered.find(|&(_, &function)| self.function(function).host == Some(host))?;
        Some(caller.vmctx + imports.at(number) + caller.layout.function_import.type_index)
    }
}

/// What a store left behind in its memories, by offset.
pub(crate) type Leftovers = Vec<(u32, Vec<u8>)>;

impl Store {
    /// Gives the runtime the planted fault of its executor.
    pub fn plant(&mut self, fault: Option<Fault>) {
        self.state.faults = Faults::new(fault);
    }

    /// Whether the runtime's planted fault has met its trigger.
    #[must_use]
    pub fn fault_triggered(&self) -> bool {
        self.state.faults.triggered()
    }

    /// Fault 31: tells guest code where its stack ends, as runtimes of raw pointers do.
    pub(crate) fn tell_stack_limit(
        &self,
        arena: &mut dyn Arena,
        address: u64,
    ) -> Result<(), OutOfArena> {
        let Some(instance) = self.state.instances.first() else { return Ok(()) };
        let field = STORE_CONTEXT + instance.layout.store_context.stack_limit;
        self.state.faults.trigger(Fault::HostAddress);
        self.state.pointers.store(arena, field, address)
    }

    /// What lies in the memories, for fault 25.
    pub(crate) fn leftovers(&self, arena: &dyn Arena) -> Result<Leftovers, OutOfArena> {
        let read = |memory: &super::state::Memory| {
            let mut bytes = vec![0; memory.len_bytes() as usize];
            arena.read(memory.base, &mut bytes).map(|()| (memory.base, bytes))
        };
        self.state.memories.iter().map(read).collect()
    }

    /// Fault 25: the memories of this store are those of an earlier one, and where nobody
    /// wrote yet, they hold what that one left.
    pub(crate) fn inherit(
        &self,
        arena: &mut dyn Arena,
        leftovers: Leftovers,
    ) -> Result<(), OutOfArena> {
        for (base, left) in leftovers {
            let mut bytes = vec![0; left.len()];
            arena.read(base, &mut bytes)?;
            let fresh = bytes.clone();
            let stale = bytes.iter_mut().zip(left).filter(|(now, _)| **now == 0);
            stale.for_each(|(now, left)| *now = left);
            if bytes != fresh {
                self.state.faults.trigger(Fault::AreaNotZeroed);
            }
            arena.write(base, &bytes)?;
        }
        Ok(())
    }
}

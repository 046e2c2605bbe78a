//! Addresses: every access of the reference comes through here.
#![forbid(unsafe_code)]

use std::cell::Cell;

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{MemFlagsData, Type};

use super::value;
use crate::arena::{Arena, OutOfArena, OwnedArena};
use crate::executor::Slot;
use crate::trap::Trap;

/// The arena as instructions reach it.
pub(super) struct Memory<'m> {
    pub(super) arena: &'m mut OwnedArena,
    /// How many accesses were made.
    pub(super) accesses: Cell<u64>,
}

/// The offset that an access goes to: modulo 2^32, in every executor.
pub(super) fn effective(address: &DataValue, displacement: i32) -> u32 {
    let DataValue::I32(base) = address else { unreachable!("every address is an i32") };
    base.cast_unsigned().wrapping_add_signed(displacement)
}

impl Memory<'_> {
    /// Reads a value.
    pub(super) fn load(
        &self,
        offset: u32,
        ty: Type,
        flags: MemFlagsData,
    ) -> Result<DataValue, Trap> {
        self.accesses.set(self.accesses.get() + 1);
        let mut bytes = [0; size_of::<Slot>()];
        let read = self.arena.read(offset, &mut bytes[..ty.bytes() as usize]);
        read.map_err(|refused| trap(refused, flags))?;
        Ok(value::from_bytes(&bytes, ty))
    }

    /// Writes a value.
    pub(super) fn store(
        &mut self,
        offset: u32,
        value: &DataValue,
        flags: MemFlagsData,
    ) -> Result<(), Trap> {
        self.accesses.set(self.accesses.get() + 1);
        let bytes = value::to_slot(value).to_le_bytes();
        let written = self.arena.write(offset, &bytes[..value.ty().bytes() as usize]);
        written.map_err(|refused| trap(refused, flags))
    }
}

/// What an access that lies outside the arena raises.
fn trap(_: OutOfArena, flags: MemFlagsData) -> Trap {
    flags.trap_code().and_then(Trap::from_code).unwrap_or(Trap::ArenaOutOfBounds)
}

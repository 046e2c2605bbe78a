//! The memory of a guest that makes a WASI call.
//!
//! Every pointer and length is the guest's word. An access lies in the memory's
//! current length, which the runtime keeps outside the arena, or the call ends with
//! `fault`. Structures are fetched once, into locals.
#![forbid(unsafe_code)]

use super::errno::Errno;
use crate::arena::Arena;
use crate::runtime::{GuestMemory, HostContext, HostError};
use crate::trap::Trap;

/// Most buffers that one vectored call may name: the limit of Linux.
const MAX_BUFFERS: u32 = 1024;

/// Bytes of one buffer descriptor: pointer and length.
const BUFFER_BYTES: u32 = 8;

/// The memory of the calling instance.
pub(super) struct Guest<'a> {
    arena: &'a mut dyn Arena,
    memory: GuestMemory,
}

/// A part of a guest's memory, known to lie inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Buffer {
    pub(super) at: u32,
    pub(super) len: u32,
}

impl<'a> Guest<'a> {
    /// The memory of the caller, which must export one.
    pub(super) fn of(context: &'a mut HostContext<'_>) -> Result<Guest<'a>, HostError> {
        // Wasm that exports no memory cannot call WASI; every engine traps.
        let memory = context.memory.ok_or(HostError::Trap(Trap::Host))?;
        Ok(Guest { arena: context.arena, memory })
    }

    /// Checks a range.
    pub(super) fn buffer(&self, at: u32, len: u32) -> Result<Buffer, Errno> {
        let end = u64::from(at) + u64::from(len);
        if end > u64::from(self.memory.len) { Err(Errno::Fault) } else { Ok(Buffer { at, len }) }
    }

    /// Arena offset of a checked range; it does not wrap, since the memory lies in the
    /// arena.
    fn offset(&self, buffer: Buffer) -> u32 {
        self.memory.base + buffer.at
    }

    pub(super) fn read(&self, at: u32, into: &mut [u8]) -> Result<(), Errno> {
        let len = u32::try_from(into.len()).map_err(|_| Errno::Overflow)?;
        let buffer = self.buffer(at, len)?;
        self.arena.read(self.offset(buffer), into).map_err(|_| Errno::Fault)
    }

    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Result<(), Errno> {
        let len = u32::try_from(bytes.len()).map_err(|_| Errno::Overflow)?;
        let buffer = self.buffer(at, len)?;
        let offset = self.offset(buffer);
        self.arena.write(offset, bytes).map_err(|_| Errno::Fault)
    }

    /// Writes a structure of `len` bytes, given as its fields and where they stand. What
    /// is between fields stays as it is, as in other engines.
    pub(super) fn write_fields<const N: usize>(
        &mut self,
        at: u32,
        len: u32,
        fields: [(u32, &[u8]); N],
    ) -> Result<(), Errno> {
        self.buffer(at, len)?;
        fields.into_iter().try_for_each(|(offset, bytes)| self.write(at + offset, bytes))
    }

    /// A copy of `len` bytes.
    pub(super) fn bytes(&self, at: u32, len: u32) -> Result<Vec<u8>, Errno> {
        // Checked first: a length made up must not become an allocation.
        let buffer = self.buffer(at, len)?;
        let mut bytes = vec![0; buffer.len as usize];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    /// A path: UTF-8 without null bytes.
    pub(super) fn path(&self, at: u32, len: u32) -> Result<String, Errno> {
        let path = String::from_utf8(self.bytes(at, len)?).map_err(|_| Errno::IllegalBytes)?;
        if path.contains('\0') { Err(Errno::Invalid) } else { Ok(path) }
    }

    pub(super) fn store_u32(&mut self, at: u32, value: u32) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }

    pub(super) fn store_u64(&mut self, at: u32, value: u64) -> Result<(), Errno> {
        self.write(at, &value.to_le_bytes())
    }

    /// The buffers of a vectored call, each fetched once and checked.
    pub(super) fn buffers(&self, at: u32, count: u32) -> Result<Vec<Buffer>, Errno> {
        if count > MAX_BUFFERS {
            return Err(Errno::Invalid);
        }
        let list = self.bytes(at, count * BUFFER_BYTES)?;
        let words = |entry: &[u8]| -> Option<(u32, u32)> {
            let (at, len) = entry.split_first_chunk::<4>()?;
            Some((u32::from_le_bytes(*at), u32::from_le_bytes(*len.first_chunk::<4>()?)))
        };
        let entries = list.chunks_exact(BUFFER_BYTES as usize).filter_map(words);
        entries.map(|(at, len)| self.buffer(at, len)).collect()
    }
}

//! The native code table: what lowered indirect calls read.
//!
//! Trusted memory outside the cage, laid out as [`native_abi`] says, read-only but
//! while an entry is added. A cell maps it read-only.

use std::io;
use std::os::fd::AsFd;

use crate::cage::file::MemoryFile;
use crate::cage::mapping::{Mapping, Protection};
use crate::cell;
use crate::code_table::SignatureId;
use crate::lowering::native_abi::{
    ENTRY_ADDRESS, ENTRY_KIND, ENTRY_SIGNATURE, TABLE_ENTRY_SIZE, TABLE_SIZE,
};

const LEN: usize = TABLE_SIZE as usize;
const ENTRY_LEN: usize = TABLE_ENTRY_SIZE as usize;

/// One entry, in native terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct NativeEntry {
    pub(super) address: u64,
    /// 0 matches no call site.
    pub(super) signature: Option<SignatureId>,
    /// 0 the trap stub, 1 a function of a program, 2 a host function: for whoever
    /// inspects the table; lowered code does not read it.
    pub(super) kind: u32,
}

/// The table's memory, and how many entries are in use.
#[derive(Debug)]
pub(super) struct NativeTable {
    pages: Mapping,
    used: usize,
    file: Option<MemoryFile>,
}

impl NativeTable {
    pub(super) fn new() -> io::Result<NativeTable> {
        let pages = Mapping::reserve(LEN)?;
        pages.protect(0..LEN, Protection::Read)?;
        Ok(NativeTable { pages, used: 0, file: None })
    }

    /// A table that a cell reads.
    pub(super) fn shared() -> io::Result<NativeTable> {
        let mut table = NativeTable::new()?;
        let file = MemoryFile::new(c"fencepost-table", LEN)?;
        table.pages.overlay(0..LEN, file.as_fd())?;
        table.file = Some(file);
        Ok(table)
    }

    /// What a cell maps of it; nothing unless it is shared.
    pub(super) fn memory(&self) -> Option<cell::Memory<'_>> {
        let file = self.file.as_ref()?.as_fd();
        let (address, protection) = (self.address(), Protection::Read);
        Some(cell::Memory { address, len: LEN, protection, file })
    }

    pub(super) fn address(&self) -> u64 {
        self.pages.start() as u64
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Zeroes every entry.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.used = 0;
        let Some(file) = &self.file else { return self.pages.discard(0..LEN) };
        file.set_len(0)?;
        file.set_len(LEN)
    }

    /// Adds entries behind the last one.
    ///
    /// # Panics
    /// When the table has no room for them.
    pub(super) fn extend(&mut self, entries: &[NativeEntry]) -> io::Result<()> {
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| encode(*entry)).collect();
        let start = self.used * ENTRY_LEN;
        assert!(bytes.len() <= LEN - start, "the code table bounds its own size");
        self.pages.protect(0..LEN, Protection::ReadWrite)?;
        // SAFETY: the range lies in the mapping, as just checked, and is writable now.
        unsafe { self.pages.at(start).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.pages.protect(0..LEN, Protection::Read)?;
        self.used += entries.len();
        Ok(())
    }
}

fn encode(entry: NativeEntry) -> [u8; ENTRY_LEN] {
    let mut bytes = [0; ENTRY_LEN];
    let mut put = |offset: i32, field: &[u8]| {
        let offset = offset.unsigned_abs() as usize;
        bytes[offset..offset + field.len()].copy_from_slice(field);
    };
    put(ENTRY_ADDRESS, &entry.address.to_le_bytes());
    put(ENTRY_SIGNATURE, &entry.signature.map_or(0, |id| id.0).to_le_bytes());
    put(ENTRY_KIND, &entry.kind.to_le_bytes());
    bytes
}

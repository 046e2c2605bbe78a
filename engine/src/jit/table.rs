//! The native code table: what lowered indirect calls read.
//!
//! Trusted memory outside the cage, laid out as [`native_abi`] says, read-only but
//! while an entry is added. A cell maps it read-only.
//!
//! Runs of one program have one table, so entries are written only where they differ from
//! those of the run before; then what lies behind them is zeroed.

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
    /// How many entries may be other than zero, those of the last run included.
    written: usize,
    file: Option<MemoryFile>,
}

impl NativeTable {
    pub(super) fn new() -> io::Result<NativeTable> {
        let pages = Mapping::reserve(LEN)?;
        pages.protect(0..LEN, Protection::Read)?;
        Ok(NativeTable { pages, used: 0, written: 0, file: None })
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

    /// Forgets every entry. Those of the last run stay in memory until the first of the next
    /// are added, which happens before any call.
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    /// Adds entries behind the last one. Behind them there are zeroes.
    ///
    /// # Panics
    /// When the table has no room for them.
    pub(super) fn extend(&mut self, entries: &[NativeEntry]) -> io::Result<()> {
        let bytes: Vec<u8> = entries.iter().flat_map(|entry| encode(*entry)).collect();
        let start = self.used * ENTRY_LEN;
        assert!(bytes.len() <= LEN - start, "the code table bounds its own size");
        let end = self.used + entries.len();
        if end != self.written || !self.holds(start, &bytes) {
            self.write(start, &bytes)?;
            self.written = end;
        }
        self.used = end;
        Ok(())
    }

    fn holds(&self, start: usize, bytes: &[u8]) -> bool {
        let mut held = vec![0; bytes.len()];
        // SAFETY: the range lies in the mapping (`extend`) and is readable; cells do not write it.
        unsafe { self.pages.at(start).copy_to_nonoverlapping(held.as_mut_ptr(), held.len()) };
        held == bytes
    }

    /// Writes bytes, and zeroes whatever was written behind them.
    fn write(&self, start: usize, bytes: &[u8]) -> io::Result<()> {
        let end = start + bytes.len();
        let stale = (self.written * ENTRY_LEN).saturating_sub(end);
        self.pages.protect(0..LEN, Protection::ReadWrite)?;
        // SAFETY: the range lies in the mapping (`extend`), and is writable now.
        unsafe { self.pages.at(start).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        // SAFETY: as above; entries were written there.
        unsafe { self.pages.at(end).write_bytes(0, stale) };
        self.pages.protect(0..LEN, Protection::Read)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses of the first entries.
    fn addresses(table: &NativeTable, count: usize) -> Vec<u64> {
        let entry = |index| {
            let mut bytes = [0; 8];
            let at = table.pages.at(index * ENTRY_LEN + ENTRY_ADDRESS.unsigned_abs() as usize);
            // SAFETY: within the table, which is readable.
            unsafe { at.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
            u64::from_le_bytes(bytes)
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn a_run_finds_its_own_entries_and_none_of_the_run_before() {
        let entry = |address| NativeEntry { address, signature: None, kind: 1 };
        for mut table in [NativeTable::new().expect("a table"), NativeTable::shared().expect("one")]
        {
            for run in [vec![1, 2, 3], vec![1, 2, 3], vec![1, 2], vec![4], vec![4, 2, 5], vec![1]] {
                for parts in [1, run.len()] {
                    table.clear();
                    for part in run.chunks(run.len().div_ceil(parts)) {
                        let part: Vec<_> = part.iter().copied().map(entry).collect();
                        table.extend(&part).expect("memory");
                    }
                    let mut expected = run.clone();
                    expected.resize(4, 0);
                    assert_eq!(addresses(&table, 4), expected, "in {parts} parts");
                }
            }
        }
    }
}

//! The log of accesses and indirect calls that recorded code keeps, and who is told of it.
//!
//! It has pages of its own outside the cage, laid out as [`crate::lowering::record`] says,
//! which a cell maps. Guest code can write to it only by an address that it cannot know;
//! whatever stands there is data to the host, never an index or a length that it trusts.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use crate::cage::file::MemoryFile;
use crate::cage::mapping::{Mapping, Protection};
use crate::cage::{GuestBytes, Sharing};
use crate::cell;
use crate::lowering::record::{CAPACITY, LOG_BYTES, RECORD_BYTES, RECORDS};
use crate::program::Builtin;
use crate::site::SiteId;

/// What guest code was about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// An access of a site to a native address.
    Access {
        /// The site.
        site: SiteId,
        /// First byte accessed.
        address: u64,
    },
    /// An indirect call.
    Call {
        /// The site.
        site: SiteId,
        /// Where it goes to.
        address: u64,
        /// Whether a function of the expected signature begins there.
        fits: bool,
    },
    /// An access that a builtin makes for guest code, by a pointer that it was given.
    Builtin {
        /// The builtin.
        builtin: Builtin,
        /// First byte accessed.
        address: u64,
        /// Bytes accessed.
        len: u64,
    },
    /// So many records did not fit the log.
    Lost(u64),
}

/// Told of each record, in order.
pub struct Recorder(pub Box<dyn FnMut(Recorded)>);

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

/// The log's pages.
#[derive(Debug)]
pub(super) struct Log {
    pages: Mapping,
    file: MemoryFile,
}

impl Log {
    /// A log that a cell writes.
    pub(super) fn shared() -> io::Result<Log> {
        let pages = Mapping::reserve(LOG_BYTES)?;
        let file = MemoryFile::new(c"fencepost-log", LOG_BYTES)?;
        pages.overlay(0..LOG_BYTES, file.as_fd())?;
        Ok(Log { pages, file })
    }

    /// What a cell maps of it.
    pub(super) fn memory(&self) -> cell::Memory<'_> {
        let (address, protection) = (self.address(), Protection::ReadWrite);
        cell::Memory { address, len: LOG_BYTES, protection, file: self.file.as_fd() }
    }

    pub(super) fn address(&self) -> u64 {
        self.pages.start() as u64
    }

    pub(super) fn clear(&self) {
        self.bytes(0, 8).store(&[0; 8]);
    }

    /// Takes all records: address, site and signature of each, and how many were lost.
    pub(super) fn take(&self) -> (Vec<(u64, SiteId, u32)>, u64) {
        let mut count = [0; 8];
        self.bytes(0, 8).load(&mut count);
        let count = u64::from_le_bytes(count);
        let kept = usize::try_from(count).map_or(CAPACITY as usize, |n| n.min(CAPACITY as usize));
        let mut bytes = vec![0; kept * RECORD_BYTES as usize];
        self.bytes(RECORDS as usize, bytes.len()).load(&mut bytes);
        self.clear();
        (bytes.chunks_exact(RECORD_BYTES as usize).map(decode).collect(), count - kept as u64)
    }

    fn bytes(&self, offset: usize, len: usize) -> GuestBytes {
        assert!(offset + len <= LOG_BYTES, "the log has a fixed length");
        // SAFETY: the bytes lie in the log, as just checked, which is mapped as long as
        // `self` lives and is looked at in no other way.
        unsafe { GuestBytes::new(self.pages.at(offset), len, Sharing::Shared) }
    }
}

fn decode(record: &[u8]) -> (u64, SiteId, u32) {
    let word = |at: usize| {
        u32::from_le_bytes(record[at..at + 4].try_into().expect("a record has four words"))
    };
    let address = u64::from(word(0)) | u64::from(word(4)) << 32;
    (address, SiteId(word(8)), word(12))
}

//! Pages of address space, owned.
//!
//! The one place that maps, protects and unmaps: a [`Mapping`] owns a range of
//! pages, and everything else in `cage` and `jit` that needs pages holds one.

use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;

use super::pagemap::Pagemap;

/// What may be done with a page. There is no kind that is writable and executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    None,
    Read,
    ReadWrite,
    ReadExecute,
}

impl Protection {
    pub(crate) fn bits(self) -> libc::c_int {
        match self {
            Protection::None => libc::PROT_NONE,
            Protection::Read => libc::PROT_READ,
            Protection::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Protection::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        }
    }
}

/// Flags of zeroed pages of this process, for which the host commits memory only when they are
/// touched.
const ZEROES: libc::c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

/// A range of pages that nothing else in this process uses, unmapped on drop.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: *mut u8,
    len: usize,
}

impl Mapping {
    /// Reserves `len` bytes of zeroed pages without access. The host commits memory
    /// only for pages that are touched.
    pub(crate) fn reserve(len: usize) -> io::Result<Mapping> {
        // SAFETY: a fresh mapping at an address that the kernel chooses touches no
        // existing one.
        let start = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, ZEROES, -1, 0) };
        Mapping::from_result(start, len)
    }

    /// As [`Mapping::reserve`], at an address where nothing is mapped yet.
    pub(crate) fn reserve_at(address: u64, len: usize) -> io::Result<Mapping> {
        let flags = ZEROES | libc::MAP_FIXED_NOREPLACE;
        let wanted = ptr::without_provenance_mut(usize::try_from(address).unwrap_or(usize::MAX));
        // SAFETY: the kernel refuses an address where there is a mapping already.
        let start = unsafe { libc::mmap(wanted, len, libc::PROT_NONE, flags, -1, 0) };
        Mapping::from_result(start, len)
    }

    /// Maps the first `len` bytes of a file, shared, readable and writable.
    pub(crate) fn share(file: BorrowedFd<'_>, len: usize) -> io::Result<Mapping> {
        let protection = Protection::ReadWrite.bits();
        // SAFETY: as in `reserve`.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), len, protection, libc::MAP_SHARED, file.as_raw_fd(), 0)
        };
        Mapping::from_result(start, len)
    }

    fn from_result(start: *mut libc::c_void, len: usize) -> io::Result<Mapping> {
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Mapping { start: start.cast(), len })
    }

    /// The first byte.
    pub(crate) fn start(&self) -> *mut u8 {
        self.start
    }

    /// Size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether an address lies in the mapping.
    pub(crate) fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.start as u64) < self.len as u64
    }

    /// The address of a byte of the mapping, or of its end.
    ///
    /// # Panics
    /// When `offset` lies past the end.
    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.len, "offset {offset:#x} in a mapping of {:#x} bytes", self.len);
        // SAFETY: the sum lies in the mapping or at its end, as just checked.
        unsafe { self.start.add(offset) }
    }

    /// Changes what may be done with a range of pages, given in bytes.
    pub(crate) fn protect(&self, range: Range<usize>, protection: Protection) -> io::Result<()> {
        self.check_pages(&range);
        let address = self.at(range.start).cast();
        // SAFETY: the pages belong to this mapping, as just checked; nothing holds
        // a reference into them, since a mapping gives out raw pointers only.
        let result = unsafe { libc::mprotect(address, range.len(), protection.bits()) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Drops the contents of a range of private pages, which read as zero after it.
    pub(crate) fn discard(&self, range: Range<usize>) -> io::Result<()> {
        self.check_pages(&range);
        let address = self.at(range.start).cast();
        // SAFETY: as in `protect`.
        let result = unsafe { libc::madvise(address, range.len(), libc::MADV_DONTNEED) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Zeroes a range of private pages that are writable. Few touched pages are written over and
    /// stay in memory, many are dropped with their page tables, which a scan would go through.
    pub(crate) fn zero(&self, range: Range<usize>, pagemap: &mut Pagemap) -> io::Result<()> {
        self.check_pages(&range);
        if range.is_empty() {
            return Ok(());
        }
        let start = self.start.addr();
        let Some(touched) = pagemap.few(&(start + range.start..start + range.end)) else {
            return self.replace(range, ZEROES, -1);
        };
        for pages in touched {
            let bytes = self.at(pages.start - start);
            // SAFETY: the pages belong to this mapping, since the kernel was asked for no
            // others, and are writable; as in `protect`, nothing holds a reference into them.
            unsafe { bytes.write_bytes(0, pages.len()) };
        }
        Ok(())
    }

    /// Replaces a range of pages by the first bytes of a file, shared, readable and
    /// writable.
    pub(crate) fn overlay(&self, range: Range<usize>, file: BorrowedFd<'_>) -> io::Result<()> {
        self.replace(range, libc::MAP_SHARED, file.as_raw_fd())
    }

    /// Replaces a range of pages by others, readable and writable.
    fn replace(&self, range: Range<usize>, flags: libc::c_int, fd: RawFd) -> io::Result<()> {
        self.check_pages(&range);
        let address = self.at(range.start).cast();
        let (protection, flags) = (Protection::ReadWrite.bits(), flags | libc::MAP_FIXED);
        // SAFETY: as in `protect`; `MAP_FIXED` replaces pages of this mapping only.
        let result = unsafe { libc::mmap(address, range.len(), protection, flags, fd, 0) };
        if result == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn check_pages(&self, range: &Range<usize>) {
        assert!(range.start <= range.end && range.end <= self.len, "{range:x?} of {:#x}", self.len);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is owned, and its owner gives it up here.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

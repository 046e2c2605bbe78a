//! Memory that two processes can map: an anonymous file.
//!
//! Its length decides what is accessible: a page past the end of the file faults in
//! every process that maps it, without anybody changing a mapping. So the host gives
//! and takes pages of a process that may not make system calls itself, and shortening
//! the file to nothing is how pages are zeroed everywhere at once.

use std::ffi::CStr;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{self, SeekFrom};
use rustix::io::Errno;

/// An anonymous file, closed on drop.
#[derive(Debug)]
pub(crate) struct MemoryFile(OwnedFd);

impl MemoryFile {
    /// A file of `len` zeroes. The host commits memory only for pages that are touched.
    pub(crate) fn new(name: &CStr, len: usize) -> io::Result<MemoryFile> {
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // SAFETY: the name is a C string, and the call touches no memory of ours.
        let fd = unsafe { libc::memfd_create(name.as_ptr(), flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just opened and has no other owner.
        let file = MemoryFile(unsafe { OwnedFd::from_raw_fd(fd) });
        file.set_len(len)?;
        Ok(file)
    }

    /// Makes the file `len` bytes long. What it loses is gone, what it gains is zero.
    pub(crate) fn set_len(&self, len: usize) -> io::Result<()> {
        let len = libc::off_t::try_from(len).map_err(io::Error::other)?;
        // SAFETY: plain system call on an open descriptor. Mappings of what is cut off
        // fault from now on; whoever holds one knows the length (`cage`, `jit`).
        check(unsafe { libc::ftruncate(self.0.as_raw_fd(), len) })
    }

    /// The ranges of bytes to which the host has committed memory, in ascending order.
    pub(crate) fn data(&self) -> io::Result<Vec<Range<u64>>> {
        Ok(self.few_data(u64::MAX)?.unwrap_or_default())
    }

    /// As [`MemoryFile::data`]; `None` if it is more than `most` bytes.
    pub(crate) fn few_data(&self, most: u64) -> io::Result<Option<Vec<Range<u64>>>> {
        let (mut ranges, mut bytes, mut at) = (Vec::new(), 0, 0);
        while bytes <= most {
            let start = match fs::seek(&self.0, SeekFrom::Data(at)) {
                Ok(start) => start,
                // There is no more.
                Err(Errno::NXIO) => return Ok(Some(ranges)),
                Err(error) => return Err(error.into()),
            };
            at = fs::seek(&self.0, SeekFrom::Hole(start))?;
            bytes += at - start;
            ranges.push(start..at);
        }
        Ok(None)
    }

    /// Forbids every later change of content and length.
    pub(crate) fn seal(&self) -> io::Result<()> {
        let seals =
            libc::F_SEAL_WRITE | libc::F_SEAL_GROW | libc::F_SEAL_SHRINK | libc::F_SEAL_SEAL;
        // SAFETY: plain system call on an open descriptor.
        check(unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_ADD_SEALS, seals) })
    }
}

impl AsFd for MemoryFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

//! The program that a cell is: two pages in an anonymous file, made executable.
//!
//! ```text
//! IMAGE                          STUB                EXCHANGE             SIGNAL_STACK
//! | headers | plan (read only)   | stub (r-x)        | exchange (rw-)  |  | signal stack (rw-) |
//! ```
//!
//! A cell is not a fork of the host but a new program, so nothing of the host's memory
//! was ever in it, no library registered anything with the kernel for it, and starting
//! one costs the same however large the host is.

use std::io;
use std::os::fd::AsFd;

use super::plan::{IMAGE_TO_PLAN, PAGE, Plan, STUB, STUB_TO_IMAGE};
use super::x86_64::{self, ELF_MACHINE, IMAGE};
use crate::cage::file::MemoryFile;
use crate::cage::mapping::Mapping;

/// Bytes of the file.
const LEN: usize = STUB_TO_IMAGE + PAGE;

/// Makes the program file of cells with a plan.
pub(super) fn build(plan: &Plan) -> io::Result<MemoryFile> {
    let mut bytes = [0; LEN];
    let mut put = |offset: usize, part: &[u8]| {
        bytes[offset..offset + part.len()].copy_from_slice(part);
    };
    put(0, &header());
    put(HEADER_LEN.into(), &segment());
    put(IMAGE_TO_PLAN, plan.bytes());
    put(STUB_TO_IMAGE, x86_64::code());
    let file = MemoryFile::new(c"fencepost-cell", LEN)?;
    let view = Mapping::share(file.as_fd(), LEN)?;
    // SAFETY: the view was just mapped, writable, and is as long as `bytes`.
    unsafe { view.start().copy_from_nonoverlapping(bytes.as_ptr(), LEN) };
    drop(view);
    file.seal()?;
    Ok(file)
}

const HEADER_LEN: u16 = 64;
const SEGMENT_LEN: u16 = 56;

/// The ELF header: a 64-bit little-endian program at a fixed address, of one segment.
fn header() -> Vec<u8> {
    let mut header = Vec::from(*b"\x7fELF\x02\x01\x01");
    header.resize(16, 0);
    header.extend(2_u16.to_le_bytes());
    header.extend(ELF_MACHINE.to_le_bytes());
    header.extend(1_u32.to_le_bytes());
    header.extend(STUB.to_le_bytes());
    header.extend(u64::from(HEADER_LEN).to_le_bytes());
    header.extend([0; 8 + 4]);
    for half in [HEADER_LEN, SEGMENT_LEN, 1, 0, 0, 0] {
        header.extend(half.to_le_bytes());
    }
    header
}

/// The one segment: the whole file, readable and executable.
fn segment() -> Vec<u8> {
    const LOAD: u32 = 1;
    const READ_EXECUTE: u32 = 4 | 1;
    let len = LEN as u64;
    let mut segment = Vec::from(LOAD.to_le_bytes());
    segment.extend(READ_EXECUTE.to_le_bytes());
    for word in [0, IMAGE, IMAGE, len, len, PAGE as u64] {
        segment.extend(word.to_le_bytes());
    }
    segment
}

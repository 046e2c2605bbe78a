//! What a cell is told before it runs: data at a fixed place of its program.

use super::filter::{self, Instruction, Program};
use super::x86_64::{self, ADDRESS_END, IMAGE, MXCSR};
use crate::cage::mapping::Protection;

/// Bytes of a page, and of each part of the cell's own pages.
pub(super) const PAGE: usize = 4096;

/// From the start of the image to the plan: behind the headers.
pub(super) const IMAGE_TO_PLAN: usize = 256;

/// From the start of the image to the stub.
pub(super) const STUB_TO_IMAGE: usize = PAGE;

/// From the stub to the exchange page.
pub(super) const STUB_TO_EXCHANGE: usize = PAGE;

/// Where the stub lies in a cell.
pub(super) const STUB: u64 = IMAGE + STUB_TO_IMAGE as u64;

/// Where the exchange page lies in a cell.
pub(super) const EXCHANGE: u64 = STUB + STUB_TO_EXCHANGE as u64;

/// Where the signal stack lies in a cell, with a page without access before it.
pub(super) const SIGNAL_STACK: u64 = EXCHANGE + 2 * PAGE as u64;

/// Bytes of the signal stack: a frame takes up to 12 KiB with the largest registers.
pub(super) const SIGNAL_STACK_LEN: usize = 64 << 10;

/// Most mappings of a cell.
const MAX_MEMORIES: usize = 12;

/// A mapping that the cell makes, in the terms of the system call.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct SharedMemory {
    pub(super) address: u64,
    pub(super) len: u64,
    pub(super) protection: u64,
    pub(super) flags: u64,
    pub(super) fd: u64,
}

impl SharedMemory {
    /// The first `len` bytes of an open file.
    pub(super) fn of_file(address: u64, len: usize, protection: Protection, fd: i32) -> Self {
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;
        SharedMemory {
            address,
            len: len as u64,
            protection: protection.bits().unsigned_abs().into(),
            flags: flags.unsigned_abs().into(),
            fd: i64::from(fd).cast_unsigned(),
        }
    }

    /// Zeroed memory of the cell's own.
    fn own(address: u64, len: usize) -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        let flags = flags.unsigned_abs().into();
        SharedMemory { flags, ..Self::of_file(address, len, Protection::ReadWrite, -1) }
    }
}

/// The kernel's `stack_t`.
#[derive(Debug)]
#[repr(C)]
pub(super) struct SignalStack {
    start: u64,
    flags: u64,
    len: u64,
}

/// The kernel's `sigaction`, which is not the C library's.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Action {
    handler: u64,
    flags: u64,
    restorer: u64,
    mask: u64,
}

/// The plan. The stub reads it by the offsets of these fields.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Plan {
    /// Process id of the host.
    pub(super) parent: u64,
    /// What the process is called in lists of processes.
    pub(super) name: [u8; 16],
    /// Everything below it and outside the image is unmapped.
    pub(super) top: u64,
    pub(super) count: u64,
    pub(super) memories: [SharedMemory; MAX_MEMORIES],
    /// Limits on the size of a core file.
    pub(super) no_core: [u64; 2],
    pub(super) signal_stack: SignalStack,
    pub(super) action: Action,
    pub(super) filter: Program,
    pub(super) mxcsr: u64,
    instructions: [Instruction; filter::LEN],
}

const _: () = assert!(IMAGE_TO_PLAN + size_of::<Plan>() <= PAGE);

/// From the kernel's headers: the C library hides it.
const SA_RESTORER: u64 = 0x0400_0000;

impl Plan {
    /// A plan for a cell of this process with some memories.
    ///
    /// # Panics
    /// When there are too many.
    pub(super) fn new(memories: &[SharedMemory]) -> Plan {
        let own = SharedMemory::own(SIGNAL_STACK, SIGNAL_STACK_LEN);
        let mut table = [SharedMemory::default(); MAX_MEMORIES];
        let all = memories.iter().chain([&own]);
        table.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        assert!(memories.len() < MAX_MEMORIES, "{} memories", memories.len());
        let flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        #[expect(clippy::cast_possible_truncation, reason = "the machine has 64 bits")]
        let instructions =
            IMAGE as usize + IMAGE_TO_PLAN + std::mem::offset_of!(Plan, instructions);
        Plan {
            parent: std::process::id().into(),
            name: *b"fencepost-cell\0\0",
            top: ADDRESS_END,
            count: memories.len() as u64 + 1,
            memories: table,
            no_core: [0; 2],
            signal_stack: SignalStack {
                start: SIGNAL_STACK,
                flags: 0,
                len: SIGNAL_STACK_LEN as u64,
            },
            action: Action {
                handler: STUB + x86_64::handler() as u64,
                flags: u64::from(flags.unsigned_abs()) | SA_RESTORER,
                // The handler never returns.
                restorer: 0,
                mask: 0,
            },
            filter: Program { len: filter::LEN as u64, instructions: instructions as u64 },
            mxcsr: MXCSR.into(),
            instructions: filter::instructions(EXCHANGE),
        }
    }

    /// The bytes that stand in the image.
    pub(super) fn bytes(&self) -> &[u8] {
        let start = std::ptr::from_ref(self).cast::<u8>();
        // SAFETY: the plan is `repr(C)` and consists of fields of 8 or 16 bytes and
        // of filter instructions of 8, so it has no padding.
        unsafe { std::slice::from_raw_parts(start, size_of::<Plan>()) }
    }
}

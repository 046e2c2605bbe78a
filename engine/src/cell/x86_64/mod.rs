//! Everything about a cell that is specific to x86-64 Linux.

mod stub;

pub(super) use stub::{code, handler, leave, serve};

/// Words of a signal frame's registers, in the kernel's order.
pub(crate) const REGISTER_COUNT: usize = 23;

/// What the header of an executable file says of the machine it is for.
pub(super) const ELF_MACHINE: u16 = 62;

/// What the system call filter is told of a call by a 64-bit program.
pub(super) const AUDIT_ARCH: u32 = 0xc000_003e;

/// The first address that no mapping can have.
pub(super) const ADDRESS_END: u64 = 0x7fff_ffff_f000;

/// Where a cell's own pages lie: above whatever a 32-bit offset scaled by 8 reaches without a
/// base, and far from where the kernel puts mappings of its choice.
pub(super) const IMAGE: u64 = 0x2a5e_0000_0000;

/// The signals that a cell handles: a processor exception turns into one of them, and
/// so does a system call that is not allowed.
const SIGNALS: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];

/// The same as bits, by signal number.
const fn signal_mask() -> u64 {
    let mut mask = 0;
    let mut index = 0;
    while index < SIGNALS.len() {
        mask |= 1 << SIGNALS[index];
        index += 1;
    }
    mask
}

/// The value of the vector control register that every call begins with: all
/// exceptions masked, rounding to nearest.
pub(super) const MXCSR: u32 = 0x1f80;

//! Everything that is specific to x86-64 Linux: the three stubs through which a
//! thread changes between host and guest stack, the registers in a signal frame, and
//! the meaning of a faulting instruction.

mod decode;
mod frame;
mod stubs;

pub(super) use decode::{Decoded, MemoryOperand};
pub(super) use frame::{Exception, Fault, FaultRecord, program_counter, resume_in_leave};
pub(super) use stubs::{enter, leave, serve_gateway, status};

/// The instruction that Cranelift emits for an explicit trap.
pub(super) const TRAP_INSTRUCTION: &[u8] = &[0x0f, 0x0b];

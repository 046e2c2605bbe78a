//! What lowered code and the native executor agree on, byte by byte.
//!
//! Both structures are trusted: they lie outside the arena's reservation, and
//! lowered code reaches them through absolute addresses only. `lowering` emits the
//! offsets below; `jit` lays its memory out by the same constants.
//!
//! A lowered function takes, after the parameters of its signature, one more `i64`
//! of purpose `vmctx`: the arena's base.
#![forbid(unsafe_code)]

use crate::code_table::MAX_ENTRIES;

/// Bytes of one entry of the native code table. Entry 0 must trap with
/// `bad_code_reference` when called.
pub const TABLE_ENTRY_SIZE: u32 = 16;

/// log2 of [`TABLE_ENTRY_SIZE`].
pub(super) const TABLE_ENTRY_SHIFT: i64 = TABLE_ENTRY_SIZE.ilog2() as i64;

/// Bytes of the native code table. All of it must be readable, zeroed past the last
/// entry: signature 0 matches no call site.
pub const TABLE_SIZE: u32 = MAX_ENTRIES * TABLE_ENTRY_SIZE;

/// Offset in an entry of the native entry address, a `u64`.
pub const ENTRY_ADDRESS: i32 = 0;

/// Offset in an entry of the signature's [`crate::code_table::SignatureId`], a `u32`.
pub const ENTRY_SIGNATURE: i32 = 8;

/// Offset in an entry of what kind of target it has, a `u32`. Lowered code does not
/// read it.
pub const ENTRY_KIND: i32 = 12;

/// Offset in the control block of the lowest stack pointer that a function may be
/// entered with, a `u64`. Lowered code only reads it.
pub const CONTROL_STACK_LIMIT: i32 = 0;

/// Offset in the control block of the number of guest functions that may still be
/// entered, a `u64`. Exact runs count it down at entry and up at return; it must be
/// set before each call, since a trap leaves it as it is.
pub const CONTROL_DEPTH: i32 = 8;

/// Offset in the control block of a `u64` that lowered code sets to 1 when a planted
/// fault meets its trigger.
pub const CONTROL_FAULT_TRIGGERED: i32 = 16;

/// Offset in the control block of the number of indirect calls made, a `u64`.
pub const CONTROL_INDIRECT_CALLS: i32 = 24;

/// Offset in the control block of a `u64` that is not 0 once a monitored indirect call has
/// found an entry of another signature than it expects: 1 + its site.
pub const CONTROL_WRONG_ENTRY: i32 = 32;

/// Bytes of the part of the control block that lowered code reaches.
pub const CONTROL_SIZE: u32 = 40;

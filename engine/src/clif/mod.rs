//! Programs written in CLIF text, without any Wasm module around them.
//!
//! [`read`] takes Cranelift's own test files and our cases alike: functions that call
//! each other by name, with `; run:` lines that say what to call and what must come of
//! it. The text is read as CLIF for `pulley32`: an address is an `i32`, an offset into
//! the arena. Files say for which targets they were meant; here that does not count,
//! so `test`, `target`, `set` and `feature` lines are skipped.
//!
//! | in the text | here |
//! |---|---|
//! | function number *n* of the program | entry *n* + 1 of the code table |
//! | `%name` or `u0:N` as a callee | the function of that name |
//! | calling conventions | one: tail |
//! | stack slots | the shadow stack, as in every program |
//! | everything else that is memory | `[NULL_PAGE, LEN)`, one interval of zeroes |
//!
//! No runtime keeps VM structures there, so an access has no object that it should have
//! stayed in; containment and the agreement of executors are what is left to judge. But a
//! program may write structures into its memory, and name their fields in alias regions
//! as the front end does: [`structures`] says which, and plans go by that.
#![forbid(unsafe_code)]

mod admit;
pub mod generate;
mod numbering;
mod read;
mod run_line;
mod source;
pub mod translate;

pub use read::{ReadError, read};
pub use run_line::{Expected, RunLine};
pub use source::{Source, SourceError};

use crate::arena::{NULL_PAGE, PAGE};
use crate::frontend::empty_layout;
use crate::layout::{FuncRef, MemoryDefinition, Structure, TableDefinition};

/// Bytes of the shadow stack. Its words lie in the page before.
const SHADOW_STACK_BYTES: u32 = 2 << 20;

/// Bytes at the top of the shadow stack that a digest covers: where the outermost
/// frames lie.
const FRAMES_DIGESTED: u32 = 64 << 10;

/// Arena offset of the lowest byte of the shadow stack.
pub const SHADOW_STACK: u32 = NULL_PAGE + PAGE;

/// Arena offset of the memory of a program, right above its shadow stack.
pub const MEMORY: u32 = SHADOW_STACK + SHADOW_STACK_BYTES;

/// Arena offset of the lowest byte that a digest of the arena covers; the rest is the
/// deeper part of the shadow stack.
pub const DIGESTED: u32 = MEMORY - FRAMES_DIGESTED;

/// Bytes of that memory.
pub const MEMORY_BYTES: u32 = 64 << 10;

/// The length of the arena of every CLIF program.
pub const LEN: u32 = MEMORY + MEMORY_BYTES;

/// The structures whose fields an access may name.
#[must_use]
pub fn structures() -> Vec<Structure> {
    let known = [FuncRef::NAME, TableDefinition::NAME, MemoryDefinition::NAME];
    let all = empty_layout().structures().into_iter();
    let known = all.filter(|structure| known.contains(&structure.name));
    known.map(|structure| Structure { in_vmctx: None, count: 1, ..structure }).collect()
}

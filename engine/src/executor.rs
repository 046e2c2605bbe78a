//! What an executor is: the one interface between the trusted runtime and whatever
//! runs guest code.
//!
//! An executor owns an arena and the compiled form of programs. It calls back
//! through [`Services`] for everything that guest code may not do itself. Native
//! code sits behind this interface too, so that it can move into another process
//! without anything above noticing.
#![forbid(unsafe_code)]

use std::time::Duration;

use cranelift_codegen::CodegenError;

use crate::arena::Arena;
use crate::code_table::{CodeIndex, CodeTable};
use crate::passes::Prepared;
use crate::program::{Builtin, FuncId};
use crate::site::SiteId;
use crate::trap::Trap;

/// A value in flight: integers and floats are zero-extended bit patterns, vectors
/// are little-endian, as in Wasmtime's 16-byte `ValRaw`.
pub type Slot = u128;

/// The tag of an exception under way, as the runtime tells it to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrownTag(pub u32);

/// What the trusted runtime does for guest code.
///
/// Arguments come from guest code and are untrusted, as is every byte of the arena.
pub trait Services {
    /// Serves a direct call to a builtin. `args` are the CLIF arguments, vmctx first.
    ///
    /// # Errors
    /// The trap to raise in the guest.
    fn builtin(
        &mut self,
        arena: &mut dyn Arena,
        builtin: Builtin,
        args: &[Slot],
    ) -> Result<Slot, Trap>;

    /// Serves a call to host function `number`. `args` are all CLIF arguments: the
    /// callee's and the caller's vmctx, then the Wasm arguments. `results` has one
    /// zeroed slot for each CLIF result.
    ///
    /// # Errors
    /// The trap to raise in the guest.
    fn host(
        &mut self,
        arena: &mut dyn Arena,
        number: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap>;

    /// The tag of the exception that guest code throws by the builtin `throw_ref`: that of
    /// an offset in the GC heap, or 0. Where nobody knows of tags, nothing is thrown.
    ///
    /// # Errors
    /// The trap to raise instead.
    fn thrown(&mut self, _arena: &mut dyn Arena, _exception: u32) -> Result<ThrownTag, Trap> {
        Err(Trap::Host)
    }

    /// Whether a handler for tag number `tag` of the instance with a vmctx takes it. Both
    /// come from where the compiler keeps them, not from the arena.
    fn catches(&self, _vmctx: u32, _tag: u32, _thrown: ThrownTag) -> bool {
        false
    }
}

/// How far one call may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Operations that the interpreter may execute. A builtin that moves bytes costs more
    /// than one, by their number.
    pub fuel: u64,
    /// Time after which native code is stopped with [`Trap::Interrupt`].
    pub deadline: Duration,
    /// Nested guest calls, the first included, before [`Trap::StackOverflow`].
    /// Exact in exact runs; as shipped, the size of the stack decides.
    pub depth: u32,
}

/// Why a call did not return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The guest trapped.
    #[error("trap: {}", .0.trap)]
    Trap(TrapReport),
    /// An access or a jump left the arena, its guards or the code table.
    #[error("escape: {0:?}")]
    Escape(Box<Escape>),
    /// Trusted code panicked, or found its own state broken.
    #[error("runtime fault: {0}")]
    RuntimeFault(String),
}

impl Stop {
    /// A trap about which no more is known than its kind.
    #[must_use]
    pub fn trap(trap: Trap) -> Stop {
        Stop::Trap(TrapReport { trap, program: None, function: None, site: None })
    }
}

/// A trap, and where it happened as far as the executor can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// The trap.
    pub trap: Trap,
    /// Load order of the program, from 0.
    pub program: Option<u32>,
    /// The function.
    pub function: Option<FuncId>,
    /// The memory access or indirect call.
    pub site: Option<SiteId>,
}

/// An access or a jump that left its bounds, with all that was seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    /// What was attempted.
    pub access: Access,
    /// Target relative to the arena's base, in bytes. In exact runs contained
    /// accesses lie in `[0, 4 GiB + width)`.
    pub offset: i128,
    /// Load order of the program, from 0, where the code is known.
    pub program: Option<u32>,
    /// The function, where the code is known.
    pub function: Option<FuncId>,
    /// The site, where the code is known and has one.
    pub site: Option<SiteId>,
    /// The faulting instruction's bytes; empty in the interpreter.
    pub instruction: Vec<u8>,
    /// Its disassembly; empty in the interpreter.
    pub disassembly: String,
    /// Register names and values when it faulted; empty in the interpreter.
    pub registers: Vec<(&'static str, u64)>,
}

/// What an escaping instruction attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A read.
    Read,
    /// A write.
    Write,
    /// A jump or call.
    Execute,
}

/// Why a program could not be made ready to run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The executor lacks something that the program needs. Not a failure.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// A compiler rejected valid input or panicked: a finding.
    #[error("compile failure: {0}")]
    CompileFailure(String),
}

impl From<&CodegenError> for LoadError {
    /// A limit or a missing feature is not a failure; rejecting verified input is one.
    fn from(error: &CodegenError) -> LoadError {
        match error {
            CodegenError::Unsupported(what) => LoadError::Unsupported(what.clone()),
            CodegenError::ImplLimitExceeded | CodegenError::CodeTooLarge => {
                LoadError::Unsupported(error.to_string())
            }
            _ => LoadError::CompileFailure(error.to_string()),
        }
    }
}

/// Runs guest code over an arena of its own.
pub trait Executor {
    /// Name used on the command line and in outcomes.
    fn name(&self) -> &'static str;

    /// Drops all programs and gives a zeroed arena of `len` bytes, null page
    /// included; `len` is a multiple of [`crate::arena::PAGE`].
    ///
    /// # Errors
    /// When the host has no address space left, in words.
    fn reset(&mut self, len: u32) -> Result<(), String>;

    /// The arena, to set it up before a call and to inspect it after one.
    fn arena(&mut self) -> &mut dyn Arena;

    /// Compiles a program. Programs are numbered in load order from 0. Signatures
    /// of indirect calls are interned in `table`.
    ///
    /// # Errors
    /// [`LoadError`]; the executor is as it was.
    fn load(&mut self, program: &Prepared, table: &mut CodeTable) -> Result<(), LoadError>;

    /// Calls the function at `code`, whose signature takes `args` and gives the
    /// returned slots, one for each CLIF parameter and result. The table must hold
    /// every function that guest code can reach; it may have grown since the last
    /// call, but its old entries are unchanged.
    ///
    /// # Errors
    /// [`Stop`]. The arena keeps what the guest did until then.
    fn call(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop>;

    /// What raw pointers to the arena and to code are made of, for programs of
    /// [`crate::layout::Addressing::Raw64`]: every entry of the table that is there now has
    /// its place.
    ///
    /// # Errors
    /// When this executor does not run such programs, in words.
    fn raw_pointers(&mut self, _table: &CodeTable) -> Result<RawPointers, String> {
        Err(format!("raw pointers in the {}", self.name()))
    }

    /// Counts since the last [`Executor::reset`].
    fn counts(&self) -> Counts;
}

/// Where things lie for code that uses raw pointers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawPointers {
    /// Native address of the arena's first byte.
    pub base: u64,
    /// Native address of each entry of the code table.
    pub code: Vec<u64>,
}

/// What a run did, as far as the executor counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations executed; 0 where the executor does not count them.
    pub ops: u64,
    /// Memory accesses executed; 0 where the executor does not count them.
    pub accesses: u64,
    /// Indirect calls executed; 0 where the executor does not count them.
    pub indirect_calls: u64,
}

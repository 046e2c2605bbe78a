//! Sites: the memory accesses and indirect calls of a prepared program.
//!
//! Each memory instruction and each indirect call gets a [`SiteId`], which
//! `passes` write into its `SourceLoc`. Both backends map their code back to it,
//! so an access can be blamed on a field of a structure, and an indirect call in
//! bytecode knows the signature that it expects.
#![forbid(unsafe_code)]

use std::sync::Arc;

use cranelift_codegen::ir;

use crate::program::FuncId;

/// Number of a site in its prepared program: the position in
/// `passes::Prepared::sites`, and the value of the instruction's `SourceLoc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

impl SiteId {
    /// The source location that carries this id. Ids are far below the reserved
    /// default value of `SourceLoc`.
    #[must_use]
    pub fn source_loc(self) -> ir::SourceLoc {
        ir::SourceLoc::new(self.0)
    }

    /// The id in a source location, unless it is the default one.
    #[must_use]
    pub fn from_source_loc(loc: ir::SourceLoc) -> Option<SiteId> {
        (!loc.is_default()).then(|| SiteId(loc.bits()))
    }
}

/// A memory access or an indirect call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The function it stands in.
    pub function: FuncId,
    /// Position among the sites of its function, in layout order, before any pass
    /// split it: stable from run to run.
    pub ordinal: u32,
    /// The instruction, as the program names it if no pass made it.
    pub instruction: ir::Inst,
    /// What it does.
    pub kind: SiteKind,
    /// The alias region that the front end gave the access, such as
    /// `VMMemoryDefinition+0x4` or `PublicMemory`; empty when it gave none.
    pub region: Arc<str>,
    /// Bytes accessed; 0 for a call.
    pub width: u8,
    /// The static displacement of the access as the program states it.
    pub displacement: i32,
    /// Byte offset of the Wasm instruction in the module, if it came from one.
    pub wasm_offset: Option<u32>,
}

impl std::fmt::Display for Site {
    /// Such as `store VMMemoryDefinition+0x4 width 4 at wasm 0x1a2`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.name())?;
        if !self.region.is_empty() {
            write!(f, " {}", self.region)?;
        }
        if self.width > 0 {
            write!(f, " width {}", self.width)?;
        }
        match self.wasm_offset {
            Some(offset) => write!(f, " at wasm {offset:#x}"),
            None => Ok(()),
        }
    }
}

/// What a site does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// Reads memory.
    Load,
    /// Writes memory.
    Store,
    /// Reads and writes memory atomically.
    Atomic,
    /// Calls through a code index.
    IndirectCall,
}

impl SiteKind {
    /// The kind in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SiteKind::Load => "load",
            SiteKind::Store => "store",
            SiteKind::Atomic => "atomic",
            SiteKind::IndirectCall => "indirect call",
        }
    }
}

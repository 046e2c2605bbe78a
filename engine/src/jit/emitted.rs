//! What the compiler emitted for a function, kept at hand for whoever asks about it
//! later: the trap path, and checks of the machine code.

use std::fmt;
use std::ops::Range;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{LibCall, Signature, TrapCode};

use crate::program::{Builtin, FUNCTION_NAMESPACE, FuncId};
use crate::site::SiteId;
use crate::trap::Trap;
use crate::unwind::Handlers;

/// What a relocation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// A function of the same program.
    Function(FuncId),
    /// A builtin's gateway.
    Builtin(Builtin),
    /// A library function that stands in for an instruction.
    LibCall(LibCall),
    /// An offset in the function itself.
    Here(u32),
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Symbol::Function(FuncId(id)) => write!(f, "u{FUNCTION_NAMESPACE}:{id}"),
            Symbol::Builtin(builtin) => f.write_str(builtin.name()),
            Symbol::LibCall(call) => write!(f, "{call}"),
            Symbol::Here(offset) => write!(f, "its own byte {offset}"),
        }
    }
}

/// A place in a function's code that refers to something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Offset of the place in the function.
    pub offset: u32,
    /// How the address is encoded there.
    pub kind: Reloc,
    /// What is referred to.
    pub symbol: Symbol,
    /// Added to the address.
    pub addend: i64,
}

/// The machine code of one function, before linking, with what is known of it.
#[derive(Clone, Debug)]
pub struct EmittedFunction {
    /// The code, constants included.
    pub code: Vec<u8>,
    /// Its references, by offset.
    pub relocations: Vec<Relocation>,
    /// Offsets of instructions that may trap, ascending, and how.
    pub traps: Vec<(u32, TrapCode)>,
    /// Ranges of code that belong to a site, ascending and disjoint.
    pub sites: Vec<(Range<u32>, SiteId)>,
    /// Its calls with handlers of exceptions.
    pub(super) handlers: Handlers,
    /// Bytes of stack below the frame pointer.
    pub frame_bytes: u32,
    /// Its lowered signature.
    pub signature: Signature,
    /// What it calls by name, with the signature that it states.
    pub callees: Vec<(Symbol, Signature)>,
}

impl EmittedFunction {
    /// Code that no compiler made, of which nothing is known.
    #[cfg(test)]
    pub(super) fn bare(code: Vec<u8>, signature: Signature) -> EmittedFunction {
        EmittedFunction {
            code,
            relocations: Vec::new(),
            traps: Vec::new(),
            sites: Vec::new(),
            handlers: Handlers::default(),
            frame_bytes: 0,
            signature,
            callees: Vec::new(),
        }
    }

    /// How the instruction at `offset` may trap.
    #[must_use]
    pub fn trap_at(&self, offset: u32) -> Option<Trap> {
        let index = self.traps.binary_search_by_key(&offset, |trap| trap.0).ok()?;
        Trap::from_code(self.traps[index].1)
    }

    /// The site that the instruction at `offset` belongs to.
    #[must_use]
    pub fn site_at(&self, offset: u32) -> Option<SiteId> {
        let after = self.sites.partition_point(|(range, _)| range.start <= offset);
        let (range, site) = self.sites.get(after.checked_sub(1)?)?;
        range.contains(&offset).then_some(*site)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::isa::CallConv;

    #[test]
    fn lookups_respect_ranges() {
        let function = EmittedFunction {
            traps: vec![(4, TrapCode::STACK_OVERFLOW), (9, TrapCode::HEAP_OUT_OF_BOUNDS)],
            sites: vec![(4..8, SiteId(3)), (9..12, SiteId(1))],
            ..EmittedFunction::bare(vec![0; 32], Signature::new(CallConv::Tail))
        };
        let sites = [3, 4, 7, 8, 9, 11, 12].map(|offset| function.site_at(offset).map(|s| s.0));
        assert_eq!(sites, [None, Some(3), Some(3), None, Some(1), Some(1), None]);
        assert_eq!(function.trap_at(9), Some(Trap::HeapOutOfBounds));
        assert_eq!(function.trap_at(8), None);
    }
}

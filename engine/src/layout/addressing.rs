//! The two ways in which VM data can name memory and code.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{Type, types};

/// How VM data names memory and code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Addressing {
    /// Offsets into the arena and code indices, of 4 bytes: the subject.
    #[default]
    Arena32,
    /// Raw pointers of 8 bytes, as in today's Wasmtime: the positive control, for cells
    /// only.
    Raw64,
}

impl Addressing {
    /// Both.
    pub const ALL: [Addressing; 2] = [Addressing::Arena32, Addressing::Raw64];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Addressing::Arena32 => "arena32",
            Addressing::Raw64 => "raw64",
        }
    }

    /// The layout of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Addressing> {
        Addressing::ALL.into_iter().find(|addressing| addressing.name() == name)
    }

    /// Bytes of a pointer.
    #[must_use]
    pub fn pointer_bytes(self) -> u8 {
        match self {
            Addressing::Arena32 => 4,
            Addressing::Raw64 => 8,
        }
    }

    /// The type of an address in CLIF.
    #[must_use]
    pub fn pointer_type(self) -> Type {
        match self {
            Addressing::Arena32 => types::I32,
            Addressing::Raw64 => types::I64,
        }
    }
}

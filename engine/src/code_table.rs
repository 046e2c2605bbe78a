//! The code table: what a code index means.
//!
//! VM structures never hold code addresses, only indices into this table, which
//! lies outside the arena and which guest code cannot write. Entry 0 is a stub that
//! traps. An indirect call names the signature that it expects; it reaches an entry
//! only if the entry's [`SignatureId`] is equal, so a forged index can at worst call
//! another function of the same signature.
//!
//! The table is the same for every executor. Each keeps beside it what an entry is
//! in its own terms: a native address, an op index.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use cranelift_codegen::ir;

/// Index into the code table, as stored in `VMFuncRef.wasm_call`. Untrusted when it
/// comes from the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeIndex(pub u32);

impl CodeIndex {
    /// The entry that traps when called.
    pub const TRAP: CodeIndex = CodeIndex(0);
}

/// An interned CLIF signature, calling convention included. Never 0, so that a
/// zeroed entry matches no call site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureId(pub u32);

/// Most entries that a code table may have. Native call sites clamp their index to
/// this constant, so the table's memory spans it whatever the number of entries.
pub const MAX_ENTRIES: u32 = 1 << 16;

/// What a code-table entry calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Traps with `bad_code_reference`.
    Trap,
    /// A function of a loaded program: the position of the program in load order,
    /// and the function's [`crate::program::FuncId`].
    Function {
        /// Load order of the program, from 0.
        program: u32,
        /// The function.
        function: crate::program::FuncId,
    },
    /// A host function, by its number in the runtime's trusted table.
    Host(u32),
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it calls.
    pub target: Target,
    /// Its signature; `None` for the trap stub.
    pub signature: Option<SignatureId>,
}

/// The table is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code table has no room for more than {MAX_ENTRIES} entries")]
pub struct TableFull;

/// The code table of one store, with its signature interner.
#[derive(Clone, Debug)]
pub struct CodeTable {
    entries: Vec<Entry>,
    signatures: Vec<ir::Signature>,
    ids: HashMap<ir::Signature, SignatureId>,
}

impl Default for CodeTable {
    fn default() -> CodeTable {
        CodeTable {
            entries: vec![Entry { target: Target::Trap, signature: None }],
            signatures: Vec::new(),
            ids: HashMap::new(),
        }
    }
}

impl CodeTable {
    /// The id of a signature, the same for equal signatures.
    ///
    /// # Panics
    /// After 2^32 - 1 distinct signatures.
    pub fn intern(&mut self, signature: &ir::Signature) -> SignatureId {
        if let Some(&id) = self.ids.get(signature) {
            return id;
        }
        self.signatures.push(signature.clone());
        let id = SignatureId(u32::try_from(self.signatures.len()).expect("few signatures"));
        self.ids.insert(signature.clone(), id);
        id
    }

    /// The signature of an id that [`CodeTable::intern`] gave.
    #[must_use]
    pub fn signature(&self, id: SignatureId) -> Option<&ir::Signature> {
        self.signatures.get((id.0 as usize).checked_sub(1)?)
    }

    /// Adds an entry and returns its index.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn push(&mut self, target: Target, signature: SignatureId) -> Result<CodeIndex, TableFull> {
        let index = u32::try_from(self.entries.len()).ok().filter(|&n| n < MAX_ENTRIES);
        let index = CodeIndex(index.ok_or(TableFull)?);
        self.entries.push(Entry { target, signature: Some(signature) });
        Ok(index)
    }

    /// The entry that an index, trusted or not, selects; the trap stub for an index
    /// past the end.
    #[must_use]
    pub fn get(&self, index: CodeIndex) -> Entry {
        self.entries.get(index.0 as usize).copied().unwrap_or(self.entries[0])
    }

    /// All entries, the trap stub first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

//! Programs that were decoded before: to load one again is to copy its code.
//!
//! A program runs under thousands of schedules, each time in a fresh arena and loaded anew.
//! What its fragment depends on is the same each time: the functions, where the fragment
//! begins, and the ids of the signatures that its indirect calls expect. All of that is
//! compared, so a memo can only save time.
#![forbid(unsafe_code)]

use std::sync::Arc;

use cranelift_codegen::ir::{Function, Signature};

use super::predecode::{Fragment, Start};
use crate::code_table::{CodeTable, SignatureId};
use crate::passes::Prepared;

/// Most programs that are remembered.
const CAPACITY: usize = 8;

/// Most instructions of a program that is.
const MOST_INSTRUCTIONS: usize = 1 << 16;

struct Known {
    functions: Vec<Arc<Function>>,
    start: Start,
    /// In the order in which they were interned.
    signatures: Vec<(Signature, SignatureId)>,
    fragment: Fragment,
}

/// The latest programs, the latest last.
#[derive(Default)]
pub(super) struct Memo(Vec<Known>);

impl Memo {
    /// The fragment of a program that begins at a place, not linked yet. Its signatures are
    /// interned as if it had been decoded.
    pub(super) fn get(
        &mut self,
        program: &Prepared,
        start: Start,
        table: &mut CodeTable,
    ) -> Option<Fragment> {
        let position = self.0.iter().position(|known| known.is(program, start))?;
        let known = self.0.remove(position);
        let same = known.signatures.iter().all(|(signature, id)| table.intern(signature) == *id);
        let fragment = same.then(|| known.fragment.clone());
        self.0.push(known);
        fragment
    }

    /// Remembers a fragment that is not linked yet; `expected` are the ids of the signatures
    /// of its indirect calls.
    pub(super) fn insert(
        &mut self,
        program: &Prepared,
        start: Start,
        table: &CodeTable,
        expected: &[SignatureId],
        fragment: &Fragment,
    ) {
        if fragment.instructions.len() > MOST_INSTRUCTIONS {
            return;
        }
        self.0.retain(|known| !known.is(program, start));
        if self.0.len() >= CAPACITY {
            self.0.remove(0);
        }
        let named = expected.iter().filter_map(|&id| Some((table.signature(id)?.clone(), id)));
        self.0.push(Known {
            functions: program.functions.clone(),
            start,
            signatures: named.collect(),
            fragment: fragment.clone(),
        });
    }
}

impl Known {
    fn is(&self, program: &Prepared, start: Start) -> bool {
        let same = |(ours, theirs): (&Arc<Function>, &Arc<Function>)| Arc::ptr_eq(ours, theirs);
        self.start == start
            && self.functions.len() == program.functions.len()
            && self.functions.iter().zip(&program.functions).all(same)
    }
}

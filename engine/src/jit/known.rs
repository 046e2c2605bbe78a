//! What a process remembers of the functions that it compiled.
//!
//! Emitted code contains the process's own addresses and the signature ids of the code
//! table that it was compiled with, so a function is known to one process only, and is
//! used again where the table gives the same ids.

use std::sync::Arc;

use cranelift_codegen::ir::{Function, Signature};

use super::emitted::EmittedFunction;
use super::isa::Settings;
use crate::code_table::{CodeTable, SignatureId};
use crate::compiled::Compiled;
use crate::passes::Mode;

/// Most configurations whose functions are remembered.
const CONFIGURATIONS: usize = 16;

/// What decides, beside the function, what is emitted for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) mode: Mode,
    pub(super) settings: Settings,
    pub(super) count_calls: bool,
    pub(super) monitor: bool,
    pub(super) record: bool,
}

/// A function that was emitted before, with the signature ids that its code contains.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) function: Arc<EmittedFunction>,
    pub(super) ids: Vec<(Signature, SignatureId)>,
}

/// Emitted functions by configuration.
#[derive(Debug, Default)]
pub(super) struct KnownFunctions(Vec<(Configuration, Compiled<Known>)>);

impl KnownFunctions {
    /// The code that was emitted for a function before, if it fits a code table.
    pub(super) fn get(
        &self,
        configuration: &Configuration,
        function: &Arc<Function>,
        table: &mut CodeTable,
    ) -> Option<Arc<EmittedFunction>> {
        let (_, compiled) = self.0.iter().find(|(known, _)| known == configuration)?;
        let known = compiled.get(function)?;
        let fits = known.ids.iter().all(|(signature, id)| table.intern(signature) == *id);
        fits.then(|| known.function.clone())
    }

    /// Remembers what was emitted.
    pub(super) fn insert(
        &mut self,
        configuration: &Configuration,
        function: &Arc<Function>,
        known: Known,
    ) {
        let at = self.0.iter().position(|(known, _)| known == configuration);
        let at = at.unwrap_or_else(|| {
            if self.0.len() >= CONFIGURATIONS {
                self.0.clear();
            }
            self.0.push((configuration.clone(), Compiled::default()));
            self.0.len() - 1
        });
        self.0[at].1.insert(function, known);
    }
}

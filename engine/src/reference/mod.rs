//! The reference: the same CLIF, without any backend.
//!
//! `cranelift-interpreter` executes one instruction at a time; this executor does what
//! is ours around it. Compilers have no part in it, so where it disagrees with the
//! others the bug is in a backend, in a lowering, or here, and not in all alike.
//!
//! | done by `cranelift-interpreter` | done here |
//! |---|---|
//! | values, conversions, branches, atomics | addresses: (offset + displacement) mod 2^32, checked |
//! | | calls: the stack of activations, its depth, code indices, builtins, the host |
//! | | what the crate leaves out or does wrong: loads that widen vectors, bitcasts and averages of vectors, the rest of a division by -1 |
//! | | canonical NaNs, as in both backends |
//!
//! It is slow, and meant for small programs. It counts each instruction as one
//! operation, which is not what the interpreter counts: fuel ends runs elsewhere.
//! What the crate does not implement panics there, which is `unsupported` here; it is
//! noticed only when it is executed, as a trap would be.
#![forbid(unsafe_code)]

mod access;
mod activation;
mod calls;
mod float;
mod machine;
mod memory;
mod state;
#[cfg(test)]
mod tests;
mod value;

use crate::arena::{Arena, NULL_PAGE, OwnedArena};
use crate::code_table::{CodeIndex, CodeTable};
use crate::executor::{Counts, Executor, Limits, LoadError, Services, Slot, Stop};
use crate::passes::Prepared;
use crate::run::Observed;

use machine::{Ended, Machine};

/// Runs programs with `cranelift-interpreter`. See the module's documentation.
pub struct Reference {
    programs: Vec<Prepared>,
    arena: OwnedArena,
    counts: Counts,
    /// What a program needed and the crate does not have.
    missing: Option<String>,
}

impl Default for Reference {
    fn default() -> Reference {
        Reference {
            programs: Vec::new(),
            arena: OwnedArena::new(NULL_PAGE),
            counts: Counts::default(),
            missing: None,
        }
    }
}

impl Executor for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn reset(&mut self, len: u32) -> Result<(), String> {
        self.arena.reset(len).map_err(|error| error.to_string())?;
        self.programs.clear();
        self.counts = Counts::default();
        self.missing = None;
        Ok(())
    }

    fn arena(&mut self) -> &mut dyn Arena {
        &mut self.arena
    }

    fn load(&mut self, program: &Prepared, _: &mut CodeTable) -> Result<(), LoadError> {
        program.functions.iter().try_for_each(|function| machine::admit(function))?;
        self.programs.push(program.clone());
        Ok(())
    }

    fn call(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        let mut machine = Machine::new(&self.programs, table, &mut self.arena, limits);
        let ended = machine.run(services, code, args);
        let counts = machine.counts();
        self.counts.ops += counts.ops;
        self.counts.accesses += counts.accesses;
        self.counts.indirect_calls += counts.indirect_calls;
        ended.map_err(|ended| match ended {
            Ended::Stopped(stop) => stop,
            Ended::Refused(what) => {
                self.missing = Some(what.clone());
                Stop::RuntimeFault(what)
            }
        })
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

impl Observed for Reference {
    fn base(&mut self) -> u64 {
        self.arena.base()
    }

    fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }
}

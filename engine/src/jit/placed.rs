//! Programs that lie in code memory, kept from run to run.
//!
//! A program that is run many times is compiled once (`known`), and placed once, too: where
//! the next run loads the same functions in the same order, their code is still right. What
//! they call is where it was: a gateway stays where it is until all are emptied, and no
//! program outlives that ([`Process::clear`](super::process::Process::clear)). The first
//! program that differs is placed behind those that do not, and what lay there is gone. It is gone as
//! well before anything runs, if a run loads less than the one before: no call finds code of
//! another run.

use std::io;
use std::sync::Arc;

use super::code::{Area, CodeMemory};
use super::emitted::EmittedFunction;

/// A linked program.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) functions: Vec<Arc<EmittedFunction>>,
    /// Address of each function, ascending.
    pub(super) addresses: Vec<u64>,
    /// Where its code ends in its area.
    pub(super) end: usize,
}

/// The programs of the last run, and how many of them are those of this run.
#[derive(Debug, Default)]
pub(super) struct PlacedPrograms {
    programs: Vec<Arc<Placed>>,
    used: usize,
}

impl PlacedPrograms {
    /// Begins another run.
    pub(super) fn rewind(&mut self) {
        self.used = 0;
    }

    /// The program of some functions, if it is the next one of the last run.
    pub(super) fn again(&mut self, functions: &[Arc<EmittedFunction>]) -> Option<Arc<Placed>> {
        let next = self.programs.get(self.used)?;
        let same = next.functions.len() == functions.len()
            && next.functions.iter().zip(functions).all(|(one, other)| Arc::ptr_eq(one, other));
        same.then(|| {
            self.used += 1;
            next.clone()
        })
    }

    /// Adds a program behind those of this run.
    pub(super) fn push(&mut self, program: Placed) -> Arc<Placed> {
        debug_assert_eq!(self.used, self.programs.len(), "others are cut off before");
        let program = Arc::new(program);
        self.programs.push(program.clone());
        self.used += 1;
        program
    }

    /// Takes away what no program of this run has placed.
    pub(super) fn cut(&mut self, code: &mut CodeMemory) -> io::Result<()> {
        if self.used == self.programs.len() {
            return Ok(());
        }
        self.programs.truncate(self.used);
        code.cut(Area::Programs, self.programs.last().map(|program| program.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::LoadError;
    use cranelift_codegen::ir::Signature;
    use cranelift_codegen::isa::CallConv;

    fn function() -> Arc<EmittedFunction> {
        Arc::new(EmittedFunction::bare(vec![0xc3], Signature::new(CallConv::SystemV)))
    }

    fn place(
        placed: &mut PlacedPrograms,
        code: &mut CodeMemory,
        functions: &[Arc<EmittedFunction>],
    ) {
        if placed.again(functions).is_some() {
            return;
        }
        placed.cut(code).expect("memory");
        let address = code.publish(Area::Programs, 1, |_| Ok::<_, LoadError>(vec![0xc3]));
        let addresses = vec![address.expect("room")];
        let (functions, end) = (functions.to_vec(), code.end(Area::Programs));
        placed.push(Placed { functions, addresses, end });
    }

    #[test]
    fn the_same_program_stays_and_what_is_not_loaded_again_goes() {
        for mut code in [CodeMemory::new().expect("space"), CodeMemory::shared().expect("space")] {
            let mut placed = PlacedPrograms::default();
            let programs = [[function()], [function()]];
            let mut ends = Vec::new();
            for run in [&programs[..], &programs[..], &programs[..1], &programs[1..]] {
                placed.rewind();
                for program in run {
                    place(&mut placed, &mut code, program);
                }
                placed.cut(&mut code).expect("memory");
                ends.push(code.end(Area::Programs));
            }
            assert_eq!(ends[0], ends[1]);
            assert!(ends[2] < ends[1]);
            assert_eq!(ends[2], ends[3]);
            let first = placed.programs[0].functions.clone();
            assert!(Arc::ptr_eq(&first[0], &programs[1][0]));
        }
    }
}

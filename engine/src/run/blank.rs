//! An executor without code: an arena in which a store makes its structures, to see what
//! they are before any call.
#![forbid(unsafe_code)]

use super::observe::Observed;
use crate::arena::{Arena, NULL_PAGE, OwnedArena};
use crate::code_table::{CodeIndex, CodeTable};
use crate::executor::{Counts, Executor, Limits, LoadError, Services, Slot, Stop};
use crate::passes::Prepared;

/// See the module's documentation.
pub(super) struct Blank {
    arena: OwnedArena,
}

impl Default for Blank {
    fn default() -> Blank {
        Blank { arena: OwnedArena::new(NULL_PAGE) }
    }
}

impl Executor for Blank {
    fn name(&self) -> &'static str {
        "blank"
    }

    fn reset(&mut self, len: u32) -> Result<(), String> {
        self.arena.reset(len).map_err(|error| error.to_string())
    }

    fn arena(&mut self) -> &mut dyn Arena {
        &mut self.arena
    }

    fn load(&mut self, _: &Prepared, _: &mut CodeTable) -> Result<(), LoadError> {
        Ok(())
    }

    fn call(
        &mut self,
        _: &CodeTable,
        _: &mut dyn Services,
        _: CodeIndex,
        _: &[Slot],
        _: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        Err(Stop::RuntimeFault("there is no code".to_owned()))
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}

impl Observed for Blank {
    fn base(&mut self) -> u64 {
        self.arena.base()
    }
}

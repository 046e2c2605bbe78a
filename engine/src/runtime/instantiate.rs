//! Instantiation: a program becomes an instance in the arena.
//!
//! Everything that Wasm lets happen without running code happens here; the rest
//! (globals whose value is computed, element segments, data segments at computed
//! offsets, the start function) is the program's startup function, which
//! [`Store::start`] calls.
#![forbid(unsafe_code)]

use super::areas::OutOfAreas;
use super::link::{Extern, Imports, LinkError};
use super::state::InstanceId;
use super::structures::{TooLarge, instance_areas};
use super::{Ended, Store, register, write};
use crate::arena::OutOfArena;
use crate::code_table::{CodeIndex, CodeTable, Target};
use crate::executor::{Executor, Limits, LoadError};
use crate::layout::Addressing;
use crate::passes::Prepared;
use crate::program::{FuncId, Program};

/// Why there is no instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantiateError {
    /// An import does not fit.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The executor does not take the program.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The arena has no room for it.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The executor's arena is not the one that the store was made for.
    #[error(transparent)]
    OutOfArena(#[from] OutOfArena),
}

impl From<OutOfAreas> for InstantiateError {
    fn from(error: OutOfAreas) -> InstantiateError {
        InstantiateError::TooLarge(error.into())
    }
}

impl Store {
    /// Makes an instance of a program; `externs` are its imports, in order. No code
    /// runs before [`Store::start`].
    ///
    /// # Errors
    /// [`InstantiateError`]; the store has no new instance then.
    pub fn instantiate(
        &mut self,
        executor: &mut dyn Executor,
        program: &Program,
        prepared: &Prepared,
        externs: &[Extern],
    ) -> Result<InstanceId, InstantiateError> {
        let addressing = program.layout.addressing;
        if addressing != self.state.pointers.addressing {
            let what = format!("pointers of {} in a store of others", addressing.name());
            return Err(LoadError::Unsupported(what).into());
        }
        if addressing == Addressing::Raw64 && program.module.needs_gc_heap {
            let what = "garbage-collected objects among raw pointers".to_owned();
            return Err(LoadError::Unsupported(what).into());
        }
        let imports = Imports::check(&program.module, externs, &mut self.state)?;
        let mut areas = self.state.areas.clone();
        let first = areas.all().len();
        let places = instance_areas(&mut areas, program, self.state.limits)?;
        executor.load(prepared, &mut self.code)?;
        let number = register::index(self.state.frame_maps.len());
        self.state.frame_maps.push(prepared.frame_maps.clone());
        let code = code_entries(&mut self.code, program, prepared, number)?;
        if self.state.pointers.addressing == Addressing::Raw64 {
            let raw = executor.raw_pointers(&self.code).map_err(LoadError::Unsupported)?;
            self.state.pointers.raw = raw;
        }
        let arena = executor.arena();
        areas.write_canaries(arena, first)?;
        self.state.areas = areas;
        if let Some(base) = places.gc_heap {
            self.state.make_gc_heap(arena, base, &program.layout)?;
        }
        let id = register::instance(&mut self.state, program, &imports, &places, &code, number);
        write::structures(arena, &self.state, program, self.state.instance(id))?;
        Ok(id)
    }

    /// Runs the startup function of an instance, if it has one: it completes the
    /// instance and calls the module's start function.
    ///
    /// # Errors
    /// [`Ended`]; what the instance did until then stays done.
    pub fn start(
        &mut self,
        executor: &mut dyn Executor,
        id: InstanceId,
        limits: Limits,
    ) -> Result<(), Ended> {
        let Some(code) = self.state.instances[id.0 as usize].startup.take() else {
            return Ok(());
        };
        let vmctx = self.state.pointers.to_guest(self.state.instance(id).vmctx).into();
        self.enter(executor, code, &[vmctx, vmctx], 0, limits)?;
        Ok(())
    }
}

/// The entries of a program: one for each function that can be called from outside
/// it, so that a forged index reaches no other.
pub(super) struct CodeEntries {
    /// By position among the defined functions.
    pub(super) defined: Vec<Option<CodeIndex>>,
    pub(super) startup: Option<CodeIndex>,
}

fn code_entries(
    table: &mut CodeTable,
    program: &Program,
    prepared: &Prepared,
    number: u32,
) -> Result<CodeEntries, LoadError> {
    let mut push = |function: FuncId| {
        let signature = table.intern(&prepared.functions[function.0 as usize].signature);
        table
            .push(Target::Function { program: number, function }, signature)
            .map_err(|full| LoadError::Unsupported(full.to_string()))
    };
    let imported = program.layout.imported_functions.count as usize;
    let defined = (0..).map(FuncId).zip(&program.module.functions[imported..]);
    Ok(CodeEntries {
        defined: defined
            .map(|(id, decl)| decl.func_ref.map(|_| push(id)).transpose())
            .collect::<Result<_, LoadError>>()?,
        startup: program.startup.map(&mut push).transpose()?,
    })
}

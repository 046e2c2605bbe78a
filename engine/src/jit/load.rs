//! Loading a program: lowered, compiled, linked and placed in code memory.

use cranelift_codegen::ir::{Function, Signature};

use super::Jit;
use super::code::Area;
use super::compile::Compiler;
use super::emitted::{EmittedFunction, Symbol};
use super::link::{self, Linker};
use super::programs::{Loaded, SiteShape};
use super::serve::Service;
use crate::code_table::CodeTable;
use crate::executor::LoadError;
use crate::lowering;
use crate::passes::{Mode, Prepared};
use crate::program::Builtin;
use crate::site::Site;

impl Jit {
    /// See [`crate::executor::Executor::load`].
    pub(super) fn load_prepared(
        &mut self,
        program: &Prepared,
        table: &mut CodeTable,
    ) -> Result<(), LoadError> {
        let lowered = self.lower(program, table)?;
        self.load_lowered(lowered, program.mode, &program.sites)
    }

    fn lower(&self, program: &Prepared, table: &mut CodeTable) -> Result<Vec<Function>, LoadError> {
        let context = lowering::Context {
            mode: program.mode,
            table: self.process().table.address(),
            control: self.process().control_address(),
            faults: &self.faults,
            count_calls: self.count_calls,
        };
        let mut intern = |signature: &Signature| table.intern(signature);
        let lower = |function| lowering::lower(function, &context, &mut intern);
        let lowered: Result<Vec<_>, _> = program.functions.iter().map(lower).collect();
        lowered.map_err(|error| LoadError::Unsupported(error.to_string()))
    }

    /// Compiles, links and places functions that already have the base.
    pub(super) fn load_lowered(
        &mut self,
        lowered: Vec<Function>,
        mode: Mode,
        sites: &[Site],
    ) -> Result<(), LoadError> {
        let target = self.settings.target(mode);
        let target = target.map_err(|error| LoadError::Unsupported(error.to_string()))?;
        let builtins = link::check_calls(&lowered)?;
        let mut compiler = Compiler::new(&*target);
        let functions: Vec<EmittedFunction> =
            lowered.into_iter().map(|f| compiler.compile(f)).collect::<Result<_, _>>()?;
        let addresses = self.place(&functions, &builtins)?;
        let sites = sites.iter().map(SiteShape::of).collect();
        self.arrange_decoys(mode)?;
        self.programs.push(Loaded { mode, functions, addresses, sites });
        Ok(())
    }

    /// Places linked code and returns the address of each function.
    fn place(
        &mut self,
        functions: &[EmittedFunction],
        builtins: &[(Builtin, Signature)],
    ) -> Result<Vec<u64>, LoadError> {
        let mut gateways = Vec::new();
        for (builtin, signature) in builtins {
            let address = self.process_mut().gateway(Service::Builtin(*builtin), signature);
            gateways.push((*builtin, address.map_err(LoadError::CompileFailure)?));
        }
        let resolve = |symbol| match symbol {
            Symbol::LibCall(call) => link::library_function(call),
            Symbol::Builtin(builtin) => {
                gateways.iter().find(|known| known.0 == builtin).map(|known| known.1)
            }
            Symbol::Function(_) | Symbol::Here(_) => None,
        };
        let (starts, len) = link::place(functions);
        let address = self.process_mut().code.publish(Area::Programs, len, |address| {
            Linker { functions, starts: &starts, address, resolve: &resolve }.link(len)
        })?;
        Ok(starts.iter().map(|&start| address + start as u64).collect())
    }

    /// One as-shipped program is enough to need its reach.
    fn arrange_decoys(&mut self, new: Mode) -> Result<(), LoadError> {
        let mut modes = self.programs.iter().map(|loaded| loaded.mode).chain([new]);
        let shipped = modes.any(|mode| mode == Mode::AsShipped);
        let mode = if shipped { Mode::AsShipped } else { Mode::Exact };
        let arranged = self.process_mut().cage.arrange(mode);
        arranged.map_err(|error| LoadError::Unsupported(error.to_string()))
    }
}

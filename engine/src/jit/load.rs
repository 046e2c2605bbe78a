//! Loading a program: lowered, compiled, linked and placed in code memory.

use std::sync::Arc;

use cranelift_codegen::ir::{Function, Signature};
use cranelift_codegen::isa::OwnedTargetIsa;

use super::code::{Area, CodeError};
use super::compile::Compiler;
use super::emitted::{EmittedFunction, Symbol};
use super::known::{Configuration, Known};
use super::link::{self, Linker};
use super::placed::Placed;
use super::programs::{Loaded, SiteShape};
use super::serve::Service;
use super::{Jit, Native};
use crate::code_table::CodeTable;
use crate::executor::LoadError;
use crate::layout::Addressing;
use crate::lowering;
use crate::lowering::record::record;
use crate::passes::{Mode, Prepared};
use crate::site::Site;

impl Jit {
    /// See [`crate::executor::Executor::load`].
    pub(super) fn load_prepared(
        &mut self,
        program: &Prepared,
        table: &mut CodeTable,
    ) -> Result<(), LoadError> {
        let (mode, addressing) = (program.mode, program.addressing);
        if addressing == Addressing::Raw64 && self.process().kind.native != Native::Cell {
            return Err(LoadError::Unsupported("raw pointers outside of cells".to_owned()));
        }
        let target = self.target(mode)?;
        let mut compiler = Compiler::new(&*target);
        let lengths = self.faults.kept_fields(&program.sites);
        let kind = (mode, addressing);
        let known_as = self.configuration(mode);
        let known_as = known_as.as_ref();
        let emit = |function| self.emit(function, kind, &lengths, known_as, table, &mut compiler);
        let functions = program.functions.iter().map(emit).collect::<Result<_, _>>()?;
        self.load_emitted(functions, kind, &program.sites)
    }

    fn target(&self, mode: Mode) -> Result<OwnedTargetIsa, LoadError> {
        let target = self.settings.target(mode);
        target.map_err(|error| LoadError::Unsupported(error.to_string()))
    }

    /// What code is remembered under. Nothing is under a planted fault, which may note its
    /// trigger while it compiles.
    fn configuration(&self, mode: Mode) -> Option<Configuration> {
        (!self.faults.any()).then(|| Configuration {
            mode,
            settings: self.settings.clone(),
            count_calls: self.count_calls,
            monitor: self.monitor,
            record: self.record,
        })
    }

    /// The code of one function.
    fn emit(
        &mut self,
        function: &Arc<Function>,
        kind: (Mode, Addressing),
        lengths: &[bool],
        known_as: Option<&Configuration>,
        table: &mut CodeTable,
        compiler: &mut Compiler<'_>,
    ) -> Result<Arc<EmittedFunction>, LoadError> {
        let known = known_as.and_then(|of| self.process().known.get(of, function, table));
        if let Some(known) = known {
            return Ok(known);
        }
        let new = self.lower(function, kind, lengths, table, compiler)?;
        let emitted = new.function.clone();
        if let Some(configuration) = known_as {
            self.process_mut().known.insert(configuration, function, new);
        }
        Ok(emitted)
    }

    fn lower(
        &self,
        function: &Function,
        (mode, addressing): (Mode, Addressing),
        lengths: &[bool],
        table: &mut CodeTable,
        compiler: &mut Compiler<'_>,
    ) -> Result<Known, LoadError> {
        let context = lowering::Context {
            mode,
            addressing,
            table: self.process().table.address(),
            control: self.process().control_address(),
            faults: &self.faults,
            lengths,
            count_calls: self.count_calls,
            monitor: self.monitor,
            merges_checks: self.merges_checks(mode),
        };
        let mut ids = Vec::new();
        let mut intern = |signature: &Signature| {
            let id = table.intern(signature);
            ids.push((signature.clone(), id));
            id
        };
        let lowered = lowering::lower(function, &context, &mut intern);
        let mut lowered = lowered.map_err(|error| LoadError::Unsupported(error.to_string()))?;
        if let Some(log) = self.process().log.as_ref().filter(|_| self.record) {
            let mut stated = |signature| intern(&function.dfg.signatures[signature]);
            record(&mut lowered, log.address(), &mut stated);
        }
        Ok(Known { function: Arc::new(compiler.compile(lowered)?), ids })
    }

    /// Code without optimisation keeps the checks as they are, so that both are tried.
    fn merges_checks(&self, mode: Mode) -> bool {
        mode == Mode::AsShipped && self.settings.optimize && !self.record && !self.faults.any()
    }

    /// Compiles, links and places functions that already have the base.
    #[cfg(test)]
    pub(super) fn load_lowered(
        &mut self,
        lowered: Vec<Function>,
        mode: Mode,
        sites: &[Site],
    ) -> Result<(), LoadError> {
        let target = self.target(mode)?;
        let mut compiler = Compiler::new(&*target);
        let compile = |function| compiler.compile(function).map(Arc::new);
        let functions = lowered.into_iter().map(compile).collect::<Result<_, _>>()?;
        self.load_emitted(functions, (mode, Addressing::Arena32), sites)
    }

    /// Places machine code that no compiler made, as a program of one function.
    #[cfg(test)]
    pub(super) fn load_code(&mut self, code: &[u8], signature: Signature) -> Result<(), LoadError> {
        let function = EmittedFunction::bare(code.to_vec(), signature);
        let kind = (Mode::Exact, Addressing::Arena32);
        self.load_emitted(vec![Arc::new(function)], kind, &[])
    }

    /// Links and places functions.
    fn load_emitted(
        &mut self,
        functions: Vec<Arc<EmittedFunction>>,
        (mode, addressing): (Mode, Addressing),
        sites: &[Site],
    ) -> Result<(), LoadError> {
        let placed = self.place(functions)?;
        let sites = sites.iter().map(SiteShape::of).collect();
        self.arrange_decoys(mode)?;
        self.programs.push(Loaded { mode, addressing, placed, sites });
        Ok(())
    }

    /// Places linked code, unless it is there already.
    fn place(&mut self, functions: Vec<Arc<EmittedFunction>>) -> Result<Arc<Placed>, LoadError> {
        if let Some(placed) = self.process_mut().placed.again(&functions) {
            return Ok(placed);
        }
        let resolved = self.resolve(&functions)?;
        let resolve = |symbol| resolved.iter().find(|(known, _)| *known == symbol).map(|k| k.1);
        let process = self.process_mut();
        process.placed.cut(&mut process.code).map_err(CodeError::from)?;
        let (starts, len) = link::place(&functions);
        let address = process.code.publish(Area::Programs, len, |address| {
            Linker { functions: &functions, starts: &starts, address, resolve: &resolve }.link(len)
        })?;
        let addresses = starts.iter().map(|&start| address + start as u64).collect();
        let end = process.code.end(Area::Programs);
        Ok(process.placed.push(Placed { functions, addresses, end }))
    }

    /// Where things are that functions call outside of their program.
    fn resolve(
        &mut self,
        functions: &[Arc<EmittedFunction>],
    ) -> Result<Vec<(Symbol, u64)>, LoadError> {
        let mut resolved = Vec::new();
        for (builtin, signature) in link::check_calls(functions)? {
            let address = self.process_mut().gateway(Service::Builtin(builtin), &signature);
            let address = address.map_err(LoadError::CompileFailure)?;
            resolved.push((Symbol::Builtin(builtin), address));
        }
        for call in link::library_calls(functions) {
            let address = self.process_mut().library(call).map_err(LoadError::CompileFailure)?;
            resolved.extend(address.map(|address| (Symbol::LibCall(call), address)));
        }
        Ok(resolved)
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

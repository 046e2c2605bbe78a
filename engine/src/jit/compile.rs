//! From a lowered function to machine code.

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{ExternalName, Function, Signature, UserExternalName};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CompiledCode, Context, FinalizedMachReloc, FinalizedRelocTarget};

use super::emitted::{EmittedFunction, Relocation, Symbol};
use super::stack::FRAME_CAP;
use crate::executor::LoadError;
use crate::panic::contained;
use crate::program::{Builtin, FUNCTION_NAMESPACE, FuncId};
use crate::site::SiteId;
use crate::trap::Trap;
use crate::unwind::Handlers;

/// Compiles functions for one target, reusing what it allocated.
pub(super) struct Compiler<'a> {
    isa: &'a dyn TargetIsa,
    context: Context,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(isa: &'a dyn TargetIsa) -> Compiler<'a> {
        Compiler { isa, context: Context::new() }
    }

    /// Compiles one lowered function.
    pub(super) fn compile(&mut self, function: Function) -> Result<EmittedFunction, LoadError> {
        self.context.clear();
        self.context.func = function;
        let compiled = contained(|| {
            let compiled = self.context.compile(self.isa, &mut ControlPlane::default());
            compiled.map(drop).map_err(|error| LoadError::from(&error.inner))
        });
        compiled.unwrap_or_else(|panic| {
            self.context = Context::new();
            Err(LoadError::CompileFailure(panic))
        })?;
        let compiled = self.context.compiled_code().expect("compiled just now");
        emitted(&self.context.func, compiled)
    }
}

fn emitted(function: &Function, compiled: &CompiledCode) -> Result<EmittedFunction, LoadError> {
    let buffer = &compiled.buffer;
    let frame_bytes = buffer.frame_layout().map_or(0, |layout| layout.frame_to_fp_offset);
    if frame_bytes > FRAME_CAP {
        let what = format!("a stack frame of {frame_bytes} bytes (at most {FRAME_CAP})");
        return Err(LoadError::Unsupported(what));
    }
    let mut traps: Vec<_> = buffer.traps().iter().map(|trap| (trap.offset, trap.code)).collect();
    if let Some((_, code)) = traps.iter().find(|(_, code)| Trap::from_code(*code).is_none()) {
        return Err(LoadError::Unsupported(format!("trap code {code}")));
    }
    traps.sort_by_key(|trap| trap.0);
    let site = |loc: &cranelift_codegen::MachSrcLoc<cranelift_codegen::Final>| {
        Some((loc.start..loc.end, SiteId::from_source_loc(loc.loc)?))
    };
    Ok(EmittedFunction {
        code: buffer.data().to_vec(),
        relocations: buffer
            .relocs()
            .iter()
            .map(|reloc| relocation(function, reloc))
            .collect::<Result<_, _>>()?,
        traps,
        sites: buffer.get_srclocs_sorted().iter().filter_map(site).collect(),
        handlers: Handlers::of(buffer)?,
        frame_bytes,
        signature: function.signature.clone(),
        callees: callees(function)?,
    })
}

/// What a function calls by name, with the signatures that it states.
fn callees(function: &Function) -> Result<Vec<(Symbol, Signature)>, LoadError> {
    let mut callees = Vec::new();
    for callee in function.dfg.ext_funcs.values() {
        if let ExternalName::User(name) = callee.name {
            let symbol = symbol(&function.params.user_named_funcs()[name])?;
            callees.push((symbol, function.dfg.signatures[callee.signature].clone()));
        }
    }
    Ok(callees)
}

fn relocation(function: &Function, reloc: &FinalizedMachReloc) -> Result<Relocation, LoadError> {
    let symbol = match &reloc.target {
        FinalizedRelocTarget::Func(offset) => Symbol::Here(*offset),
        FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => Symbol::LibCall(*call),
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
            symbol(&function.params.user_named_funcs()[*name])?
        }
        FinalizedRelocTarget::ExternalName(name) => {
            return Err(LoadError::Unsupported(format!("a reference to {}", name.display(None))));
        }
    };
    let (offset, kind, addend) = (reloc.offset, reloc.kind, reloc.addend);
    Ok(Relocation { offset, kind, symbol, addend })
}

/// What an external name stands for.
fn symbol(name: &UserExternalName) -> Result<Symbol, LoadError> {
    if name.namespace == FUNCTION_NAMESPACE {
        return Ok(Symbol::Function(FuncId(name.index)));
    }
    let builtin = Builtin::named(name).map(Symbol::Builtin);
    builtin.ok_or_else(|| LoadError::Unsupported(format!("a call to {name}")))
}

//! CLIF to Pulley bytecode, with Cranelift's own backend.
//!
//! The ISA object and the compilation context are made once and used again. A panic of
//! the compiler is a finding, not the end of the process.
//!
//! Both kinds of run are compiled alike: what sets exact runs apart is done by the
//! passes before, and by the float opcodes, which give canonical NaNs only. The CLIF
//! is not verified here; passes and readers do that.
#![forbid(unsafe_code)]

use std::sync::Arc;

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::function::FunctionStencil;
use cranelift_codegen::ir::{Function, InstructionData, Opcode};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CompiledCode, Context, isa};

use crate::compiled::Compiled;
use crate::executor::LoadError;
use crate::panic::contained;
use crate::passes::atomics;

/// Compiles functions for `pulley32`, each once.
pub(super) struct Compiler {
    target: OwnedTargetIsa,
    context: Context,
    known: Compiled<Arc<CompiledCode>>,
}

impl Compiler {
    pub(super) fn new() -> Compiler {
        Compiler { target: pulley32(), context: Context::new(), known: Compiled::default() }
    }

    /// The code of one function.
    pub(super) fn compile(
        &mut self,
        function: &Arc<Function>,
    ) -> Result<Arc<CompiledCode>, LoadError> {
        if let Some(known) = self.known.get(function) {
            return Ok(known.clone());
        }
        let compiled = Arc::new(self.compile_new(function)?);
        self.known.insert(function, compiled.clone());
        Ok(compiled)
    }

    fn compile_new(&mut self, function: &Function) -> Result<CompiledCode, LoadError> {
        self.context.clear();
        self.context.func.clone_from(function);
        prepare(&mut self.context.func)?;
        let compiled = contained(|| {
            let compiled = self.context.compile(&*self.target, &mut ControlPlane::default());
            compiled.map(drop).map_err(|error| LoadError::from(&error.inner))
        });
        compiled.unwrap_or_else(|panic| {
            self.context = Context::new();
            Err(LoadError::CompileFailure(panic))
        })?;
        Ok(self.context.take_compiled_code().expect("compiled just now"))
    }
}

fn pulley32() -> OwnedTargetIsa {
    let mut flags = settings::builder();
    for (name, value) in [("opt_level", "speed"), ("enable_verifier", "false")] {
        flags.set(name, value).expect("a setting of Cranelift");
    }
    let builder = isa::lookup_by_name("pulley32").expect("Cranelift has its Pulley backend");
    builder.finish(settings::Flags::new(flags)).expect("settings that fit together")
}

/// Makes a function one that the backend takes as we mean it.
fn prepare(function: &mut Function) -> Result<(), LoadError> {
    atomics::make_plain(function);
    // What is not colocated would be called as a host function, by number.
    for (_, callee) in &mut function.dfg.ext_funcs {
        callee.colocated = true;
    }
    let FunctionStencil { layout, dfg, .. } = &mut function.stencil;
    for instruction in layout.blocks().flat_map(|block| layout.block_insts(block)) {
        let data = &mut dfg.insts[instruction];
        let opcode = data.opcode();
        if is_machine_address(opcode) {
            return Err(LoadError::Unsupported(format!("CLIF opcode {opcode}")));
        }
        // The backend has no `select_spectre_guard`; nothing is speculated here.
        if let InstructionData::Ternary { opcode, .. } = data
            && *opcode == Opcode::SelectSpectreGuard
        {
            *opcode = Opcode::Select;
        }
    }
    Ok(())
}

/// Whether an opcode makes or reveals an address of the machine itself: such a value
/// differs from executor to executor, and means nothing in the arena.
fn is_machine_address(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::FuncAddr
            | Opcode::SymbolValue
            | Opcode::TlsValue
            | Opcode::StackAddr
            | Opcode::DynamicStackAddr
            | Opcode::GetFramePointer
            | Opcode::GetStackPointer
            | Opcode::GetReturnAddress
            | Opcode::GetExceptionHandlerAddress
            | Opcode::GetPinnedReg
            | Opcode::SetPinnedReg
            | Opcode::StackSwitch
    )
}

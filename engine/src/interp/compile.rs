//! CLIF to Pulley bytecode, with Cranelift's own backend.
//!
//! The ISA objects and the compilation context are made once and used again. A panic
//! of the compiler is a finding, not the end of the process.
//!
//! The CLIF is not verified here; passes and readers do that.
#![forbid(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{Function, Opcode};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{CodegenError, CompiledCode, Context, isa};

use crate::executor::LoadError;
use crate::panic_message;
use crate::passes::Mode;

/// Compiles functions for `pulley32`.
pub(super) struct Compiler {
    exact: OwnedTargetIsa,
    as_shipped: OwnedTargetIsa,
    context: Context,
}

impl Compiler {
    pub(super) fn new() -> Compiler {
        Compiler {
            exact: pulley32(Mode::Exact),
            as_shipped: pulley32(Mode::AsShipped),
            context: Context::new(),
        }
    }

    /// Compiles one function.
    pub(super) fn compile(
        &mut self,
        function: &Function,
        mode: Mode,
    ) -> Result<&CompiledCode, LoadError> {
        refuse_machine_addresses(function)?;
        self.context.clear();
        self.context.func.clone_from(function);
        // What is not colocated would be called as a host function, by number.
        for (_, callee) in &mut self.context.func.dfg.ext_funcs {
            callee.colocated = true;
        }
        let target = match mode {
            Mode::Exact => &self.exact,
            Mode::AsShipped => &self.as_shipped,
        };
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            let compiled = self.context.compile(&**target, &mut ControlPlane::default());
            compiled.map(drop).map_err(|error| load_error(&error.inner))
        }));
        compiled.unwrap_or_else(|panic| {
            self.context = Context::new();
            Err(LoadError::CompileFailure(panic_message(&*panic)))
        })?;
        Ok(self.context.compiled_code().expect("compiled just now"))
    }
}

fn pulley32(mode: Mode) -> OwnedTargetIsa {
    let mut flags = settings::builder();
    let canonical = if mode == Mode::Exact { "true" } else { "false" };
    let settings = [
        ("opt_level", "speed"),
        ("enable_verifier", "false"),
        ("enable_nan_canonicalization", canonical),
    ];
    for (name, value) in settings {
        flags.set(name, value).expect("a setting of Cranelift");
    }
    isa::lookup_by_name("pulley32")
        .and_then(|builder| {
            builder.finish(settings::Flags::new(flags)).map_err(|_| isa::LookupError::Unsupported)
        })
        .expect("Cranelift is built with its Pulley backend")
}

/// A limit or a missing feature is not a failure; rejecting valid input is one.
fn load_error(error: &CodegenError) -> LoadError {
    match error {
        CodegenError::Unsupported(what) => LoadError::Unsupported(what.clone()),
        CodegenError::ImplLimitExceeded | CodegenError::CodeTooLarge => {
            LoadError::Unsupported(error.to_string())
        }
        _ => LoadError::CompileFailure(error.to_string()),
    }
}

/// Refuses what makes or reveals an address of the machine itself: such a value
/// differs from executor to executor, and means nothing in the arena.
fn refuse_machine_addresses(function: &Function) -> Result<(), LoadError> {
    let instructions =
        function.layout.blocks().flat_map(|block| function.layout.block_insts(block));
    for instruction in instructions {
        let opcode = function.dfg.insts[instruction].opcode();
        let refused = matches!(
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
        );
        if refused {
            return Err(LoadError::Unsupported(format!("CLIF opcode {opcode}")));
        }
    }
    Ok(())
}

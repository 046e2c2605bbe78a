//! What the engine runs at all: refusals that both kinds of run share.
//!
//! A program must not be able to make or see an address of the host, must raise only
//! traps that the engine can name, and must call only what exists. What it says about
//! its target's stack is dropped: executors have limits of their own.
#![forbid(unsafe_code)]

use std::sync::OnceLock;

use cranelift_codegen::ir::types::{F16, F128};
use cranelift_codegen::ir::{self, ArgumentPurpose, ExternalName, Function, InstructionData};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::{isa, settings, verify_function};

use super::opcode::{Class, class};
use super::{Mode, PassError, Refusal};
use crate::layout::Addressing;
use crate::program::{Builtin, FUNCTION_NAMESPACE, FuncId, Program};
use crate::trap::Trap;

/// Checks that everything that a function calls by name exists, and is called with its
/// own signature.
pub(super) fn check_calls(program: &Program, function: &Function) -> Result<(), Refusal> {
    for callee in function.dfg.ext_funcs.values() {
        if callee.patchable || !fits(program, function, callee) {
            let name = callee.name.display(Some(&function.params)).to_string();
            return Err(Refusal::Callee(name));
        }
    }
    Ok(())
}

fn fits(program: &Program, function: &Function, callee: &ir::ExtFuncData) -> bool {
    let ExternalName::User(name) = callee.name else { return false };
    let name = &function.params.user_named_funcs()[name];
    if name.namespace != FUNCTION_NAMESPACE {
        return Builtin::named(name).is_some();
    }
    let target = program.functions.get(name.index as usize);
    target.is_some_and(|f| f.signature == function.dfg.signatures[callee.signature])
}

/// Refuses functions that no executor may run.
pub(super) fn check(function: &Function) -> Result<(), Refusal> {
    if function.layout.entry_block().is_none() {
        return Err(Refusal::Feature("a function without a body"));
    }
    if !function.dfg.dynamic_types.is_empty() || !function.dynamic_stack_slots.is_empty() {
        return Err(Refusal::Feature("a dynamic vector type"));
    }
    let mut signatures = function.dfg.signatures.values().chain([&function.signature]);
    signatures.try_for_each(check_signature)?;
    for block in function.layout.blocks() {
        for inst in function.layout.block_insts(block) {
            check_instruction(&function.dfg.insts[inst])?;
        }
    }
    Ok(())
}

fn check_signature(signature: &ir::Signature) -> Result<(), Refusal> {
    for param in signature.params.iter().chain(&signature.returns) {
        if let ArgumentPurpose::StructArgument(_) = param.purpose {
            return Err(Refusal::Feature("a struct passed on the stack"));
        }
        if matches!(param.value_type, F16 | F128) {
            return Err(Refusal::Type(param.value_type));
        }
    }
    Ok(())
}

fn check_instruction(data: &InstructionData) -> Result<(), Refusal> {
    let opcode = data.opcode();
    if refuses(opcode) {
        return Err(Refusal::Opcode(opcode));
    }
    match class(opcode) {
        Class::Trap => match data.trap_code() {
            Some(code) if Trap::from_code(code).is_none() => Err(Refusal::TrapCode(code)),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Whether no program with this opcode is admitted to any kind of run.
pub(crate) fn refuses(opcode: ir::Opcode) -> bool {
    class(opcode) == Class::HostAddress
}

/// Refuses what a program with raw pointers may not be.
pub(super) fn check_raw(function: &Function, mode: Mode) -> Result<(), Refusal> {
    if mode == Mode::Exact {
        return Err(Refusal::Feature("an exact run of raw pointers"));
    }
    if !function.sized_stack_slots.is_empty() {
        return Err(Refusal::Feature("a stack slot among raw pointers"));
    }
    Ok(())
}

/// Drops what refers to the target's own stack or runtime and means nothing here.
pub(super) fn strip(function: &mut Function) {
    function.stack_limit = None;
    // Only the stack limit and refused opcodes refer to these.
    function.global_values.clear();
    function.stencil.debug_tags.clear();
}

/// See [`super::verify`].
pub(super) fn verify(program: &Program) -> Result<(), PassError> {
    for (id, function) in (0..).map(FuncId).zip(&program.functions) {
        verify_one(function, program.layout.addressing)
            .map_err(|complaint| PassError { function: id, what: Refusal::Invalid(complaint) })?;
    }
    Ok(())
}

/// See [`super::verify_function`].
pub(super) fn verify_one(function: &Function, addressing: Addressing) -> Result<(), String> {
    verify_function(function, target(addressing))
        .map_err(|errors| errors.0.first().map_or_else(String::new, ToString::to_string))
}

/// The target whose CLIF a program is written in.
fn target(addressing: Addressing) -> &'static dyn isa::TargetIsa {
    static PULLEY32: OnceLock<OwnedTargetIsa> = OnceLock::new();
    static X86_64: OnceLock<OwnedTargetIsa> = OnceLock::new();
    let (isa, name) = match addressing {
        Addressing::Arena32 => (&PULLEY32, "pulley32"),
        Addressing::Raw64 => (&X86_64, "x86_64"),
    };
    let isa = isa.get_or_init(|| {
        let flags = settings::Flags::new(settings::builder());
        let builder = isa::lookup_by_name(name).expect("built with this backend");
        builder.finish(flags).expect("default settings are valid")
    });
    &**isa
}

//! Wasm to [`Program`], by Wasmtime's own front end for `pulley32`, or for the native
//! target where [`Addressing::Raw64`] is asked for.
//!
//! This is the only module that names `wasmtime-environ` and Wasmtime's Cranelift
//! crate. It validates with exactly the features that are on, lets the front end
//! translate each function, takes its CLIF out ([`capture`]), and turns Wasmtime's
//! description of the module into ours ([`describe`], [`offsets`]).
//!
//! What it relies on: tunables are those of a 32-bit Pulley, whatever the target, without
//! reservations and guards, so every check is explicit in CLIF; memories never move,
//! because each has its whole reservation in the arena. The runtime is built for the
//! same choices.
//!
//! One tunable has to differ for the checks to be the same. Pulley traps by instructions
//! and by loads from zero whatever `signals_based_traps` says; native code without it calls
//! a builtin to trap, behind a branch. So it is on for raw pointers. The processor's signal
//! then stands only for what is an instruction in both: a trap, a division, a load from
//! zero; and for the null check of a called reference, which Pulley's code spells out.
#![forbid(unsafe_code)]

mod capture;
mod describe;
mod offsets;
mod types;

use std::sync::OnceLock;

use cranelift_codegen::ir;
use wasmparser::{Parser, Validator, WasmFeatures};
use wasmtime_environ::{
    Abi, Collector, CompileError, Compiler, FuncKey, ModuleEnvironment, ModuleStartup,
    ModuleTranslation, ModuleTypesBuilder, StaticModuleIndex, Tunables, VMOffsets, WasmError,
};

use crate::layout::{Addressing, Layout};
use crate::panic::contained;
use crate::program::{BUILTIN_NAMESPACE, Builtin, FUNCTION_NAMESPACE, FuncId, Program};

/// The WebAssembly features that the whole engine supports today. A module that
/// needs another is [`FrontendError::Unsupported`].
pub const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::THREADS);

/// Images up to this many bytes are precomputed for memories with constant data
/// segments; larger ones are stored by the startup function.
const MAX_IMAGE_BYTES: u64 = 16 << 20;

/// Alignment that Wasmtime gives memory images.
const IMAGE_PAGE_BYTES: u64 = 0x1000;

const MODULE: u32 = 0;

/// Alias region of the front end's accesses to objects.
const GC_HEAP_REGION: &str = "GcHeap";

/// Why there is no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontendError {
    /// The input is not valid WebAssembly by any feature set.
    #[error("{message} (at byte offset {offset:#x})")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Byte offset in the module.
        offset: usize,
    },
    /// The input is valid but needs something that the engine does not have.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The front end panicked on valid input or rejected it: a finding.
    #[error("compile failure: {0}")]
    CompileFailure(String),
    /// This machine denied something that the front end needs.
    #[error("{0}")]
    Environment(String),
}

/// The binary format's magic number and version.
const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Translates one WebAssembly module in binary format.
///
/// # Errors
/// [`FrontendError`]; a panic of the front end is caught and reported as
/// [`FrontendError::CompileFailure`].
pub fn translate(wasm: &[u8]) -> Result<Program, FrontendError> {
    translate_for(wasm, Addressing::Arena32)
}

/// The same, with addresses of a given kind.
///
/// # Errors
/// As for [`translate`].
pub fn translate_for(wasm: &[u8], addressing: Addressing) -> Result<Program, FrontendError> {
    match contained(|| Translator::new(addressing)?.translate(wasm)) {
        Ok(Err(FrontendError::CompileFailure(message))) => Err(classify(wasm, message)),
        Ok(result) => result,
        Err(panic) => Err(classify(wasm, panic)),
    }
}

/// The layout of a module that declares nothing: what all modules have in common.
///
/// # Panics
/// Never: the front end takes the empty module.
#[must_use]
pub fn empty_layout() -> &'static Layout {
    static LAYOUT: OnceLock<Layout> = OnceLock::new();
    LAYOUT.get_or_init(|| translate(EMPTY_MODULE).expect("the empty module is valid").layout)
}

/// Says what a failed translation means: the front end reports invalid input,
/// disabled features and its own bugs alike, so the input is validated again, with
/// our features and then with all.
fn classify(wasm: &[u8], failure: String) -> FrontendError {
    let Err(missing) = Validator::new_with_features(FEATURES).validate_all(wasm) else {
        return FrontendError::CompileFailure(failure);
    };
    match Validator::new_with_features(known_features()).validate_all(wasm) {
        Ok(_) => FrontendError::Unsupported(missing.message().to_owned()),
        Err(error) => {
            FrontendError::Invalid { message: error.message().to_owned(), offset: error.offset() }
        }
    }
}

/// Every feature that only adds to the language: custom descriptors also let casts pass
/// that are invalid without them.
fn known_features() -> WasmFeatures {
    WasmFeatures::all().difference(WasmFeatures::CUSTOM_DESCRIPTORS)
}

/// The tunables of every translation, which the runtime is built for.
fn tunables(addressing: Addressing) -> Result<Tunables, FrontendError> {
    let mut tunables = Tunables::default_for_target(&pulley32()).map_err(internal)?;
    tunables.generate_address_map = false;
    tunables.memory_reservation = 0;
    tunables.memory_may_move = false;
    tunables.concurrency_support = false;
    tunables.relaxed_simd_deterministic = true;
    tunables.collector = Some(Collector::Copying);
    tunables.gc_heap_may_move = false;
    if addressing == Addressing::Raw64 {
        tunables.signals_based_traps = true;
        tunables.memory_guard_size = 0;
    }
    Ok(tunables)
}

fn pulley32() -> target_lexicon::Triple {
    target_lexicon::Triple {
        architecture: target_lexicon::Architecture::Pulley32,
        ..target_lexicon::Triple::unknown()
    }
}

/// What the front end compiles for.
fn target(addressing: Addressing) -> target_lexicon::Triple {
    match addressing {
        Addressing::Arena32 => pulley32(),
        Addressing::Raw64 => target_lexicon::triple!("x86_64-unknown-linux-gnu"),
    }
}

/// One translation's tools: Wasmtime's compiler, and the tunables it was built with.
struct Translator {
    addressing: Addressing,
    tunables: Tunables,
    compiler: Box<dyn Compiler>,
}

impl Translator {
    fn new(addressing: Addressing) -> Result<Translator, FrontendError> {
        let tunables = tunables(addressing)?;
        let compiler = capture::compiler(&target(addressing), &tunables)?;
        Ok(Translator { addressing, tunables, compiler })
    }

    fn translate(&self, wasm: &[u8]) -> Result<Program, FrontendError> {
        let mut validator = Validator::new_with_features(FEATURES);
        let mut parser = Parser::new(0);
        parser.set_features(FEATURES);
        let mut types = ModuleTypesBuilder::new(&validator);
        let module = StaticModuleIndex::from_u32(MODULE);
        let mut translation =
            ModuleEnvironment::new(&self.tunables, &mut validator, &mut types, module)
                .translate(parser, wasm)
                .map_err(internal)?;
        translation.finalize_memory_init(
            &self.tunables,
            IMAGE_PAGE_BYTES,
            MAX_IMAGE_BYTES,
            &mut types,
        );
        translation.finalize_table_init(&self.tunables, &mut types);

        let mut functions = self.functions(&mut translation, &types)?;
        let startup = self.startup(&translation, &types)?.map(|function| {
            functions.push(function);
            func_id(functions.len() - 1)
        });
        for (index, function) in functions.iter_mut().enumerate() {
            adopt(function, func_id(index))?;
        }
        let pointer = self.addressing.pointer_bytes();
        let mut layout =
            offsets::layout(self.addressing, &VMOffsets::new(pointer, &translation.module));
        let mut module = describe::module(&translation, &types.finish())?;
        if functions.iter().any(reaches_gc_heap) {
            module.needs_gc_heap = true;
            layout.copying_heap_data = offsets::copying_heap_data();
        }
        Ok(Program { functions, startup, module, layout })
    }

    /// CLIF of the defined Wasm functions.
    fn functions(
        &self,
        translation: &mut ModuleTranslation<'_>,
        types: &ModuleTypesBuilder,
    ) -> Result<Vec<ir::Function>, FrontendError> {
        let bodies = std::mem::take(&mut translation.function_body_inputs);
        let module = StaticModuleIndex::from_u32(MODULE);
        let capture = capture::Capture::start();
        let mut functions = Vec::with_capacity(bodies.len());
        for (index, body) in bodies {
            let key = FuncKey::DefinedWasmFunction(module, index);
            self.compiler.compile_function(translation, key, body, types, "").map_err(rejected)?;
            functions.push(capture.take()?);
        }
        Ok(functions)
    }

    /// CLIF of the startup function, if instantiation always has to run it.
    ///
    /// `IfMemoriesNeedInit` is for hosts that cannot map memory images; ours copies
    /// them, so only `Always` counts.
    fn startup(
        &self,
        translation: &ModuleTranslation<'_>,
        types: &ModuleTypesBuilder,
    ) -> Result<Option<ir::Function>, FrontendError> {
        if !matches!(translation.module.startup, ModuleStartup::Always(_)) {
            return Ok(None);
        }
        let key = FuncKey::ModuleStartup(Abi::Wasm, StaticModuleIndex::from_u32(MODULE));
        capture::startup(&*self.compiler, translation, key, types).map(Some)
    }
}

/// Whether a function accesses the heap of garbage-collected objects.
fn reaches_gc_heap(function: &ir::Function) -> bool {
    function.dfg.alias_regions.iter().any(|(_, region)| region.description == GC_HEAP_REGION)
}

/// Renames a captured function, and what it calls, from Wasmtime's keys to the
/// namespaces of `program`.
fn adopt(function: &mut ir::Function, id: FuncId) -> Result<(), FrontendError> {
    function.name = ir::UserFuncName::user(FUNCTION_NAMESPACE, id.0);
    let names: Vec<_> =
        function.params.user_named_funcs().iter().map(|(r, name)| (r, name.clone())).collect();
    for (name_ref, name) in names {
        let (namespace, index) = match FuncKey::from_raw_parts(name.namespace, name.index) {
            FuncKey::DefinedWasmFunction(_, index) => (FUNCTION_NAMESPACE, index.as_u32()),
            FuncKey::WasmToBuiltinTrampoline(builtin) => {
                let known = Builtin::from_name(builtin.name()).ok_or_else(|| {
                    FrontendError::Unsupported(format!("builtin {}", builtin.name()))
                })?;
                (BUILTIN_NAMESPACE, known as u32)
            }
            key => return Err(FrontendError::Unsupported(format!("call to {key:?}"))),
        };
        function.params.reset_user_func_name(name_ref, ir::UserExternalName { namespace, index });
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a module has at most 1,000,000 functions")]
fn func_id(index: usize) -> FuncId {
    FuncId(index as u32)
}

/// Tells what the translation of one function failed at.
fn rejected(error: CompileError) -> FrontendError {
    match error {
        CompileError::Wasm(WasmError::Unsupported(feature)) => FrontendError::Unsupported(feature),
        CompileError::Wasm(error) => internal(error),
        error => internal(error),
    }
}

/// Wraps an error of Wasmtime's, whose meaning [`classify`] finds out.
fn internal(error: impl std::fmt::Display) -> FrontendError {
    FrontendError::CompileFailure(error.to_string())
}

#[cfg(test)]
mod tests;

//! What the front end promises: exact capture, a faithful description, and an
//! honest answer to every input that is not a program.

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::{isa, settings};

use super::*;
use crate::program::{Item, PassiveElements, ValType};
use crate::trap::Trap;

fn program(text: &str) -> Program {
    translate(&wat::parse_str(text).expect("valid text")).expect("a program")
}

fn failure(wasm: &[u8]) -> FrontendError {
    translate(wasm).expect_err("no program")
}

/// A module that touches every kind of structure.
const RICH: &str = r#"(module
    (import "env" "f" (func $f (param i32) (result i64)))
    (memory (export "memory") 1 3)
    (data (i32.const 8) "image")
    (data $passive "later")
    (table (export "table") 4 8 funcref)
    (elem (i32.const 1) func $f $g)
    (elem $late func $g)
    (global (export "global") (mut i64) (i64.const -2))
    (global $reference funcref (ref.func $g))
    (func $g (export "g") (param i32) (result i64)
        (memory.init $passive (local.get 0) (i32.const 0) (i32.const 5))
        (table.init $late (i32.const 0) (i32.const 0) (i32.const 1))
        (f64.store offset=70000 (local.get 0) (f64.const nan:0x4000000000001))
        (call $f (i32.load8_s offset=3 (local.get 0))))
    (start $start)
    (func $start (drop (memory.grow (i32.const 1)))))"#;

#[test]
fn captured_clif_is_what_the_compiler_would_write_without_optimising() {
    let wasm = wat::parse_str(RICH).expect("valid text");
    let translator = Translator::new(Addressing::Arena32).expect("a translator");
    let program = translator.translate(&wasm).expect("a program");
    let written = written_by_the_compiler(&translator, &wasm);
    assert_eq!(written.len(), 2, "defined functions");
    for (captured, written) in program.functions.iter().zip(&written) {
        assert_eq!(canonical(captured.clone()), canonical(written.clone()));
    }
}

/// The documented way: each function compiled without optimisation, with `clif_dir`.
fn written_by_the_compiler(translator: &Translator, wasm: &[u8]) -> Vec<ir::Function> {
    let directory = std::env::temp_dir().join(format!("fencepost-test-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary folder");
    let mut builder = wasmtime_internal_cranelift::builder(Some(pulley32())).expect("a builder");
    builder.set("opt_level", "none").expect("a setting");
    builder.set_tunables(translator.tunables.clone()).expect("tunables");
    builder.clif_dir(&directory).expect("a folder");
    let compiler = builder.build().expect("a compiler");

    let mut validator = Validator::new_with_features(FEATURES);
    let mut types = ModuleTypesBuilder::new(&validator);
    let module = StaticModuleIndex::from_u32(MODULE);
    let mut translation =
        ModuleEnvironment::new(&translator.tunables, &mut validator, &mut types, module)
            .translate(Parser::new(0), wasm)
            .expect("a translation");
    translation.finalize_memory_init(
        &translator.tunables,
        IMAGE_PAGE_BYTES,
        MAX_IMAGE_BYTES,
        &mut types,
    );
    translation.finalize_table_init(&translator.tunables, &mut types);
    let mut functions = Vec::new();
    for (index, body) in std::mem::take(&mut translation.function_body_inputs) {
        let key = FuncKey::DefinedWasmFunction(module, index);
        let symbol = format!("function{}", index.as_u32());
        let mut compiled =
            compiler.compile_function(&translation, key, body, &types, &symbol).expect("CLIF");
        compiler
            .inlining_compiler()
            .expect("a Cranelift compiler")
            .finish_compiling(&mut compiled, None, &symbol)
            .expect("code");
        let text = std::fs::read_to_string(directory.join(format!("{symbol}.clif")));
        let mut function = capture::parse(&text.expect("a file")).expect("CLIF");
        adopt(&mut function, func_id(index.as_u32() as usize)).expect("known calls");
        functions.push(function);
    }
    std::fs::remove_dir_all(&directory).expect("ours to remove");
    functions
}

/// The text of a function after what every compile does to it first, such as
/// dropping unreachable blocks.
fn canonical(function: ir::Function) -> String {
    let flags = settings::Flags::new(settings::builder());
    let isa = isa::lookup(pulley32()).expect("a backend").finish(flags).expect("an ISA");
    let mut context = cranelift_codegen::Context::for_function(function);
    context.optimize(&*isa, &mut ControlPlane::default()).expect("valid CLIF");
    context.func.display().to_string()
}

#[test]
fn trap_codes_are_those_of_wasmtime() {
    use wasmtime_environ::Trap as Theirs;
    let pairs = [
        (wasmtime_internal_cranelift::TRAP_HEAP_MISALIGNED, Trap::HeapMisaligned),
        (wasmtime_internal_cranelift::TRAP_TABLE_OUT_OF_BOUNDS, Trap::TableOutOfBounds),
        (wasmtime_internal_cranelift::TRAP_INDIRECT_CALL_TO_NULL, Trap::IndirectCallToNull),
        (wasmtime_internal_cranelift::TRAP_BAD_SIGNATURE, Trap::BadSignature),
        (wasmtime_internal_cranelift::TRAP_UNREACHABLE, Trap::Unreachable),
        (wasmtime_internal_cranelift::TRAP_NULL_REFERENCE, Trap::NullReference),
        (wasmtime_internal_cranelift::TRAP_ARRAY_OUT_OF_BOUNDS, Trap::ArrayOutOfBounds),
        (wasmtime_internal_cranelift::TRAP_ALLOCATION_TOO_LARGE, Trap::AllocationTooLarge),
        (wasmtime_internal_cranelift::TRAP_CAST_FAILURE, Trap::CastFailure),
    ];
    for (code, trap) in pairs {
        assert_eq!(trap.code(), code, "{trap}");
    }
    // Numbers that the front end has no public constant for.
    let offset = Trap::Unreachable.code().as_raw().get() - Theirs::UnreachableCodeReached as u8;
    assert_eq!(Trap::Interrupt.code().as_raw().get(), Theirs::Interrupt as u8 + offset);
    assert_eq!(Trap::OutOfFuel.code().as_raw().get(), Theirs::OutOfFuel as u8 + offset);
}

#[test]
fn the_description_is_that_of_the_module() {
    let program = program(RICH);
    let module = &program.module;
    assert_eq!(module.functions.len(), 3);
    assert_eq!(program.functions.len(), 3, "two defined functions and startup");
    assert_eq!(program.startup, Some(FuncId(2)));
    assert_eq!(module.imports[0].item, Item::Function(0));
    let names: Vec<_> = module.exports.iter().map(|export| export.name.as_str()).collect();
    assert_eq!(names, ["memory", "table", "global", "g"]);
    assert_eq!(module.memories[0].max_pages, Some(3));
    assert_eq!(module.tables[0].image, [None, Some(0), Some(1)]);
    assert_eq!(module.globals[0].init, Some(u128::from(u64::MAX - 1)));
    assert_eq!(module.globals[1].ty, ValType::FuncRef);
    assert_eq!(module.globals[1].init, None, "needs code");
    assert_eq!(module.passive_elements, [PassiveElements { len: 1, element: ValType::FuncRef }]);
    assert!(module.runtime_data.iter().any(|data| data == b"later"));
    let image = &module.memory_images[0];
    let start = usize::try_from(8 - image.offset).expect("small");
    assert_eq!(&image.bytes[start..start + 5], b"image");
}

#[test]
fn structures_have_four_byte_pointers_and_do_not_overlap() {
    let layout = program(RICH).layout;
    assert_eq!(layout.func_ref.size, 16);
    assert_eq!(layout.memory.size, 8);
    let mut end = 0;
    let mut catalogue = layout.catalogue();
    catalogue.retain(|structure| structure.in_vmctx.is_some_and(|offset| offset > 0));
    catalogue.sort_by_key(|structure| structure.in_vmctx);
    for structure in catalogue {
        let start = structure.in_vmctx.expect("in vmctx");
        assert!(start >= end, "{} at {start:#x} overlaps what ends at {end:#x}", structure.name);
        end = start + structure.count * structure.size;
    }
    assert!(end <= layout.vmctx.size);
}

#[test]
fn calls_are_renamed_to_our_namespaces() {
    let program = program(RICH);
    for function in &program.functions {
        for name in function.params.user_named_funcs().values() {
            match name.namespace {
                FUNCTION_NAMESPACE => assert!((name.index as usize) < program.functions.len()),
                BUILTIN_NAMESPACE => assert!(Builtin::from_index(name.index).is_some()),
                other => panic!("namespace {other}"),
            }
        }
    }
}

/// The runtime knows these by heart: only this module names Wasmtime's crates.
#[test]
fn records_in_the_gc_heap_are_laid_out_as_the_runtime_says() {
    use crate::runtime::collector::{ARRAY_LENGTH, HEADER_BYTES, SIZE, TYPE};
    use crate::runtime::gc_heap::{
        EXCEPTION_INSTANCE, EXCEPTION_TAG, HOST_REFERENCE_HEADER, OBJECT_ALIGNMENT,
    };
    use wasmtime_environ::{VM_GC_HEADER_KIND_OFFSET, VM_GC_HEADER_SIZE};
    use wasmtime_environ::{VM_GC_HEADER_TYPE_INDEX_OFFSET, copying};
    assert_eq!(EXCEPTION_INSTANCE, copying::EXCEPTION_TAG_INSTANCE_OFFSET);
    assert_eq!(EXCEPTION_TAG, copying::EXCEPTION_TAG_DEFINED_OFFSET);
    assert_eq!((VM_GC_HEADER_KIND_OFFSET, VM_GC_HEADER_TYPE_INDEX_OFFSET), (0, TYPE));
    assert_eq!((VM_GC_HEADER_SIZE, copying::HEADER_SIZE), (SIZE, HEADER_BYTES));
    assert_eq!((copying::ALIGN, copying::ARRAY_LENGTH_OFFSET), (OBJECT_ALIGNMENT, ARRAY_LENGTH));
    let kind = u64::from(wasmtime_environ::VMGcKind::ExternRef.as_u32());
    assert_eq!(HOST_REFERENCE_HEADER, kind | u64::from(u32::MAX) << 32);
}

/// Whether a program has a GC heap follows from what its code does, not from its types.
#[test]
fn only_code_that_reaches_objects_needs_a_gc_heap() {
    let needs = |body: &str| {
        let text = format!("(module (type $s (struct (field i32))) (tag $t) (func {body}))");
        program(&text).module.needs_gc_heap
    };
    assert!(!needs("(drop (ref.i31 (i32.const 1)))"));
    assert!(needs("(drop (struct.new $s (i32.const 1)))"));
    assert!(needs("(throw $t)"));
}

/// The backend behind the front end has no atomics, with which the startup function asks for
/// the size of a shared memory.
#[test]
fn a_startup_function_may_use_a_shared_memory() {
    let program = program(
        "(module (global i32 (i32.const 3)) (memory 1 1 shared)
            (data (i32.add (global.get 0) (i32.const 1)) \"x\"))",
    );
    assert!(program.startup.is_some());
}

#[test]
fn a_module_of_another_feature_is_unsupported() {
    let stacks = "(module (type $f (func)) (type (cont $f)))";
    let stacks = wat::parse_str(stacks).expect("valid text");
    assert!(matches!(failure(&stacks), FrontendError::Unsupported(_)));
}

#[test]
fn a_function_of_more_blocks_than_the_reader_takes_is_unsupported() {
    let blocks = 100_000;
    let text = format!("(module (func {} {}))", "(block ".repeat(blocks), ")".repeat(blocks));
    let wasm = wat::parse_str(text).expect("valid");
    assert_eq!(failure(&wasm), FrontendError::Unsupported("function with too many blocks".into()));
}

#[test]
fn invalid_input_says_where() {
    let mut wasm = wat::parse_str(RICH).expect("valid text");
    wasm.truncate(wasm.len() / 2);
    assert!(matches!(failure(&wasm), FrontendError::Invalid { offset, .. } if offset > 0));
    assert!(matches!(failure(b""), FrontendError::Invalid { .. }));
    assert!(matches!(failure(b"not Wasm"), FrontendError::Invalid { offset: 0, .. }));
    let body = wat::parse_str("(module (func (result i32) i64.const 0))").expect("parses");
    assert!(matches!(failure(&body), FrontendError::Invalid { .. }));
}

#[test]
fn nothing_is_left_in_the_temporary_folder() {
    program(RICH);
    let _no_other_thread = capture::lock(&capture::DIRECTORY);
    assert!(!capture::clif_dir().exists());
}

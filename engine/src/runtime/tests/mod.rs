//! The runtime without any real executor: a scripted one plays the guest.

mod attack;
mod collection;
mod hostile_heap;
mod waiting;

use super::*;
use crate::arena::{Arena, OwnedArena, PAGE};
use crate::code_table::{CodeIndex, Entry};
use crate::executor::{Counts, Limits, LoadError, Services, Slot, Stop};
use crate::frontend;
use crate::passes::{Mode, Prepared, prepare};
use crate::program::{Builtin, FuncId, Program, ValType};
use crate::site::{Site, SiteId, SiteKind};
use crate::trap::Trap;

/// What the guest does when it is entered.
type Script =
    Box<dyn FnMut(&mut dyn Services, &mut OwnedArena, Entry, &[Slot]) -> Result<Vec<Slot>, Stop>>;

/// An executor whose guest is a closure.
struct Scripted {
    arena: OwnedArena,
    script: Script,
}

impl Scripted {
    fn new(script: Script) -> Scripted {
        Scripted { arena: OwnedArena::new(crate::arena::NULL_PAGE), script }
    }

    /// A guest that returns at once.
    fn idle() -> Scripted {
        Scripted::new(Box::new(|_, _, _, _| Ok(Vec::new())))
    }
}

impl Executor for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn reset(&mut self, len: u32) -> Result<(), String> {
        self.arena = OwnedArena::new(len);
        Ok(())
    }

    fn arena(&mut self) -> &mut dyn Arena {
        &mut self.arena
    }

    fn load(&mut self, _: &Prepared, _: &mut CodeTable) -> Result<(), LoadError> {
        Ok(())
    }

    fn call(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        _: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        (self.script)(services, &mut self.arena, table.get(code), args)
    }

    fn counts(&self) -> Counts {
        Counts::default()
    }
}

const LIMITS: Limits =
    Limits { fuel: 1_000, deadline: std::time::Duration::from_secs(1), depth: 10 };

const SMALL: Reservations = Reservations { memory_bytes: 4 << 16, table_elements: 8 };

/// A module with one of everything.
const RICH: &str = r#"(module
    (import "env" "f" (func $f (param i32) (result i64)))
    (memory (export "memory") 1 3)
    (data (i32.const 8) "image")
    (data $passive "later")
    (table (export "table") 4 6 funcref)
    (elem (i32.const 1) func $f $g)
    (elem $late func $g)
    (global (export "global") (mut i64) (i64.const -2))
    (global $reference (export "reference") funcref (ref.func $g))
    (func $g (export "g") (param i32) (result i64)
        (memory.init $passive (local.get 0) (i32.const 0) (i32.const 5))
        (table.init $late (i32.const 0) (i32.const 0) (i32.const 1))
        (i64.const 0))
    (start $start)
    (func $start (drop (memory.grow (i32.const 1)))))"#;

fn program(text: &str) -> Program {
    frontend::translate(&wat::parse_str(text).expect("valid text")).expect("a program")
}

fn prepared(program: &Program) -> Prepared {
    prepare(program, Mode::Exact).expect("a prepared program")
}

/// A store with an instance of [`RICH`].
fn rich(executor: &mut Scripted) -> (Store, InstanceId, Program) {
    instance_of(executor, RICH)
}

/// A store with an instance of a module that imports one function.
fn instance_of(executor: &mut Scripted, text: &str) -> (Store, InstanceId, Program) {
    let program = program(text);
    let len = arena_len(&[&program], SMALL).expect("fits");
    let mut store = Store::new(executor, len, SMALL).expect("a store");
    let ty = program.module.types[program.module.functions[0].ty].clone();
    let host = store.define_host(HostFunction::stub("env", "f", ty)).expect("room");
    let id = store
        .instantiate(executor, &program, &prepared(&program), &[Extern::Function(host)])
        .expect("an instance");
    (store, id, program)
}

fn builtin(
    store: &mut Store,
    executor: &mut Scripted,
    builtin: Builtin,
    args: &[Slot],
) -> Result<Slot, Trap> {
    store.state.builtin(&mut executor.arena, builtin, args)
}

fn vmctx(store: &Store, id: InstanceId) -> Slot {
    Slot::from(store.state.instance(id).vmctx)
}

#[test]
fn vm_structures_hold_what_compiled_code_reads() {
    let mut executor = Scripted::idle();
    let (store, id, program) = rich(&mut executor);
    let layout = &program.layout;
    let vmctx = store.state.instance(id).vmctx;
    let word = |offset: u32| executor.arena.load_u32(vmctx + offset).expect("inside");

    assert_eq!(word(layout.vmctx.magic).to_le_bytes(), *b"core");
    let import = layout.imported_functions.at(0);
    let host = store.code.get(CodeIndex(word(import + layout.function_import.wasm_call)));
    assert_eq!(host.target, Target::Host(0));
    let memory = layout.memories.at(0);
    assert_eq!(word(layout.memory_pointers.at(0)), vmctx + memory);
    assert_eq!(word(memory + layout.memory.current_length), 1 << 16);
    let base = word(memory + layout.memory.base);
    let mut image = [0; 5];
    executor.arena.read(base + 8, &mut image).expect("inside");
    assert_eq!(&image, b"image");
    assert_eq!(word(layout.tables.at(0) + layout.table.current_elements), 4);
    let global = executor.arena.load_u128(vmctx + layout.globals.at(0)).expect("inside");
    assert_eq!(global, u128::from(u64::MAX - 1));
    // Both functions have the same type, so their references have the same type id.
    let type_of = |slot| word(layout.func_refs.at(slot) + layout.func_ref.type_index);
    let slots: Vec<u32> = program.module.functions.iter().filter_map(|f| f.func_ref).collect();
    assert_eq!(type_of(slots[0]), type_of(slots[1]));
    assert_ne!(type_of(slots[0]), 0);
    let late = (0..layout.data_bases.count)
        .map(|n| (word(layout.data_bases.at(n)), word(layout.data_lengths.at(n))))
        .find(|&(_, len)| len == 5);
    let mut bytes = [0; 5];
    executor.arena.read(late.expect("a passive segment").0, &mut bytes).expect("inside");
    assert_eq!(&bytes, b"later");
}

#[test]
fn instances_of_equal_programs_have_equal_images() {
    let digest = || {
        let mut executor = Scripted::idle();
        let (store, ..) = rich(&mut executor);
        let digests = store.memory_digests(&executor.arena).expect("inside");
        store.arena_digest(&executor.arena, &digests).expect("inside")
    };
    assert_eq!(digest(), digest());
}

#[test]
fn memory_grows_to_its_reservation_and_no_further() {
    let mut executor = Scripted::idle();
    let (mut store, id, program) = rich(&mut executor);
    let vmctx = vmctx(&store, id);
    let mut grow = |delta: u64| {
        builtin(&mut store, &mut executor, Builtin::MemoryGrow, &[vmctx, delta.into(), 0])
    };
    assert_eq!(grow(0), Ok(1));
    assert_eq!(grow(2), Ok(1));
    assert_eq!(grow(1), Ok(u128::from(u32::MAX)), "the declared maximum is 3");
    assert_eq!(grow(u64::MAX), Ok(u128::from(u32::MAX)));
    assert_eq!(grow(0), Ok(3));
    let field = program.layout.memories.at(0) + program.layout.memory.current_length;
    let length = executor.arena.load_u32(store.state.instance(id).vmctx + field);
    assert_eq!(length, Ok(3 << 16));
}

#[test]
fn table_elements_are_made_when_they_are_read() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let vmctx = vmctx(&store, id);
    let mut get = |index: u64| {
        let args = [vmctx, 0, index.into()];
        builtin(&mut store, &mut executor, Builtin::TableGetLazyInitFuncRef, &args)
    };
    assert_eq!(get(0), Ok(0));
    let first = get(1).expect("inside");
    assert_ne!(first, 0);
    assert_eq!(get(1), Ok(first), "made once");
    assert_eq!(get(4), Err(Trap::TableOutOfBounds));
    assert_eq!(get(u64::MAX), Err(Trap::TableOutOfBounds));
    let state = &store.tables(&executor.arena, id).expect("inside")[0];
    assert_eq!(state.elements, [None, Some(0), Some(1), None], "made or not");
    let base = store.state.table(TableId(0)).base;
    assert_eq!(executor.arena.load_u32(base), Ok(builtins::INITIALISED), "null, initialised");
    assert_eq!(executor.arena.load_u32(base + 8), Ok(0), "not read yet");
}

#[test]
fn tables_grow_to_their_reservation() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let vmctx = vmctx(&store, id);
    let mut grow = |delta: u64| {
        builtin(&mut store, &mut executor, Builtin::TableGrow, &[vmctx, 0, delta.into()])
    };
    assert_eq!(grow(2), Ok(4));
    assert_eq!(grow(1), Ok(u128::from(u32::MAX)), "the declared maximum is 6");
    assert_eq!(grow(u64::MAX), Ok(u128::from(u32::MAX)));
    assert_eq!(grow(0), Ok(6));
}

#[test]
fn the_object_map_follows_growth() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let (vmctx, len) = (vmctx(&store, id), executor.arena.len());
    let map = store.object_map(len);
    let site = |region: &str| Site {
        function: FuncId(0),
        ordinal: 0,
        instruction: cranelift_codegen::ir::Inst::from_u32(0),
        kind: SiteKind::Load,
        region: region.into(),
        width: 4,
        displacement: 0,
        wasm_offset: None,
    };
    let memory = "DefinedMemory(StaticModuleIndex(0), DefinedMemoryIndex(0))";
    let mut program = prepared(&program(RICH));
    program.sites = vec![site(memory), site("PublicTable"), site("VMContext+0x8"), site("")];
    let classes = map.classes(&[&program]);
    let holds = |index, offset| map.holds(&classes, 0, SiteId(index), offset, 4);
    let (memory, table) = (store.state.memories[0].base, store.state.tables[0].base);
    let context = store.state.instance(id).vmctx;
    assert!(holds(0, memory) && !holds(0, table) && !holds(0, context));
    assert!(holds(1, table) && holds(2, context) && !holds(2, memory));
    assert!(holds(3, memory) && holds(3, context), "a site without a region may go anywhere");
    assert!(!holds(0, memory + (1 << 16)) && !holds(1, table + 16), "past the end");
    let state = &mut store.state;
    state.builtin(&mut executor.arena, Builtin::MemoryGrow, &[vmctx, 1, 0]).expect("grows");
    state.builtin(&mut executor.arena, Builtin::TableGrow, &[vmctx, 0, 1]).expect("grows");
    assert!(holds(0, memory + (1 << 16)) && holds(1, table + 16));
}

#[test]
fn a_dropped_segment_is_empty() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let args = [vmctx(&store, id), 0];
    let mut serve = |wanted| builtin(&mut store, &mut executor, wanted, &args);
    assert_eq!(serve(Builtin::PassiveElemSegmentLen), Ok(1));
    assert!(serve(Builtin::PassiveElemSegmentBase).expect("known") > 0);
    serve(Builtin::PassiveElemSegmentDrop).expect("known");
    assert_eq!(serve(Builtin::PassiveElemSegmentLen), Ok(0));
}

#[test]
fn host_functions_see_wasm_arguments_and_are_logged() {
    let mut executor = Scripted::new(Box::new(|services, arena, _, args| {
        let mut results = [0];
        let args = [0, args[0], 0xdead_0000_0007];
        services.host(arena, 0, &args, &mut results).map_err(Stop::trap)?;
        Ok(vec![results[0] + 9])
    }));
    let (mut store, id, _) = rich(&mut executor);
    let Some(Extern::Function(g)) = store.export(id, "g") else { panic!("no export") };
    let args = [Value::new(ValType::I32, 3)];
    let results = store.call(&mut executor, id, g, &args, LIMITS);
    let answer = answers("env", "f", &[7], 0, &[ValType::I64])[0];
    assert_eq!(results, Ok(vec![Value::new(ValType::I64, answer + 9)]));
    let call = &store.host_calls()[0];
    assert_eq!((call.module.as_str(), call.name.as_str()), ("env", "f"));
    assert_eq!(call.args, [Value::new(ValType::I32, 7)], "the upper bits are no argument");
}

#[test]
fn an_exit_is_no_trap() {
    let mut executor = Scripted::new(Box::new(|services, arena, _, _| {
        services.host(arena, 0, &[0, 0, 5], &mut []).map_err(Stop::trap)?;
        Ok(Vec::new())
    }));
    let program = program("(module (func (export \"f\")))");
    let len = arena_len(&[&program], SMALL).expect("fits");
    let mut store = Store::new(&mut executor, len, SMALL).expect("a store");
    store.define_host(HostFunction::proc_exit()).expect("room");
    let id = store.instantiate(&mut executor, &program, &prepared(&program), &[]).expect("fits");
    let Some(Extern::Function(f)) = store.export(id, "f") else { panic!("no export") };
    let outcome = store.call(&mut executor, id, f, &[], LIMITS);
    assert_eq!(outcome, Err(CallError::Ended(Ended::Exit(5))));
}

#[test]
fn arguments_must_fit() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let Some(Extern::Function(g)) = store.export(id, "g") else { panic!("no export") };
    for args in [
        vec![],
        vec![Value::new(ValType::I64, 0)],
        vec![Value::new(ValType::I32, 1 << 32)],
        vec![Value { ty: ValType::I32, bits: None }],
    ] {
        let outcome = store.call(&mut executor, id, g, &args, LIMITS);
        assert!(matches!(outcome, Err(CallError::Arguments(_))), "{args:?}: {outcome:?}");
    }
}

#[test]
fn imports_of_other_types_are_refused_by_name() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let memory = store.export(id, "memory").expect("exported");
    for (text, refused) in [
        ("(module (import \"m\" \"x\" (memory 2)))", true),
        ("(module (import \"m\" \"x\" (memory 1 2)))", true),
        ("(module (import \"m\" \"x\" (table 1 funcref)))", true),
        ("(module (import \"m\" \"x\" (memory 1)))", false),
        ("(module (import \"m\" \"x\" (memory 0 3)))", false),
    ] {
        let program = program(text);
        let imports = link::Imports::check(&program.module, &[memory], &mut store.state);
        assert_eq!(imports.is_err(), refused, "{text}");
        if let Err(error) = imports {
            assert!(error.to_string().contains("m.x"), "{error}");
        }
    }
    let unknown = Linker::default().resolve(&program(RICH));
    assert!(matches!(unknown, Err(LinkError::Unknown { .. })));
    assert!(
        store.instantiate(&mut executor, &program(RICH), &prepared(&program(RICH)), &[]).is_err()
    );
}

#[test]
fn an_arena_without_room_refuses_an_instance() {
    let mut executor = Scripted::idle();
    let (mut store, ..) = rich(&mut executor);
    let big = program("(module (memory 4))");
    let refused = store.instantiate(&mut executor, &big, &prepared(&big), &[]);
    assert!(matches!(refused, Err(InstantiateError::TooLarge(TooLarge::Areas(_)))));
    assert_eq!(store.broken_canaries(&executor.arena), Ok(vec![]), "no area was given out");
}

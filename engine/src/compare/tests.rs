//! The same attacks on both layouts, each in cells.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::*;
use crate::confuse::{Entry, Kind, choices};
use crate::executor::Limits;
use crate::passes::Mode;
use crate::program::{Item, ValType};
use crate::run::{Call, Imports};
use crate::runtime::{Reservations, Value};

/// A request for calls with the given arguments.
fn request(calls: &[(&str, &[u128])]) -> Request {
    let call = |&(export, args): &(&str, &[u128])| Call {
        export: export.to_owned(),
        args: args.iter().map(|&bits| Some(bits)).collect(),
    };
    let deadline = Duration::from_secs(5);
    Request {
        calls: calls.iter().map(call).collect(),
        mode: Mode::AsShipped,
        limits: Limits { fuel: 1 << 20, deadline, depth: 500 },
        reservations: Reservations { memory_bytes: 1 << 20, table_elements: 1000 },
        check_objects: false,
        gc_stress: false,
        imports: Imports::Stubs,
    }
}

fn pair(text: &str, calls: &[(&str, &[u128])]) -> Pair {
    let wasm = wat::parse_str(text).expect("valid text");
    Pair::of(&wasm, request(calls)).expect("comparable")
}

/// The effects of each plan of one kind, with its entry.
fn effects(pair: &Pair, kind: Kind) -> Vec<(Entry, [Effect; 2])> {
    let mut effects = Vec::new();
    let program = pair.subject().program();
    for place in pair.subject().survey().places.iter().filter(|place| place.kind == kind) {
        for params in choices(program, *place) {
            let entry = Entry { function: place.function, site: place.site, kind, params };
            let plan = Plan { entries: vec![entry.clone()] };
            match pair.compare(&plan).expect("compared") {
                Compared::Effects { effects: of, lost, .. } => {
                    assert_eq!(lost, 0, "records");
                    effects.push((entry, of));
                }
                Compared::Unmapped(_) => {}
            }
        }
    }
    effects
}

fn of_layout(effects: &[(Entry, [Effect; 2])], layout: usize) -> Vec<Effect> {
    effects.iter().map(|(_, effects)| effects[layout]).collect()
}

const LOADS: &str = "(module (memory 1 1) (data (i32.const 8) \"\\2a\")
    (func (export \"f\") (param i32) (result i32) (i32.load (local.get 0))))";

#[test]
fn an_integer_used_as_a_pointer_escapes_with_raw_pointers_only() {
    let pair = pair(LOADS, &[("f", &[0x7654_3210]), ("f", &[8])]);
    let effects = effects(&pair, Kind::Integer);
    assert!(of_layout(&effects, 1).contains(&Effect::Outside), "{effects:?}");
    assert!(of_layout(&effects, 0).iter().all(|&effect| effect < Effect::Outside), "{effects:?}");
}

#[test]
fn a_dropped_check_leaves_the_memory_on_both_and_vm_data_on_one() {
    // The memory is the last object but for a canary: 256 MiB behind it there is nothing.
    let pair = pair(LOADS, &[("f", &[0x1000_0000])]);
    let found = effects(&pair, Kind::DropCheck);
    let effects: Vec<_> = found.iter().map(|(_, effects)| *effects).collect();
    let expected = [[Effect::Harmless, Effect::Outside]];
    assert_eq!(effects, expected, "the arena's guard traps as the check did");
}

#[test]
fn a_neighbour_is_reached_on_both() {
    // Below the memory of the arena and of the raw layout alike lies the gap.
    let pair = pair(LOADS, &[("f", &[8])]);
    let effects = effects(&pair, Kind::Displacement);
    let both = |effect| effects.iter().any(|(_, effects)| effects == &[effect, effect]);
    assert!(both(Effect::OtherObject), "{effects:?}");
    assert!(of_layout(&effects, 1).contains(&Effect::Outside), "{effects:?}");
    assert!(of_layout(&effects, 0).iter().all(|&effect| effect < Effect::Outside), "{effects:?}");
}

const CALLS: &str = "(module (table 3 funcref) (elem (i32.const 0) $one $two $pair)
    (type $t (func (result i32)))
    (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
    (func $pair (param i64) (result i64) (local.get 0))
    (func (export \"f\") (param i32) (result i32)
        (call_indirect (type $t) (local.get 0))))";

#[test]
fn a_call_without_its_signature_check_is_caught_in_the_arena_only() {
    let pair = pair(CALLS, &[("f", &[2])]);
    let effects = effects(&pair, Kind::DropSignatureCheck);
    let effects: Vec<_> = effects.iter().map(|(_, effects)| *effects).collect();
    assert!(effects.contains(&[Effect::Caught, Effect::BadTransfer]), "{effects:?}");
}

#[test]
fn a_swapped_function_reference_is_a_bad_transfer_with_raw_pointers() {
    let pair = pair(CALLS, &[("f", &[1])]);
    let effects = effects(&pair, Kind::SwapFuncRef);
    assert!(of_layout(&effects, 1).contains(&Effect::BadTransfer), "{effects:?}");
    assert!(of_layout(&effects, 0).iter().all(|&effect| effect < Effect::Outside), "{effects:?}");
}

/// A write to a field of the structure of an index, at the first entry from outside.
fn write(structure: &str, index: u32, field: &str, value: &str) -> Schedule {
    let entry = format!(
        "[{{\"event\": \"entry\", \"nth\": 0, \"width\": 4, \"value\": {value}, \"target\":
            {{\"structure\": \"{structure}\", \"field\": \"{field}\", \"index\": {index}}}}}]"
    );
    Schedule::from_json(&entry).expect("a schedule")
}

fn corrupted(pair: &Pair, schedule: &Schedule) -> [Effect; 2] {
    match pair.corrupt(schedule).expect("compared") {
        Compared::Effects { effects, .. } => effects,
        Compared::Unmapped(why) => panic!("{why}"),
    }
}

#[test]
fn a_corrupted_length_leaves_vm_data_with_raw_pointers_only() {
    let growing = LOADS.replace("memory 1 1", "memory 1 2");
    let pair = pair(&growing, &[("f", &[0x1000_0000])]);
    let longer = write("VMMemoryDefinition", 0, "current_length", "\"4294967295\"");
    assert_eq!(corrupted(&pair, &longer), [Effect::Harmless, Effect::Outside]);
}

#[test]
fn a_corrupted_base_is_whatever_was_written() {
    let pair = pair(LOADS, &[("f", &[8])]);
    let elsewhere = write("VMMemoryDefinition", 0, "base", "\"1987654320\"");
    assert_eq!(corrupted(&pair, &elsewhere), [Effect::OtherObject, Effect::Outside]);
    let context =
        "{\"offset_of\": {\"structure\": \"VMContext\", \"field\": \"magic\", \"index\": 0}}";
    let inside = write("VMMemoryDefinition", 0, "base", context);
    assert_eq!(corrupted(&pair, &inside), [Effect::OtherObject; 2], "a pointer is one on both");
}

#[test]
fn a_forged_code_pointer_is_a_bad_transfer_with_raw_pointers_only() {
    let pair = pair(CALLS, &[("f", &[0])]);
    let forged = |index| write("VMFuncRef", index, "wasm_call", "\"305419896\"");
    let effects: Vec<_> = (0..4).map(|index| corrupted(&pair, &forged(index))).collect();
    assert!(effects.contains(&[Effect::Caught, Effect::BadTransfer]), "{effects:?}");
    assert!(effects.iter().all(|[arena, _]| *arena < Effect::Outside), "{effects:?}");
}

#[test]
fn what_only_the_arena_has_is_not_compared() {
    let pair = pair(LOADS, &[("f", &[8])]);
    let mut schedule = write("VMMemoryDefinition", 0, "base", "\"0\"");
    schedule.entries[0].target = crate::corrupt::Target::Offset(0x1_0000);
    assert_eq!(pair.corrupt(&schedule), Ok(Compared::Unmapped(Unmapped::Place)));
}

/// The calls of each exported function with small numbers.
fn plain_calls(wasm: &[u8]) -> Option<Vec<(String, Vec<u128>)>> {
    let module = frontend::translate(wasm).ok()?.module;
    let exports = module.exports.iter().filter_map(|export| match export.item {
        Item::Function(index) => Some((export.name.clone(), module.functions[index].ty)),
        _ => None,
    });
    let calls = exports.map(|(name, ty)| {
        let params = &module.types[ty].params;
        (!params.iter().any(|ty| ty.is_reference())).then(|| (name, vec![2; params.len()]))
    });
    calls.collect()
}

#[test]
fn both_layouts_agree_on_the_corpus_and_stay_in_their_objects() {
    let (mut compared, mut refused) = (0, Vec::new());
    for file in std::fs::read_dir("../corpus").expect("a corpus") {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "wat") {
            continue;
        }
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let wasm = wat::parse_file(&path).expect("valid text");
        let Some(calls) = plain_calls(&wasm) else { continue };
        let calls: Vec<(&str, &[u128])> =
            calls.iter().map(|(name, args)| (name.as_str(), args.as_slice())).collect();
        let mut request = request(&calls);
        request.reservations.memory_bytes = 64 << 20;
        match Pair::of(&wasm, request) {
            Ok(_) => compared += 1,
            // Their host functions take pointers of the guest.
            Err(_) if name.starts_with("wasi") => refused.push((name, "WASI".to_owned())),
            Err(CompareError::Run(RunError::Unsupported(why))) => refused.push((name, why)),
            Err(CompareError::Frontend(FrontendError::Unsupported(why))) => {
                refused.push((name, why));
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(compared >= 50, "only {compared}; refused: {refused:?}");
}

#[test]
fn a_copy_of_nothing_from_a_dropped_segment_is_one_on_both() {
    let text = "(module (memory 1 1) (data $active (i32.const 100) \"\\55\")
        (func (export \"f\") (param i32)
          (memory.init $active (i32.const 0) (i32.const 0) (local.get 0))))";
    let pair = pair(text, &[("f", &[0]), ("f", &[1])]);
    let trapped = Outcome::Trap { trap: Trap::HeapOutOfBounds, site: None };
    assert_eq!(pair.ending().outcomes[1..], [Outcome::Values(vec![]), trapped]);
}

#[test]
fn what_differs_without_an_attack_is_named() {
    let ending = |outcome| Ending { outcomes: vec![outcome], memories: vec![], globals: vec![] };
    let value = |bits| Outcome::Values(vec![Value { ty: ValType::I32, bits: Some(bits) }]);
    let trap = Outcome::Trap { trap: Trap::Host, site: None };
    let differ = |arena, raw| difference(&ending(arena), &ending(raw));
    assert_eq!(differ(value(1), value(1)), None);
    assert_eq!(differ(value(1), value(2)).as_deref(), Some("other results"));
    let name = format!("returned against {}", Trap::Host.name());
    assert_eq!(differ(value(1), trap), Some(name));
    let fewer = Ending { outcomes: vec![], memories: vec![], globals: vec![] };
    let found = difference(&ending(value(1)), &fewer);
    assert_eq!(found.as_deref(), Some("another number of calls"));
}

#[test]
fn what_a_run_reached_decides_before_what_it_came_to() {
    let ending = |trap: Option<Trap>| Ending {
        outcomes: vec![
            trap.map_or(Outcome::Values(vec![]), |trap| Outcome::Trap { trap, site: None }),
        ],
        memories: vec![],
        globals: vec![],
    };
    let (fine, trapped) = (ending(None), ending(Some(Trap::HeapOutOfBounds)));
    let late = ending(Some(Trap::Interrupt));
    let reach =
        |counts, stopped, witnessed| Reach { counts, stopped, witnessed, ..Reach::default() };
    let own = |witnessed| reach([3, 0, 0, 0, 0], 0, Some(witnessed));
    assert_eq!(Effect::of(&own(false), &fine, &fine), Effect::NotReached);
    assert_eq!(Effect::of(&own(true), &fine, &fine), Effect::Harmless);
    assert_eq!(Effect::of(&own(true), &trapped, &trapped), Effect::Harmless, "as before");
    assert_eq!(Effect::of(&own(false), &trapped, &fine), Effect::Caught);
    assert_eq!(Effect::of(&own(true), &fine, &trapped), Effect::WrongValue, "a trap is missed");
    assert_eq!(Effect::of(&own(true), &late, &fine), Effect::WrongValue, "time is no check");
    let stopped = reach([3, 0, 0, 0, 0], 1, None);
    assert_eq!(Effect::of(&stopped, &trapped, &fine), Effect::Caught);
    let other = reach([3, 1, 0, 0, 0], 1, None);
    assert_eq!(Effect::of(&other, &trapped, &fine), Effect::OtherObject, "before it trapped");
    let worst = reach([3, 1, 1, 1, 1], 0, None);
    assert_eq!(Effect::of(&worst, &fine, &fine), Effect::BadTransfer);
}

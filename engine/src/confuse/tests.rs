//! Every place of real front-end output can be confused, and the result is valid CLIF.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use super::*;
use crate::clif::generate::{Dialect, generate};
use crate::{clif, frontend};

fn program(wat: &str) -> Program {
    let wasm = wat::parse_str(wat).expect("valid text");
    frontend::translate(&wasm).expect("translates")
}

const CORPUS: &[&str] = &[
    include_str!("../../../corpus/call_indirect_signatures.wat"),
    include_str!("../../../corpus/imports_memory_table_globals.wat"),
    include_str!("../../../corpus/memory_grow_in_loop.wat"),
    include_str!("../../../corpus/table_grow_in_loop.wat"),
    include_str!("../../../corpus/access_narrow.wat"),
    include_str!("../../../corpus/program_byte_code.wat"),
];

/// Every choice at every place, one entry a plan.
fn entries(program: &Program) -> impl Iterator<Item = Entry> {
    Survey::of(program).places.into_iter().flat_map(move |place| {
        let Place { function, site, kind } = place;
        let choices = choices(program, place).into_iter();
        choices.map(move |params| Entry { function, site, kind, params })
    })
}

#[test]
fn every_choice_at_every_place_changes_the_program_and_verifies() {
    let mut applied: BTreeMap<Kind, u32> = BTreeMap::new();
    for text in CORPUS {
        let program = program(text);
        for entry in entries(&program) {
            let kind = entry.kind;
            let plan = Plan { entries: vec![entry] };
            let confused = apply(&program, &plan).unwrap_or_else(|error| panic!("{error}"));
            let [(id, function)] = &confused.functions[..] else { panic!("one function changes") };
            let original = &program.functions[id.0 as usize];
            assert_ne!(original.to_string(), function.to_string(), "{:?}", plan.entries);
            *applied.entry(kind).or_default() += 1;
        }
    }
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !applied.contains_key(kind)).collect();
    assert!(missing.is_empty(), "{missing:?} applied nowhere; {applied:?}");
}

/// Programs from scratch write the structures that they use: all kinds apply to them, too.
#[test]
fn every_kind_applies_to_generated_programs() {
    let mut applied: BTreeMap<Kind, u32> = BTreeMap::new();
    for case in 0..400_u64 {
        let entropy: Vec<u8> = (0..150)
            .flat_map(|n| (case * 1000 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes())
            .collect();
        let text = generate(&entropy, Dialect::Portable);
        let program = clif::read(&text).expect("CLIF").program().expect("a program");
        for entry in entries(&program).step_by(7) {
            let kind = entry.kind;
            let plan = Plan { entries: vec![entry] };
            apply(&program, &plan).unwrap_or_else(|error| panic!("{error}\n{text}"));
            *applied.entry(kind).or_default() += 1;
        }
    }
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !applied.contains_key(kind)).collect();
    assert!(missing.is_empty(), "{missing:?} applied nowhere; {applied:?}");
}

#[test]
fn two_entries_at_one_site_never_panic() {
    let program = program(CORPUS[0]);
    let all: Vec<Entry> = entries(&program).filter(|entry| entry.function == FuncId(5)).collect();
    for first in &all {
        for second in all.iter().filter(|second| second.site == first.site) {
            let plan = Plan { entries: vec![first.clone(), second.clone()] };
            match apply(&program, &plan) {
                Ok(confused) => assert_eq!(confused.witnesses.len(), 2),
                Err(error) => assert!(error.to_string().starts_with("plan entry 1 "), "{error}"),
            }
        }
    }
}

#[test]
fn a_plan_survives_json() {
    let program = program(CORPUS[1]);
    let plan = Plan { entries: entries(&program).collect() };
    assert_eq!(Plan::from_json(&plan.to_json().to_string()), Ok(plan));
}

#[test]
fn plans_that_do_not_fit_name_the_entry() {
    let program = program(CORPUS[0]);
    let cases = [
        (r#"[{"function": 5, "site": 0}]"#, r#"plan entry 0: there is no kind """#),
        (
            r#"[{"function": -1, "site": 0, "kind": "stale"}]"#,
            "plan entry 0: function is no number",
        ),
        (
            r#"[{"function": 99, "site": 0, "kind": "field"}]"#,
            "plan entry 0 (field at function 99, site 0): the program has no such function",
        ),
        (
            r#"[{"function": 5, "site": 9999, "kind": "field"}]"#,
            "plan entry 0 (field at function 5, site 9999): the function has no such site",
        ),
        (
            r#"[{"function": 5, "site": 1, "kind": "drop-check"}]"#,
            "plan entry 0 (drop-check at function 5, site 1): \
             the instruction there is not what this kind changes",
        ),
        (
            r#"[{"function": 5, "site": 0, "kind": "pointer", "params": {"value": 20}}]"#,
            "plan entry 0 (pointer at function 5, site 0): v20 is no i32 that may be used there",
        ),
        (
            r#"[{"function": 5, "site": 0, "kind": "field"}]"#,
            "plan entry 0 (field at function 5, site 0): \
             params.displacement is missing, or not what this kind takes",
        ),
    ];
    for (text, message) in cases {
        let plan = Plan::from_json(text).map(|plan| apply(&program, &plan).map(drop));
        let error = plan.and_then(|applied| applied).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

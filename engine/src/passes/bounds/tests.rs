use super::*;
use crate::frontend;
use crate::passes::{Mode, prepare, verify_function};

/// The prepared function of a module with a memory, and what becomes of it.
fn merged(memory: &str, body: &str) -> (String, String) {
    let text = format!(
        "(module {memory} (func $other) (func (param i32 i32) (result i32) (local i32) {body}))"
    );
    let program = frontend::translate(&wat::parse_str(text).expect("valid text"));
    let program = program.expect("a program");
    let prepared = prepare(&program, Mode::AsShipped).expect("nothing to refuse");
    let mut function = prepared.functions[1].as_ref().clone();
    let before = function.to_string();
    merge(&mut function);
    verify_function(&function, prepared.addressing).expect("valid CLIF");
    (before, function.to_string())
}

/// How many checks are left: by trap, and by select.
fn checks(body: &str) -> (usize, usize) {
    let (before, after) = merged("(memory 1)", body);
    assert!(before.contains("= select "), "the front end checks with selects:\n{before}");
    (after.matches("trapnz").count(), after.matches("= select ").count())
}

const LOAD_0: &str = "(drop (i32.load (local.get 0)))";
const LOAD_8: &str = "(drop (i32.load offset=8 (local.get 0)))";
const STORE_4: &str = "(i32.store offset=4 (local.get 0) (i32.const 1))";
const END: &str = "(i32.const 0)";

#[test]
fn a_check_becomes_a_trap() {
    assert_eq!(checks(&format!("{LOAD_0}{END}")), (1, 0));
}

#[test]
fn what_was_checked_is_not_checked_again() {
    for between in ["", STORE_4, "(call $other)", "(drop (memory.grow (i32.const 1)))"] {
        assert_eq!(checks(&format!("{LOAD_8}{between}{LOAD_0}{END}")), (1, 0), "{between}");
    }
}

#[test]
fn what_dominates_counts_and_what_does_not_does_not() {
    let behind = format!("{LOAD_8}(if (local.get 1) (then {LOAD_0}) (else {LOAD_0})){END}");
    assert_eq!(checks(&behind), (1, 0));
    let beside = format!("(if (local.get 1) (then {LOAD_8}) (else {LOAD_0})){LOAD_0}{END}");
    assert_eq!(checks(&beside), (3, 0));
}

#[test]
fn loads_are_checked_with_the_most_that_follows() {
    assert_eq!(checks(&format!("{LOAD_0}{LOAD_8}{END}")), (1, 0));
    let (_, after) = merged("(memory 1)", &format!("{LOAD_0}{LOAD_8}{END}"));
    assert!(after.contains("iconst.i32 12"), "8 and the 4 bytes of the load:\n{after}");
}

#[test]
fn nothing_that_a_trap_must_not_come_before_is_passed() {
    let division = "(local.set 2 (i32.div_u (local.get 0) (local.get 1)))";
    for between in [STORE_4, "(call $other)", division] {
        let stays = checks(&format!("{LOAD_0}{between}{LOAD_8}{END}"));
        assert!(stays.0 >= 2 && stays.1 == 0, "{between}: {stays:?}");
    }
}

#[test]
fn another_index_and_another_memory_are_other_checks() {
    let index = "(drop (i32.load (local.get 1)))";
    assert_eq!(checks(&format!("{LOAD_8}{index}{END}")), (2, 0));
    let set = format!("{LOAD_8}(local.set 0 (local.get 1)){LOAD_0}{END}");
    assert_eq!(checks(&set), (2, 0));
    let two = "(memory $a 1) (memory $b 1)";
    let both = format!("{LOAD_8}(drop (i32.load $b (local.get 0))){END}");
    let (_, after) = merged(two, &both);
    assert_eq!(after.matches("trapnz").count(), 2, "{after}");
}

#[test]
fn an_imported_memory_is_known_by_where_its_definition_is() {
    let (_, after) = merged("(import \"\" \"\" (memory 1))", &format!("{LOAD_8}{LOAD_0}{END}"));
    assert_eq!(after.matches("trapnz").count(), 1, "{after}");
}

#[test]
fn what_only_a_removed_check_needed_is_gone() {
    let (before, after) = merged("(memory 1)", &format!("{LOAD_8}{LOAD_0}{END}"));
    let comparisons = |text: &str| text.matches("icmp ugt").count();
    assert_eq!((comparisons(&before), comparisons(&after)), (2, 1), "{after}");
}

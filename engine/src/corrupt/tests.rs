//! Schedules as data, and a runtime that reads what it should not read twice.

use super::*;
use crate::arena::{Arena, NULL_PAGE, OwnedArena, PAGE};
use crate::executor::{Services, Slot};
use crate::panic::caught;
use crate::program::Builtin;
use crate::trap::Trap;

const LEN: u32 = NULL_PAGE + PAGE;
const FIELD: u32 = NULL_PAGE + 64;

/// One structure with one field.
struct OneField;

impl Places for OneField {
    fn place(&self, field: &Field) -> Option<Place> {
        let known = field.structure == "VMThing" && field.field == "length";
        known.then_some(Place { offset: FIELD + 8 * field.index, width: 4 })
    }
}

fn corruption(text: &str) -> Result<Corruption, ScheduleError> {
    Corruption::new(&Schedule::from_json(text)?, &OneField, LEN, "interpreter")
}

fn complaint(text: &str) -> String {
    corruption(text).expect_err("refused").to_string()
}

fn entry(event: &str, nth: u32, target: &str, width: u32, value: &str) -> String {
    format!(
        r#"{{"event": "{event}", "nth": {nth}, "target": {target}, "width": {width}, "value": {value}}}"#
    )
}

const THING: &str = r#"{"structure": "VMThing", "field": "length"}"#;

/// What stands in the field after one write to 0x1020304 there.
fn written(width: u32, value: &str) -> u32 {
    let text = format!("[{}]", entry("entry", 0, THING, width, value));
    let mut arena = OwnedArena::new(LEN);
    arena.store_u32(FIELD, 0x0102_0304).expect("inside");
    let corruption = corruption(&text).expect("a schedule");
    corruption.at(Event::Entry, None, &mut arena);
    arena.load_u32(FIELD).expect("inside")
}

#[test]
fn every_kind_of_value_is_written() {
    assert_eq!(written(4, r#""7""#), 7);
    assert_eq!(written(2, r#""65535""#), 0x0102_ffff);
    assert_eq!(written(4, r#"{"len": -1}"#), LEN - 1);
    assert_eq!(written(4, r#"{"code": 3}"#), 3);
    assert_eq!(written(4, r#"{"old": -5}"#), 0x0102_02ff);
    assert_eq!(written(1, r#"{"old": -5}"#), 0x0102_03ff, "only as many bytes as are written");
    assert_eq!(written(4, r#"{"flip": 31}"#), 0x8102_0304);
    let second = r#"{"offset_of": {"structure": "VMThing", "field": "length", "index": 1}}"#;
    assert_eq!(written(4, second), FIELD + 8);
}

#[test]
fn writes_wait_for_their_event_and_their_executor() {
    let first = entry("builtin", 1, THING, 4, r#""1""#);
    let second = entry("builtin", 1, THING, 4, r#"{"old": 1}"#);
    let elsewhere = r#", "executors": ["jit"]}"#;
    let third = entry("entry", 0, THING, 4, r#""9""#);
    let third = format!("{}{elsewhere}", third.strip_suffix('}').expect("an object"));
    let corruption = corruption(&format!("[{first}, {second}, {third}]")).expect("a schedule");
    let mut arena = OwnedArena::new(LEN);
    let mut at = |event| {
        corruption.at(event, None, &mut arena);
        arena.load_u32(FIELD).expect("inside")
    };
    assert_eq!((at(Event::Builtin), at(Event::Entry)), (0, 0));
    assert_eq!((at(Event::Builtin), at(Event::Builtin)), (2, 2), "in order, once");
    assert_eq!(corruption.counts().get(Event::Builtin), 3);
    assert_eq!(
        corruption.written(),
        [
            Written { offset: Some(FIELD), before: 0, after: 1 },
            Written { offset: Some(FIELD), before: 1, after: 2 },
            Written::default(),
        ]
    );
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let outside = entry("entry", 0, r#"{"offset": 65535}"#, 2, r#""1""#);
    assert_eq!(
        complaint(&format!("[{outside}]")),
        "schedule entry 0: 2 bytes at 0xffff lie outside the arena, [0x10000, 0x11000)"
    );
    let end = entry("entry", 0, &format!(r#"{{"offset": {}}}"#, LEN - 3), 4, r#""1""#);
    assert!(complaint(&format!("[{end}]")).contains("outside"));
    let unknown = THING.replace("length", "lenght");
    assert_eq!(
        complaint(&format!("[{}]", entry("entry", 0, &unknown, 4, r#""1""#))),
        "schedule entry 0: there is no VMThing[0].lenght"
    );
    for (wrong, why) in [
        (entry("exit", 0, THING, 4, r#""1""#), "there is no event \"exit\""),
        (entry("entry", 0, THING, 3, r#""1""#), "a write has 1, 2, 4, 8 or 16 bytes, not 3"),
        (entry("entry", 0, THING, 1, r#""256""#), "256 does not fit 1 bytes"),
        (entry("entry", 0, THING, 1, r#"{"flip": 8}"#), "1 bytes have no bit 8"),
        (entry("entry", 0, THING, 4, r#"{"more": 1}"#), "there is no kind of value \"more\""),
        (
            entry("entry", 0, r#"{"loaded": true}"#, 4, r#""1""#),
            "nothing is loaded at the event \"entry\"",
        ),
    ] {
        assert_eq!(complaint(&format!("[{wrong}]")), format!("schedule entry 0: {why}"));
    }
}

#[test]
fn a_schedule_says_the_same_again() {
    let target = r#"{"instance": 1, "structure": "VMThing", "field": "length", "index": 2}"#;
    let text = format!(
        "[{}, {}]",
        entry("load", 3, r#"{"loaded": true}"#, 4, r#"{"flip": 1}"#),
        entry("entry", 0, target, 16, &format!("\"{}\"", u128::MAX)),
    );
    let schedule = Schedule::from_json(&text).expect("a schedule");
    assert_eq!(Schedule::from_json(&schedule.to_json().to_string()), Ok(schedule));
}

/// A runtime that bounds an index by a field of the arena, as none should.
struct Careless {
    /// Whether it fetches the field again after the check.
    twice: bool,
}

impl Services for Careless {
    fn builtin(&mut self, arena: &mut dyn Arena, _: Builtin, _: &[Slot]) -> Result<Slot, Trap> {
        let items = [10, 11, 12, 13];
        let checked = arena.load_u32(FIELD)?.min(3);
        let used = if self.twice { arena.load_u32(FIELD)? } else { checked };
        Ok(items[used as usize])
    }

    fn host(&mut self, _: &mut dyn Arena, _: u32, _: &[Slot], _: &mut [Slot]) -> Result<(), Trap> {
        Ok(())
    }
}

/// Serves one builtin whose first load is followed by a write to what it read.
fn attack(twice: bool, memories: &[std::ops::Range<u32>]) -> (Result<Slot, Trap>, Option<String>) {
    let flip = entry("load", 0, r#"{"loaded": true}"#, 4, r#"{"flip": 0}"#);
    let corruption = corruption(&format!("[{flip}]")).expect("a schedule");
    let mut arena = OwnedArena::new(LEN);
    let mut runtime = Careless { twice };
    let mut services = Corrupting::new(&corruption, &mut runtime, memories);
    let served = services.builtin(&mut arena, Builtin::MemoryGrow, &[]);
    (served, corruption.fault())
}

#[test]
fn two_reads_of_one_field_in_one_builtin_are_found() {
    let (served, fault) = attack(true, &[]);
    assert_eq!(served, Ok(11), "the second read sees what was written after the first");
    assert_eq!(fault.as_deref(), Some("double fetch of 0x10040 by memory_grow"));
    assert_eq!(attack(false, &[]), (Ok(10), None), "one read is none too many");
    let data = NULL_PAGE..LEN;
    assert_eq!(attack(true, &[data]), (Ok(11), None), "guest data may be read as often as asked");
}

#[test]
fn a_buffer_whose_length_nobody_checked_is_found() {
    let corruption = corruption("[]").expect("a schedule");
    let mut bytes = OwnedArena::new(LEN);
    let arena = Intercepted::new(&corruption, "a host function", &mut bytes, &[]);
    let mut buffer = vec![0; 2 * PAGE as usize];
    assert!(arena.read(LEN - 1, &mut buffer[..2]).is_err());
    assert_eq!(corruption.fault(), None, "a field that lies outside");
    assert!(arena.read(NULL_PAGE, &mut buffer).is_err());
    let fault = corruption.fault();
    assert_eq!(fault.as_deref(), Some("a host function allocates 8192 bytes unchecked"));
}

#[test]
fn a_loop_that_reads_vm_data_without_end_is_stopped() {
    let corruption = corruption("[]").expect("a schedule");
    let mut arena = OwnedArena::new(LEN);
    let arena = Intercepted::new(&corruption, "a builtin", &mut arena, &[]);
    let endless = std::panic::AssertUnwindSafe(|| {
        loop {
            let read = arena.load_u32(FIELD);
            assert_eq!(read, Ok(0));
        }
    });
    let panic = caught(endless).expect_err("it ends");
    assert_eq!(panic, "panic: a builtin reads VM data without end");
}

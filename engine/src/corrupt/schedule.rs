//! Schedules: which writes are made, as data.
//!
//! In a case's header a schedule is `[{"event", "nth", "target", "width", "value",
//! "executors"}]`; without `executors` an entry is for all.
#![forbid(unsafe_code)]

use serde_json::{Value as Json, json};

use super::place::{Field, Target, number};
use super::value::Value;

/// Declares [`Event`] with the names of its variants, in the order of their numbers.
macro_rules! events {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $field:ident; )*) => {
        /// What a write waits for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Event { $( $(#[$doc])* $variant, )* }

        impl Event {
            /// Every event.
            pub const ALL: &[Event] = &[$( Event::$variant, )*];

            /// The name in a case's header.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Event::$variant => $name, )* }
            }
        }

        /// How often each event took place in a run.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct EventCounts { $( $(#[$doc])* pub $field: u64, )* }

        impl EventCounts {
            /// The count of an event.
            #[must_use]
            pub fn get(&self, event: Event) -> u64 {
                match event { $( Event::$variant => self.$field, )* }
            }

            /// The number of an event that takes place now.
            pub(super) fn next(&mut self, event: Event) -> u64 {
                let count = match event { $( Event::$variant => &mut self.$field, )* };
                *count += 1;
                *count - 1
            }
        }
    };
}

events! {
    /// Guest code is entered from outside.
    Entry = "entry", entry;
    /// A builtin is called.
    Builtin = "builtin", builtin;
    /// A host function is called.
    HostCall = "host_call", host_call;
    /// The runtime has read something while it serves a call.
    Load = "load", load;
    /// Guest code has read VM data.
    ProgramLoad = "program_load", program_load;
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it waits for.
    pub event: Event,
    /// For which of them, from 0.
    pub nth: u64,
    /// What it changes.
    pub target: Target,
    /// Bytes: 1, 2, 4, 8 or 16.
    pub width: u32,
    /// What it writes.
    pub value: Value,
    /// Names of the executors in which it is made; all if there are none.
    pub executors: Option<Vec<String>>,
}

/// A list of writes. Those that wait for the same event are made in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The writes.
    pub entries: Vec<Entry>,
}

/// Why a schedule cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// It is not written as a schedule.
    #[error("schedule entry {entry}: {what}")]
    Malformed {
        /// Position in the schedule.
        entry: usize,
        /// What is wrong.
        what: String,
    },
    /// It names a field that the program does not have.
    #[error("schedule entry {entry}: there is no {field}")]
    NoField {
        /// Position in the schedule.
        entry: usize,
        /// The field.
        field: Field,
    },
    /// It writes outside the arena.
    #[error(
        "schedule entry {entry}: {width} bytes at {offset:#x} lie outside the arena, [{:#x}, {len:#x})",
        crate::arena::NULL_PAGE
    )]
    Outside {
        /// Position in the schedule.
        entry: usize,
        /// Where it would write.
        offset: u32,
        /// How many bytes.
        width: u32,
        /// Where the arena ends.
        len: u32,
    },
}

impl Schedule {
    /// The schedule of a JSON array.
    ///
    /// # Errors
    /// [`ScheduleError::Malformed`].
    pub fn from_json(text: &str) -> Result<Schedule, ScheduleError> {
        let malformed = |entry, what: String| ScheduleError::Malformed { entry, what };
        let list: Vec<Json> =
            serde_json::from_str(text).map_err(|error| malformed(0, error.to_string()))?;
        let entry = |(position, value): (usize, &Json)| {
            Entry::from_json(value).map_err(|what| malformed(position, what))
        };
        Ok(Schedule { entries: list.iter().enumerate().map(entry).collect::<Result<_, _>>()? })
    }

    /// The schedule as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        self.entries.iter().map(Entry::to_json).collect()
    }
}

impl Entry {
    fn from_json(value: &Json) -> Result<Entry, String> {
        let name = value["event"].as_str().unwrap_or_default();
        let event = Event::ALL.iter().copied().find(|event| event.name() == name);
        let event = event.ok_or_else(|| format!("there is no event {name:?}"))?;
        let width = number(&value["width"], "width")?;
        if ![1, 2, 4, 8, 16].contains(&width) {
            return Err(format!("a write has 1, 2, 4, 8 or 16 bytes, not {width}"));
        }
        let target = Target::from_json(&value["target"])?;
        if target == Target::Loaded && !matches!(event, Event::Load | Event::ProgramLoad) {
            return Err(format!("nothing is loaded at the event {name:?}"));
        }
        Ok(Entry {
            event,
            nth: value["nth"].as_u64().ok_or("nth is no number")?,
            target,
            width,
            value: Value::from_json(&value["value"], width)?,
            executors: executors(&value["executors"])?,
        })
    }

    /// The entry as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut entry = json!({
            "event": self.event.name(),
            "nth": self.nth,
            "target": self.target.to_json(),
            "width": self.width,
            "value": self.value.to_json(),
        });
        if let Some(executors) = &self.executors {
            entry["executors"] = json!(executors);
        }
        entry
    }

    /// Whether the write is made in an executor.
    #[must_use]
    pub fn is_for(&self, executor: &str) -> bool {
        self.executors.as_ref().is_none_or(|names| names.iter().any(|name| name == executor))
    }
}

fn executors(value: &Json) -> Result<Option<Vec<String>>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let names = value.as_array().and_then(|names| {
        names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    names.map(Some).ok_or_else(|| "executors is no list of names".to_owned())
}

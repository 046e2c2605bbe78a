//! Corruption: writes to arena bytes behind the program's back.
//!
//! The attacker of the promise about corrupted data may write anything anywhere in the
//! arena between two instructions of the guest. A [`Schedule`] says what is written, where
//! and when; it is data of a case, so that a run can be repeated.
//!
//! | event | when the write is made | executors |
//! |---|---|---|
//! | `entry` | before guest code is entered from outside | all |
//! | `builtin` | before a builtin is served | all |
//! | `host_call` | before a host function is called | all |
//! | `load` | after a load of the trusted runtime, before it uses what it read | all |
//! | `program_load` | the same, after a load of VM data by guest code | the interpreter |
//!
//! Events are counted from 0 over a whole run, the startup functions' among them. A schedule
//! is resolved against the instances of its run ([`armed`]), so one compiled program serves
//! any number of schedules. [`services`] puts itself between an executor and the runtime,
//! [`intercept`] between the runtime and the arena. The latter also watches the runtime: it
//! may fetch no byte of VM data twice while it serves one call, for another value may stand
//! there the second time.
//!
//! What it does not do: native code is not stopped between two of its own instructions.
#![forbid(unsafe_code)]

mod armed;
mod fetched;
mod intercept;
mod place;
mod schedule;
mod services;
#[cfg(test)]
mod tests;
mod value;

pub use armed::{Corruption, Written};
pub(crate) use intercept::Intercepted;
pub use place::{Field, Place, Places, Target};
pub use schedule::{Entry, Event, EventCounts, Schedule, ScheduleError};
pub(crate) use services::Corrupting;
pub use value::Value;

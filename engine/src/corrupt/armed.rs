//! A schedule in one run: resolved, with its events counted and its writes made.
#![forbid(unsafe_code)]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::place::{Field, Place, Places, Target};
use super::schedule::{Entry, Event, EventCounts, Schedule, ScheduleError};
use super::value::Change;
use crate::arena::{Arena, NULL_PAGE};

/// What became of one entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Where it wrote; `None` if its event did not take place, or not here.
    pub offset: Option<u32>,
    /// What stood there.
    pub before: u128,
    /// What it wrote.
    pub after: u128,
}

/// An entry of which nothing is open but what stands at its place.
#[derive(Clone, Copy, Debug)]
struct Write {
    /// Position in the schedule.
    entry: usize,
    event: Event,
    nth: u64,
    /// `None` for what was just loaded.
    offset: Option<u32>,
    width: u32,
    change: Change,
}

#[derive(Debug)]
struct Armed {
    /// Those still to be made, in the order of the schedule.
    writes: Vec<Write>,
    written: Vec<Written>,
    counts: EventCounts,
    /// What trusted code did wrong, the first time.
    fault: Option<String>,
}

/// The corruption of one run. Clones share what they count.
#[derive(Clone, Debug)]
pub struct Corruption(Arc<Mutex<Armed>>);

impl Corruption {
    /// A schedule in an arena of `len` bytes, as the executor of a name follows it.
    ///
    /// # Errors
    /// [`ScheduleError`], when an entry for any executor has no place.
    pub fn new(
        schedule: &Schedule,
        places: &dyn Places,
        len: u32,
        executor: &str,
    ) -> Result<Corruption, ScheduleError> {
        let mut writes = Vec::with_capacity(schedule.entries.len());
        for (position, entry) in schedule.entries.iter().enumerate() {
            let write = resolve(position, entry, places, len)?;
            writes.extend(entry.is_for(executor).then_some(write));
        }
        let written = vec![Written::default(); schedule.entries.len()];
        let armed = Armed { writes, written, counts: EventCounts::default(), fault: None };
        Ok(Corruption(Arc::new(Mutex::new(armed))))
    }

    /// An event takes place: makes the writes that wait for it. `loaded` is what was just
    /// loaded, if the event is a load.
    pub(crate) fn at(&self, event: Event, loaded: Option<Place>, arena: &mut dyn Arena) {
        self.lock().at(event, loaded, arena);
    }

    /// Whether writes wait for an event at all.
    pub(crate) fn waits_for(&self, event: Event) -> bool {
        self.lock().writes.iter().any(|write| write.event == event)
    }

    /// Notes that trusted code did what it must not.
    pub(crate) fn blame(&self, what: impl FnOnce() -> String) {
        self.lock().fault.get_or_insert_with(what);
    }

    /// What trusted code did wrong, the first time.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.lock().fault.clone()
    }

    /// How often each event took place so far.
    #[must_use]
    pub fn counts(&self) -> EventCounts {
        self.lock().counts
    }

    /// What became of each entry so far.
    #[must_use]
    pub fn written(&self) -> Vec<Written> {
        self.lock().written.clone()
    }

    /// A panic elsewhere cannot have left the counts half changed.
    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn at(&mut self, event: Event, loaded: Option<Place>, arena: &mut dyn Arena) {
        let number = self.counts.next(event);
        let Armed { writes, written, .. } = self;
        writes.retain(|write| {
            let due = write.event == event && write.nth == number;
            if due && let Some(offset) = write.offset.or(loaded.map(|place| place.offset)) {
                written[write.entry] = write.make(offset, arena);
            }
            !due
        });
    }
}

impl Write {
    /// Writes. What was loaded may be narrower than the write: then nothing past the arena's
    /// end is touched, and nothing at all happens.
    fn make(&self, offset: u32, arena: &mut dyn Arena) -> Written {
        let mut bytes = [0; 16];
        let width = self.width as usize;
        if arena.read(offset, &mut bytes[..width]).is_err() {
            return Written::default();
        }
        let before = u128::from_le_bytes(bytes);
        let mut bytes = self.change.of(before).to_le_bytes();
        bytes[width..].fill(0);
        match arena.write(offset, &bytes[..width]) {
            Ok(()) => Written { offset: Some(offset), before, after: u128::from_le_bytes(bytes) },
            Err(_) => Written::default(),
        }
    }
}

fn resolve(
    position: usize,
    entry: &Entry,
    places: &dyn Places,
    len: u32,
) -> Result<Write, ScheduleError> {
    let no_field = |field: &Field| ScheduleError::NoField { entry: position, field: field.clone() };
    let offset = match &entry.target {
        Target::Field(field) => Some(places.place(field).ok_or_else(|| no_field(field))?.offset),
        Target::Offset(offset) => Some(*offset),
        Target::Loaded => None,
    };
    let width = entry.width;
    let inside =
        |offset: u32| offset >= NULL_PAGE && u64::from(offset) + u64::from(width) <= u64::from(len);
    if let Some(offset) = offset.filter(|&offset| !inside(offset)) {
        return Err(ScheduleError::Outside { entry: position, offset, width, len });
    }
    let change = entry.value.resolve(places, len).map_err(no_field)?;
    Ok(Write { entry: position, event: entry.event, nth: entry.nth, offset, width, change })
}

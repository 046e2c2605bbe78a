//! The arena as the trusted runtime sees it while it serves one call under corruption.
//!
//! Every load of the runtime is an event: what is read is what stood there, and before the
//! runtime can use it, writes of the schedule change the arena. The runtime must not fetch
//! anything again that it has decided by. So of VM data, which is everything but linear
//! memories, no byte may be read twice in one service, unless the runtime itself wrote it in
//! between. There is a bound on how much is read at all, so that no loop is driven by what
//! stands in the arena; and a large buffer for a read that fails was allocated unchecked.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::ops::Range;

use super::armed::Corruption;
use super::fetched::Fetched;
use super::place::Place;
use super::schedule::Event;
use crate::arena::{Arena, OutOfArena, PAGE, width};

/// How often one service may read VM data: a collection of garbage as often as half of the
/// largest heap has bytes, all others a few times.
const MOST_LOADS: usize = 4096;
const MOST_LOADS_OF_COLLECTION: usize = 64 << 20;

/// An arena between the runtime and its bytes, for one service.
pub(crate) struct Intercepted<'a> {
    corruption: &'a Corruption,
    /// What is served, in words.
    service: &'a str,
    inner: RefCell<&'a mut dyn Arena>,
    /// Linear memories: what guest code asks the runtime to read.
    memories: &'a [Range<u32>],
    /// What was read of VM data, and not written since.
    fetched: RefCell<Fetched>,
    most_loads: usize,
}

impl<'a> Intercepted<'a> {
    pub(crate) fn new(
        corruption: &'a Corruption,
        service: &'a str,
        arena: &'a mut dyn Arena,
        memories: &'a [Range<u32>],
    ) -> Intercepted<'a> {
        Intercepted {
            corruption,
            service,
            inner: RefCell::new(arena),
            memories,
            fetched: RefCell::default(),
            most_loads: MOST_LOADS,
        }
    }

    /// Allows as many loads as a collection of garbage takes.
    pub(super) fn allow_collection(&mut self) {
        self.most_loads = MOST_LOADS_OF_COLLECTION;
    }

    /// Notes a fetch of VM data and complains of one too many.
    fn fetch(&self, offset: u32, width: u32) {
        if width == 0 || self.memories.iter().any(|memory| memory.contains(&offset)) {
            return;
        }
        let mut fetched = self.fetched.borrow_mut();
        let service = self.service;
        if fetched.note(&span(offset, width)) {
            self.corruption.blame(|| format!("double fetch of {offset:#x} by {service}"));
        }
        assert!(fetched.loads <= self.most_loads, "{service} reads VM data without end");
    }

    /// A read outside the arena is a trap; but who made a large buffer for it believed a
    /// length before anybody checked it.
    fn refused(&self, width: u32) {
        if width > PAGE {
            let service = self.service;
            self.corruption.blame(|| format!("{service} allocates {width} bytes unchecked"));
        }
    }

    fn wrote(&self, offset: u32, width: u32) {
        self.fetched.borrow_mut().forget(&span(offset, width));
    }
}

fn span(offset: u32, width: u32) -> Range<u64> {
    u64::from(offset)..u64::from(offset) + u64::from(width)
}

impl Arena for Intercepted<'_> {
    fn len(&self) -> u32 {
        self.inner.borrow().len()
    }

    fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), OutOfArena> {
        let mut inner = self.inner.borrow_mut();
        let width = width(into);
        if let Err(outside) = inner.read(offset, into) {
            self.refused(width);
            return Err(outside);
        }
        self.fetch(offset, width);
        self.corruption.at(Event::Load, Some(Place { offset, width }), &mut **inner);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfArena> {
        self.wrote(offset, width(bytes));
        self.inner.get_mut().write(offset, bytes)
    }

    fn copy_within(&mut self, dst: u32, src: u32, len: u32) -> Result<(), OutOfArena> {
        self.wrote(dst, len);
        self.inner.get_mut().copy_within(dst, src, len)
    }

    fn fill(&mut self, offset: u32, byte: u8, len: u32) -> Result<(), OutOfArena> {
        self.wrote(offset, len);
        self.inner.get_mut().fill(offset, byte, len)
    }
}

//! Which thread runs guest code, and where: what signal handlers look up.
//!
//! A fixed array of atomics, because a handler may neither allocate nor touch
//! thread-local storage that its thread has not touched before.

use std::ops::Range;
use std::ptr;
use std::sync::atomic::{
    AtomicI32, AtomicPtr, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use super::control::Control;

/// Most threads that may run guest code at once.
const CAPACITY: usize = 256;

/// A slot's thread while nobody owns it.
const FREE: i32 = 0;

/// A slot's thread while its owner fills it.
const TAKEN: i32 = -1;

struct Slot {
    thread: AtomicI32,
    control: AtomicPtr<Control>,
    code_start: AtomicU64,
    code_end: AtomicU64,
}

static SLOTS: [Slot; CAPACITY] = [const {
    Slot {
        thread: AtomicI32::new(FREE),
        control: AtomicPtr::new(ptr::null_mut()),
        code_start: AtomicU64::new(0),
        code_end: AtomicU64::new(0),
    }
}; CAPACITY];

/// The calling thread's kernel id. Async-signal-safe.
pub(super) fn thread_id() -> i32 {
    // SAFETY: a system call without arguments or failure.
    unsafe { libc::gettid() }
}

/// What a handler knows of the thread that it interrupted.
#[derive(Clone, Copy)]
pub(super) struct Running {
    /// The block of the call under way on this thread.
    pub(super) control: &'static Control,
    code_start: u64,
    code_end: u64,
}

impl Running {
    /// Whether an address lies in the code pages of the running guest.
    pub(super) fn owns_code(&self, pc: u64) -> bool {
        (self.code_start..self.code_end).contains(&pc)
    }
}

/// The registration of a thread that is about to run guest code; ends on drop.
pub(super) struct Registration(&'static Slot);

impl Registration {
    /// Registers the calling thread, or gives `None` when too many threads are.
    pub(super) fn new(control: &Control, code: &Range<u64>) -> Option<Registration> {
        let take =
            |slot: &&Slot| slot.thread.compare_exchange(FREE, TAKEN, AcqRel, Relaxed).is_ok();
        let slot = SLOTS.iter().find(take)?;
        slot.control.store(ptr::from_ref(control).cast_mut(), Relaxed);
        slot.code_start.store(code.start, Relaxed);
        slot.code_end.store(code.end, Relaxed);
        slot.thread.store(thread_id(), Release);
        Some(Registration(slot))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.0.thread.store(FREE, Release);
    }
}

/// The registration of the calling thread. Async-signal-safe; the result must not
/// outlive the handler.
pub(super) fn running() -> Option<Running> {
    let thread = thread_id();
    let slot = SLOTS.iter().find(|slot| slot.thread.load(Acquire) == thread)?;
    // SAFETY: a registration of this thread is alive, so its control block is: the
    // thread that could end it is the one that the handler interrupted.
    let control = unsafe { &*slot.control.load(Relaxed) };
    let code_start = slot.code_start.load(Relaxed);
    Some(Running { control, code_start, code_end: slot.code_end.load(Relaxed) })
}

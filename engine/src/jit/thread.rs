//! What a thread needs before it may run guest code: a signal stack, because guest
//! code may have used up its own, and a timer that stops it.

use std::cell::RefCell;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

use super::registry::thread_id;
use super::signals::deadline_signal;
use crate::cage::mapping::{Mapping, Protection};

const SIGNAL_STACK_LEN: usize = 256 << 10;

/// Bytes of the guard below the signal stack.
const GUARD: usize = 4096;

/// After the deadline the timer strikes again this often: the first signal may meet
/// the host on its way into guest code.
const REPEAT: Duration = Duration::from_millis(5);

thread_local! {
    static SIGNAL_STACK: RefCell<Option<SignalStack>> = const { RefCell::new(None) };
}

/// Makes sure that handlers run on a signal stack of ours on this thread.
pub(super) fn ensure_signal_stack() -> io::Result<()> {
    SIGNAL_STACK.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(SignalStack::new()?);
        }
        slot.as_mut().map_or(Ok(()), SignalStack::ensure_installed)
    })
}

/// This thread's signal stack, and the one that it replaced.
struct SignalStack {
    pages: Mapping,
    replaced: libc::stack_t,
}

impl SignalStack {
    fn new() -> io::Result<SignalStack> {
        let pages = Mapping::reserve(GUARD + SIGNAL_STACK_LEN)?;
        pages.protect(GUARD..GUARD + SIGNAL_STACK_LEN, Protection::ReadWrite)?;
        Ok(SignalStack { pages, replaced: disabled() })
    }

    fn bottom(&self) -> *mut libc::c_void {
        self.pages.at(GUARD).cast()
    }

    fn ensure_installed(&mut self) -> io::Result<()> {
        let installed = exchange(None)?;
        if installed.ss_sp == self.bottom() {
            return Ok(());
        }
        self.replaced = installed;
        let ours = libc::stack_t { ss_sp: self.bottom(), ss_flags: 0, ss_size: SIGNAL_STACK_LEN };
        exchange(Some(ours)).map(drop)
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let ours = exchange(None).is_ok_and(|installed| installed.ss_sp == self.bottom());
        // If the host refuses, the pages must stay.
        if ours && exchange(Some(self.replaced)).is_err() {
            std::process::abort();
        }
    }
}

fn disabled() -> libc::stack_t {
    libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 }
}

/// Installs a signal stack, if one is given, and returns the one before.
fn exchange(new: Option<libc::stack_t>) -> io::Result<libc::stack_t> {
    let mut old = disabled();
    let new = new.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `new` is null or a stack that is mapped until it is replaced (`Drop`).
    let result = unsafe { libc::sigaltstack(new, &raw mut old) };
    if result == 0 { Ok(old) } else { Err(io::Error::last_os_error()) }
}

/// A timer that signals the thread that made it.
#[derive(Debug)]
pub(super) struct Timer {
    id: libc::timer_t,
    /// The system process that made it: a fork has no timers.
    owner: u32,
}

impl Timer {
    pub(super) fn new() -> io::Result<Timer> {
        unblock(deadline_signal())?;
        // SAFETY: zeroes are a valid `sigevent`.
        let mut event = unsafe { MaybeUninit::<libc::sigevent>::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = deadline_signal();
        event.sigev_notify_thread_id = thread_id();
        let mut timer = ptr::null_mut();
        // SAFETY: `event` and `timer` are valid for the duration of the call.
        let result =
            unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
        if result == 0 {
            Ok(Timer { id: timer, owner: std::process::id() })
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Makes the timer strike after a time, and then again and again.
    pub(super) fn arm(&self, after: Duration) -> Armed<'_> {
        self.set(after.max(Duration::from_nanos(1)), REPEAT);
        Armed(self)
    }

    fn set(&self, after: Duration, repeat: Duration) {
        let times = libc::itimerspec { it_value: timespec(after), it_interval: timespec(repeat) };
        // SAFETY: the timer exists until `self` is dropped.
        let result = unsafe { libc::timer_settime(self.id, 0, &raw const times, ptr::null_mut()) };
        assert_eq!(result, 0, "a timer accepts every time that `timespec` makes");
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.owner == std::process::id() {
            // SAFETY: the timer exists, and its owner gives it up here.
            unsafe { libc::timer_delete(self.id) };
        }
    }
}

/// A timer that runs; stopped on drop.
pub(super) struct Armed<'a>(&'a Timer);

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        self.0.set(Duration::ZERO, Duration::ZERO);
    }
}

fn timespec(duration: Duration) -> libc::timespec {
    /// Far beyond any deadline, and within what the kernel accepts.
    const MOST: u64 = 1 << 30;
    let seconds = duration.as_secs().min(MOST);
    libc::timespec { tv_sec: seconds.cast_signed(), tv_nsec: duration.subsec_nanos().into() }
}

fn unblock(signal: libc::c_int) -> io::Result<()> {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: initialises a set that is owned here.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set is initialised, the signal number valid.
    unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    // SAFETY: the set is valid; only this thread's mask changes.
    let result = unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}

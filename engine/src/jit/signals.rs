//! Signal handlers: how guest code is left when it faults or takes too long.
//!
//! The handlers belong to the whole process and others want the same signals (the
//! Wasmtime package, pytest's fault handler, libFuzzer). So ours acts only when the
//! interrupted thread runs guest code, and passes everything else on to whatever was
//! installed before it; [`ensure_first`] puts it back in front when someone else has
//! come since. It is async-signal-safe: atomics and one system call.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use super::registry::{self, Running, thread_id};
use super::x86_64::{program_counter, resume_in_leave, status};

type Action = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

/// The signals that a processor exception turns into.
const EXCEPTIONS: [libc::c_int; 5] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];

/// The signal that a deadline sends to its thread: a real-time signal that no library
/// in common use takes.
pub(super) fn deadline_signal() -> libc::c_int {
    libc::SIGRTMIN() + 12
}

/// A handler that was installed before ours, and those before it.
struct Previous {
    action: libc::sigaction,
    older: *const Previous,
}

/// For each of [`EXCEPTIONS`] and then the deadline, who comes after us.
static PREVIOUS: [AtomicPtr<Previous>; EXCEPTIONS.len() + 1] =
    [const { AtomicPtr::new(ptr::null_mut()) }; EXCEPTIONS.len() + 1];

/// Serialises changes of [`PREVIOUS`].
static INSTALL: Mutex<()> = Mutex::new(());

/// Makes sure that our handlers are the first to see each signal.
pub(super) fn ensure_first() {
    // Whoever gets as far as a new call has recovered.
    PASSING.dying.store(false, Relaxed);
    let deadline = deadline_signal();
    for (index, signal) in EXCEPTIONS.into_iter().chain([deadline]).enumerate() {
        let handler: Action = if signal == deadline { on_deadline } else { on_exception };
        if current(signal).sa_sigaction != handler as *const () as usize {
            install(index, signal, handler);
        }
    }
}

fn current(signal: libc::c_int) -> libc::sigaction {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks for the current action only; `action` has room for it.
    unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeroes are a valid `sigaction`, and so is what the system wrote.
    unsafe { action.assume_init() }
}

fn install(index: usize, signal: libc::c_int, handler: Action) {
    let _serial = INSTALL.lock();
    let action = current(signal);
    if action.sa_sigaction == handler as *const () as usize {
        return;
    }
    let older = PREVIOUS[index].load(Acquire);
    // Handlers may be running, so a record is never freed; one is made only when
    // somebody else has installed a handler since.
    let previous = Box::leak(Box::new(Previous { action, older }));
    PREVIOUS[index].store(previous, Release);
    let mut ours = action;
    ours.sa_sigaction = handler as *const () as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: initialises a set that is owned here.
    unsafe { libc::sigemptyset(&raw mut ours.sa_mask) };
    // SAFETY: the handler has the signature that SA_SIGINFO asks for and is
    // async-signal-safe; `ours` is a complete action.
    unsafe { libc::sigaction(signal, &raw const ours, ptr::null_mut()) };
}

/// Ends the call when guest code raised the exception, else passes it on.
extern "C" fn on_exception(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    frame: *mut libc::c_void,
) {
    // SAFETY: with SA_SIGINFO the kernel passes a siginfo that the handler may read.
    let what = unsafe { info.read() };
    let raised = what.si_code <= 0;
    // SAFETY: with SA_SIGINFO the third argument is the signal frame's context, which
    // the handler may change; nothing else refers to it.
    let context = unsafe { &mut *frame.cast::<libc::ucontext_t>() };
    match registry::running() {
        Some(running) if !raised && runs_guest(&running, context) => {
            // SAFETY: the signal comes from an exception, so the field is valid.
            let address = unsafe { what.si_addr() } as u64;
            running.control.fault.record(signal, address, context);
            resume_in_leave(context, running.control, status::FAULTED);
        }
        _ => pass_on(signal, raised, info, frame),
    }
}

/// Whether guest code was running: on its own pages, or anywhere else after a jump
/// out of them.
fn runs_guest(running: &Running, context: &libc::ucontext_t) -> bool {
    running.owns_code(program_counter(context)) || running.control.in_guest.load(Relaxed) == 1
}

/// Ends the call if guest code was interrupted. In host code, which may hold locks,
/// it leaves a note for the gateway; the timer will also strike again.
extern "C" fn on_deadline(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    frame: *mut libc::c_void,
) {
    let Some(running) = registry::running() else {
        return pass_on(signal, false, info, frame);
    };
    // SAFETY: as in `on_exception`.
    let context = unsafe { &mut *frame.cast::<libc::ucontext_t>() };
    if running.owns_code(program_counter(context)) {
        running.control.fault.record(signal, 0, context);
        resume_in_leave(context, running.control, status::INTERRUPTED);
    } else {
        running.control.interrupted.store(1, Relaxed);
    }
}

/// What was passed on last. A handler that was installed after ours may call ours
/// back as *its* predecessor: then the turn goes to an older one, else the two would
/// call each other for ever.
struct Passing {
    thread: AtomicI32,
    /// The signal frame, and how deep the stack was.
    frame: AtomicUsize,
    depth: AtomicUsize,
    to: AtomicPtr<Previous>,
    /// Set while a signal is with a handler that has not recovered from it: the same
    /// signal, raised by hand, is then that handler's way to die.
    dying: AtomicBool,
}

static PASSING: Passing = Passing {
    thread: AtomicI32::new(0),
    frame: AtomicUsize::new(0),
    depth: AtomicUsize::new(0),
    to: AtomicPtr::new(ptr::null_mut()),
    dying: AtomicBool::new(false),
};

fn pass_on(
    signal: libc::c_int,
    raised: bool,
    info: *mut libc::siginfo_t,
    frame: *mut libc::c_void,
) {
    let fatal = signal != deadline_signal();
    let called_back = is_called_back(frame as usize);
    let Some(action) = next_handler(signal, frame as usize, called_back) else {
        return if fatal {
            take_default(signal, raised)
        };
    };
    match action.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN if !fatal => {}
        libc::SIG_IGN if raised => {}
        libc::SIG_DFL | libc::SIG_IGN => take_default(signal, raised),
        _ if raised && !called_back && PASSING.dying.load(Relaxed) => take_default(signal, raised),
        handler => {
            PASSING.dying.store(fatal, Relaxed);
            let pc = interrupted_at(frame);
            call(handler, action.sa_flags, signal, info, frame);
            if interrupted_at(frame) != pc {
                PASSING.dying.store(false, Relaxed);
            }
        }
    }
}

fn interrupted_at(frame: *mut libc::c_void) -> u64 {
    // SAFETY: the kernel's signal frame lives until the handler returns.
    program_counter(unsafe { &*frame.cast::<libc::ucontext_t>() })
}

/// Whether the handler that we passed this very signal on to has called us.
fn is_called_back(frame: usize) -> bool {
    PASSING.thread.load(Relaxed) == thread_id()
        && PASSING.frame.load(Relaxed) == frame
        && stack_depth() < PASSING.depth.load(Relaxed)
}

/// An address on the current stack, smaller in a nested call.
#[inline(always)]
fn stack_depth() -> usize {
    let here = 0_u8;
    ptr::from_ref(std::hint::black_box(&here)) as usize
}

fn next_handler(signal: libc::c_int, frame: usize, called_back: bool) -> Option<libc::sigaction> {
    let last = PASSING.to.load(Relaxed);
    let next = if called_back && !last.is_null() {
        // SAFETY: records are never freed.
        unsafe { (*last).older }
    } else {
        let index = EXCEPTIONS.iter().position(|&s| s == signal).unwrap_or(EXCEPTIONS.len());
        PREVIOUS[index].load(Acquire)
    };
    PASSING.thread.store(thread_id(), Relaxed);
    PASSING.frame.store(frame, Relaxed);
    PASSING.depth.store(stack_depth(), Relaxed);
    PASSING.to.store(next.cast_mut(), Relaxed);
    // SAFETY: records are never freed.
    (!next.is_null()).then(|| unsafe { (*next).action })
}

fn call(
    handler: usize,
    flags: libc::c_int,
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    frame: *mut libc::c_void,
) {
    if flags & libc::SA_SIGINFO != 0 {
        // SAFETY: the handler was installed with this flag, so it has this signature.
        let handler = unsafe { std::mem::transmute::<usize, Action>(handler) };
        handler(signal, info, frame);
    } else {
        // SAFETY: the handler was installed without SA_SIGINFO: it takes the number.
        let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(handler) };
        handler(signal);
    }
}

/// Gives a signal its default action: the exception strikes again when the handler
/// returns; a raised signal has to be raised again.
fn take_default(signal: libc::c_int, raised: bool) {
    // SAFETY: restores the default action; async-signal-safe.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    if raised {
        // SAFETY: async-signal-safe.
        unsafe { libc::raise(signal) };
    }
}

//! Native code as a good tenant of a process that others use too.
//!
//! Signal handlers and the number of mappings belong to the whole process, so these
//! tests count on a process for each, as `cargo nextest` gives them.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};

use super::*;

const KERNEL: &str = "function %f(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 heap_oob v0
    return v1
}";

fn count(path: &str) -> usize {
    match std::fs::read_to_string(path) {
        Ok(text) => text.lines().count(),
        Err(_) => std::fs::read_dir(path).expect("a folder of the process").count(),
    }
}

#[test]
fn calls_traps_resets_and_new_executors_leak_nothing() {
    let round = || {
        let mut bench = Bench::with(KERNEL, Mode::Exact);
        for _ in 0..50 {
            assert_eq!(bench.call(1, &[0x1_0000]), Ok(vec![0]));
            assert_eq!(bench.trap(1, &[0]).0, Trap::HeapOutOfBounds);
        }
    };
    // The second is the first that has an arena to zero.
    (0..2).for_each(|_| round());
    let usage = || (count("/proc/self/maps"), count("/proc/self/fd"));
    let before = usage();
    (0..100).for_each(|_| round());
    let after = usage();
    assert_eq!(before.1, after.1);
    assert!(after.0 <= before.0 + 4, "{} mappings, then {}", before.0, after.0);
}

static FOREIGN: AtomicU32 = AtomicU32::new(0);

extern "C" fn foreign(_: libc::c_int) {
    FOREIGN.fetch_add(1, SeqCst);
}

#[test]
fn our_handler_is_put_back_in_front_and_passes_on_what_is_not_ours() {
    let mut bench = Bench::with(KERNEL, Mode::Exact);
    for round in 0..3 {
        // SAFETY: installs an async-signal-safe handler.
        unsafe { libc::signal(libc::SIGSEGV, foreign as *const () as usize) };
        assert_eq!(bench.trap(1, &[0]).0, Trap::HeapOutOfBounds);
        assert_eq!(FOREIGN.load(SeqCst), round);
        if round == 0 {
            // SAFETY: the signal is handled, by the handler above in the end.
            unsafe { libc::raise(libc::SIGSEGV) };
        }
        FOREIGN.store(round + 1, SeqCst);
    }
}

#[test]
fn a_raised_signal_reaches_the_handler_before_ours() {
    // SAFETY: installs an async-signal-safe handler.
    unsafe { libc::signal(libc::SIGFPE, foreign as *const () as usize) };
    let mut bench = Bench::with(KERNEL, Mode::Exact);
    bench.call(1, &[0x1_0000]).expect("inside");
    // SAFETY: the signal is handled, by the handler above in the end.
    unsafe { libc::raise(libc::SIGFPE) };
    assert_eq!(FOREIGN.load(SeqCst), 1);
}

static OURS: AtomicUsize = AtomicUsize::new(0);

/// A handler that calls the one which it replaced, as well-behaved ones do.
extern "C" fn relay(signal: libc::c_int, info: *mut libc::siginfo_t, frame: *mut libc::c_void) {
    type Action = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
    // SAFETY: holds our own handler, which has this signature.
    let ours = unsafe { std::mem::transmute::<usize, Action>(OURS.load(SeqCst)) };
    ours(signal, info, frame);
}

#[test]
fn a_handler_that_passes_back_to_ours_ends_at_the_one_before_both() {
    // SAFETY: installs an async-signal-safe handler.
    unsafe { libc::signal(libc::SIGBUS, foreign as *const () as usize) };
    let mut bench = Bench::with(KERNEL, Mode::Exact);
    bench.call(1, &[0x1_0000]).expect("inside");
    // SAFETY: zeroes are a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut old = action;
    action.sa_sigaction = relay as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: installs an async-signal-safe handler.
    unsafe { libc::sigaction(libc::SIGBUS, &raw const action, &raw mut old) };
    OURS.store(old.sa_sigaction, SeqCst);
    bench.call(1, &[0x1_0000]).expect("inside");
    // SAFETY: the signal is handled, by the handler above in the end.
    unsafe { libc::raise(libc::SIGBUS) };
    assert_eq!(FOREIGN.load(SeqCst), 1);
}

#[test]
fn threads_run_guest_code_at_the_same_time() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                let mut bench = Bench::with(KERNEL, Mode::Exact);
                for _ in 0..200 {
                    assert_eq!(bench.trap(1, &[0xfffe]).0, Trap::HeapOutOfBounds);
                    assert_eq!(bench.call(1, &[0x1_0000]), Ok(vec![0]));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread that ends well");
    }
}

#[test]
fn two_executors_alternate_on_one_thread() {
    let mut first = Bench::with(KERNEL, Mode::Exact);
    let mut second = Bench::with(KERNEL, Mode::AsShipped);
    second.jit.arena().store_u32(0x1_0000, 2).expect("inside");
    for _ in 0..3 {
        assert_eq!(first.call(1, &[0x1_0000]), Ok(vec![0]));
        assert_eq!(second.call(1, &[0x1_0000]), Ok(vec![2]));
    }
}

#[test]
fn a_reset_forgets_programs_and_bytes() {
    let mut bench = Bench::with(KERNEL, Mode::Exact);
    bench.jit.arena().store_u32(0x1_0000, 2).expect("inside");
    bench.jit.reset(NULL_PAGE + PAGE).expect("memory");
    let stop = bench.call(1, &[0x1_0000]);
    assert!(matches!(stop, Err(Stop::RuntimeFault(_))), "{stop:?}");
    assert_eq!(bench.jit.arena().load_u32(0x1_0000), Ok(0));
}

/// Runs `child` in a fork and returns its wait status: 0 if it ended well.
fn fork(child: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child uses what this thread owns, and ends without unwinding.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child));
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(i32::from(!good.unwrap_or(false))) };
    }
    let mut status = 0;
    // SAFETY: waits for the child just made.
    unsafe { libc::waitpid(pid, &raw mut status, 0) };
    status
}

#[test]
fn a_fork_makes_its_own_executors_and_refuses_inherited_ones() {
    drop(Bench::with(KERNEL, Mode::Exact));
    let mut inherited = Bench::with(KERNEL, Mode::Exact);
    drop(Bench::with(KERNEL, Mode::Exact));
    let status = fork(|| {
        let mut own = Bench::with(KERNEL, Mode::Exact);
        let trapped = own.trap(1, &[0]).0 == Trap::HeapOutOfBounds;
        let refused = inherited.call(1, &[0x1_0000]);
        trapped && matches!(refused, Err(Stop::RuntimeFault(_)))
    });
    assert_eq!(status, 0);
    assert_eq!(inherited.call(1, &[0x1_0000]), Ok(vec![0]));
}

#[test]
fn a_real_fault_outside_guest_code_still_kills() {
    drop(Bench::with(KERNEL, Mode::Exact));
    let mut bench = Bench::with(KERNEL, Mode::Exact);
    bench.call(1, &[0x1_0000]).expect("inside");
    let status = fork(|| {
        // SAFETY: faults on purpose, in a process that exists for nothing else.
        unsafe { std::ptr::null::<u8>().wrapping_add(8).read_volatile() };
        true
    });
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
}

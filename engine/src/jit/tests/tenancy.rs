//! Native code as a good tenant of a process that others use too.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

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
    round();
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

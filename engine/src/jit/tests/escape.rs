//! Code that tries to get out of its cell: all of it fails, is reported for what it is,
//! and the next call runs unharmed. ([`super::control_group`] shows that the attackers
//! would succeed without what is tested here.)

use super::attackers::*;
use super::*;
use crate::cell;
use crate::executor::Access;

#[test]
fn memory_of_the_host_is_not_there() {
    let mut bench = bench();
    let store = bench.load_blob(write());
    let secret = Box::new(0x5ec_u64);
    let on_heap = &raw const *secret as u64;
    let on_stack = &raw const bench as u64;
    let code = read as fn() -> &'static [u8] as usize as u64;
    for address in [on_heap, on_stack, code, 0, 0x10_0000, 1 << 46] {
        let escape = bench.escapes(1, [address, 0]);
        assert_eq!((escape.access, escape.offset), (Access::Read, bench.relative(address)));
        let escape = bench.escapes(store, [address, 7]);
        assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
    }
    assert_eq!(*secret, 0x5ec);
}

#[test]
fn addresses_that_the_system_does_not_tell_are_recomputed() {
    let mut bench = bench();
    let address = 0x4141_4141_4141_4141;
    assert_eq!(bench.escapes(1, [address, 0]).offset, bench.relative(address));
    let vector = bench.load_blob(misalign());
    let inside = bench.jit.cage().base() + u64::from(NULL_PAGE);
    // In reach and misaligned: contained, whatever the processor says.
    let stop = bench.attack(vector, [inside, 0]);
    let Err(Stop::Trap(report)) = stop else { panic!("expected a trap, got {stop:?}") };
    assert_eq!(report.trap, Trap::ArenaOutOfBounds);
}

/// The calls of the kernel's own probes (`uretprobe`, `uprobe`). Recent kernels let them
/// past every filter and refuse them themselves, with a signal and with `ENXIO`, unless
/// they come from a page that only the kernel maps.
const PROBES: [u64; 2] = [335, 336];

/// Every number that a system call has, or had, or may get: those of 64-bit programs, those
/// of the interface with 32-bit pointers, and what the system cuts to one of them.
fn numbers() -> impl Iterator<Item = u64> {
    const SHORT_POINTERS: u64 = 0x4000_0000;
    const CUT_OFF: u64 = 1 << 32;
    let usual = 0..640;
    usual
        .chain(SHORT_POINTERS..SHORT_POINTERS + 16)
        .chain(SHORT_POINTERS + 512..SHORT_POINTERS + 550)
        .chain([
            1 << 31,
            u64::from(u32::MAX),
            u64::MAX,
            CUT_OFF + 39,
            CUT_OFF + SHORT_POINTERS + 39,
        ])
}

#[test]
fn no_system_call_is_made() {
    let mut bench = bench();
    let system = bench.load_blob(call_system());
    for number in numbers().filter(|number| !PROBES.contains(number)) {
        let escape = bench.escapes(system, [number, 0]);
        assert_eq!(escape.access, Access::Execute, "system call {number}");
        assert_eq!(escape.disassembly, "syscall", "system call {number}");
    }
    for number in PROBES {
        match bench.attack(system, [number, 0]) {
            Err(Stop::Escape(_)) => {}
            Ok(results) => assert_eq!(results, [Slot::from(u64::MAX - 5)], "not ENXIO"),
            other => panic!("system call {number}: {other:?}"),
        }
    }
    let old = bench.load_blob(call_old_system());
    assert_eq!(bench.escapes(old, [0, 0]).access, Access::Execute);
}

#[test]
fn the_stubs_system_call_is_of_no_use() {
    let mut bench = bench();
    let leap = bench.load_blob(jump());
    let stub = cell::own_pages();
    let mut tried = 0;
    for address in cell::system_calls() {
        assert!(stub.contains(&address));
        let escape = bench.escapes(leap, [address, 0]);
        assert_eq!(escape.access, Access::Execute, "{address:#x}");
        tried += 1;
    }
    assert!(tried > 10, "{tried} system calls in the stub");
}

#[test]
fn a_jump_to_where_the_c_library_was_faults_there() {
    let mut bench = bench();
    let leap = bench.load_blob(jump());
    let address = libc::getpid as *const () as u64;
    let escape = bench.escapes(leap, [address, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Execute, bench.relative(address)));
}

#[test]
fn code_and_code_table_cannot_be_written() {
    let mut bench = bench();
    let store = bench.load_blob(write());
    let code = bench.jit.process().code_addresses().start;
    let table = bench.jit.process().table.address();
    for address in [code, table, cell::own_pages().start] {
        let escape = bench.escapes(store, [address, 7]);
        assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
    }
}

#[test]
fn the_end_of_the_stack_is_the_end() {
    let mut bench = bench();
    let recurse = bench.load_blob(recurse());
    let stop = bench.attack(recurse, [0, 0]);
    let Err(Stop::Trap(report)) = stop else { panic!("expected a trap, got {stop:?}") };
    assert_eq!(report.trap, Trap::StackOverflow);
}

#[test]
fn a_stack_elsewhere_does_not_hide_a_fault() {
    let mut bench = bench();
    let attacker = bench.load_blob(use_stack());
    let end = cell::own_pages().end;
    // In the signal stack: with room for a signal frame, with too little, and at its end.
    for stack in [end - 8, end - (60 << 10), end, bench.jit.cage().base() + (1 << 16), 0, 1 << 63] {
        bench.escapes(attacker, [stack, 8]);
    }
}

#[test]
fn a_loop_without_end_is_stopped() {
    let mut bench = bench();
    let spin = bench.load_blob(spin());
    assert_eq!(bench.outlast(spin, [0, 0]), Err(Stop::trap(Trap::Interrupt)));
}

#[test]
fn an_overwritten_exchange_page_is_noticed() {
    let mut bench = bench();
    let fill = bench.load_blob(fill());
    let address = cell::exchange_address();
    let escape = bench.escapes(fill, [address, 0]);
    assert_eq!((escape.access, escape.offset), (Access::Write, bench.relative(address)));
    // The control block: guest code may write there, so the next call sets it up anew.
    let control = bench.jit.process().control_address();
    assert_eq!(bench.outlast(fill, [control, 0]), Err(Stop::trap(Trap::Interrupt)));
}

#[test]
fn a_cell_that_is_killed_from_outside_is_a_finding_and_starts_again() {
    let mut bench = bench();
    let spin = bench.load_blob(spin());
    for _ in 0..3 {
        bench
            .call(1, &[u128::from(bench.jit.cage().base()) + u128::from(NULL_PAGE), 0])
            .expect("inside");
        let pid = bench.jit.process().cell_pid().expect("it runs");
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            // SAFETY: a signal to a child of this process.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        });
        let stop = bench.attack(spin, [0, 0]);
        killer.join().expect("a signal");
        assert!(
            matches!(&stop, Err(Stop::RuntimeFault(what)) if what.contains("cell")),
            "{stop:?}"
        );
    }
}

/// Waits until a process has ended, which its parent has not asked about yet.
fn await_end(pid: i32) {
    let ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_none_or(|(_, rest)| rest.starts_with(" Z"))
    };
    let start = std::time::Instant::now();
    while !ended() {
        assert!(start.elapsed() < Duration::from_secs(10), "process {pid} does not end");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_cell_that_ends_between_two_runs_is_replaced() {
    let inside = |bench: &Bench| u128::from(bench.jit.cage().base()) + u128::from(NULL_PAGE);
    let mut first = bench();
    let args = [inside(&first), 0];
    first.call(1, &args).expect("inside");
    let pid = first.jit.process().cell_pid().expect("it runs");
    // SAFETY: a signal to a child of this process.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    await_end(pid);
    drop(first);
    let mut second = bench();
    let args = [inside(&second), 0];
    second.call(1, &args).expect("inside");
    assert_ne!(second.jit.process().cell_pid().expect("it runs"), pid);
}

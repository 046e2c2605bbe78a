//! The control group of the escape tests: the same attackers succeed where the property
//! that stops them is missing. A test of containment that passes whatever the attackers do
//! would prove nothing.

use super::attackers::*;
use crate::cell;

#[test]
fn what_is_mapped_can_be_read_and_written() {
    let mut bench = bench();
    let store = bench.load_blob(write());
    let stack = bench.jit.process().stack.limit();
    for address in
        [stack, bench.jit.process().control_address() + 2048, cell::exchange_address() + 2048]
    {
        assert_eq!(bench.attack(store, [address, 7]), Ok(vec![7]), "{address:#x}");
        assert_eq!(bench.attack(1, [address, 0]), Ok(vec![7]), "{address:#x}");
    }
    let code = bench.jit.process().code_addresses().start;
    bench.attack(1, [code, 0]).expect("code can be read");
}

#[test]
fn without_the_filter_system_calls_are_made() {
    const GETPID: u64 = 39;
    let unfiltered = || {
        let filter = cell::without_filter();
        let mut bench = bench();
        drop(filter);
        let system = bench.load_blob(call_system());
        let pid = bench.jit.process().cell_pid().expect("it runs");
        let pid = u64::try_from(pid).expect("a process");
        assert_eq!(bench.attack(system, [GETPID, 0]), Ok(vec![pid.into()]));
    };
    // On a thread of its own, since processes are kept for others of the thread.
    std::thread::spawn(unfiltered).join().expect("the attacks succeed");
}

//! What a call costs there and back, in process and in a cell: run with
//! `--run-ignored all --no-capture`.

use std::time::Instant;

use super::*;

const LOAD: &str = "function %load(i32) -> i32 tail {
block0(v0: i32):
    v1 = load.i32 heap_oob v0
    return v1
}";

/// The microseconds that one of `rounds` takes.
fn microseconds(rounds: u32, mut round: impl FnMut()) -> f64 {
    round();
    let start = Instant::now();
    (0..rounds).for_each(|_| round());
    start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
}

#[test]
#[ignore = "measures, and asserts nothing about time"]
fn calls_faults_resets_and_starts() {
    for native in [Native::InProcess, Native::Cell] {
        let mut bench = Bench::new(JitConfig { native, ..JitConfig::default() });
        bench.load(LOAD, Mode::Exact).expect("a program that compiles");
        let call = microseconds(100_000, || {
            assert_eq!(bench.call(1, &[0x1_0000]), Ok(vec![0]));
        });
        let fault = microseconds(20_000, || {
            assert_eq!(bench.trap(1, &[0]).0, Trap::HeapOutOfBounds);
        });
        let start = microseconds(200, || {
            bench.jit.process_mut().distrust();
            assert_eq!(bench.call(1, &[0x1_0000]), Ok(vec![0]));
        });
        let case = microseconds(2_000, || {
            let mut bench = Bench::new(JitConfig { native, ..JitConfig::default() });
            bench.load(LOAD, Mode::Exact).expect("a program that compiles");
            (0..4).for_each(|_| assert_eq!(bench.call(1, &[0x1_0000]), Ok(vec![0])));
        });
        println!(
            "{native:?}: call {call:.2} us, fault {fault:.2} us, kill and call {start:.0} us, \
             reset, load and 4 calls {case:.0} us"
        );
    }
}

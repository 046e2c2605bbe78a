//! Kernels of the spike, to see that the loop is as fast as it should be: run with
//! `--run-ignored all --no-capture` and compare with the figures of several builds.

use std::time::Instant;

use super::*;

const KERNELS: &str = "
function u0:0(i32, i32) -> i32 tail {
    fn0 = u0:0(i32, i32) -> i32 tail
block0(v9: i32, v0: i32):
    v201 = iconst.i32 2
    v1 = icmp ult v0, v201
    brif v1, block2, block1
block1:
    v202 = iconst.i32 -1
    v2 = iadd v0, v202
    v3 = call fn0(v9, v2)
    v203 = iconst.i32 -2
    v4 = iadd v0, v203
    v5 = call fn0(v9, v4)
    v6 = iadd v3, v5
    return v6
block2:
    return v0
}
function u0:1(i32, i32) -> i32 tail {
block0(v0: i32, v1: i32):
    v2 = iconst.i32 2
    jump block1(v2)
block1(v3: i32):
    v4 = icmp ult v3, v1
    brif v4, block2(v3), block5
block2(v5: i32):
    v6 = iadd v5, v3
    v7 = icmp ult v6, v1
    brif v7, block3, block4
block3:
    v20 = load.i32 notrap v0
    v21 = load.i32 notrap v0+4
    v22 = iconst.i32 1
    v23 = isub v21, v22
    v24 = icmp ugt v6, v23
    v25 = iadd v20, v6
    v26 = iconst.i32 0
    v27 = select_spectre_guard v24, v26, v25
    v28 = iconst.i8 1
    store.i8 little heap_oob v28, v27
    jump block2(v6)
block4:
    v204 = iconst.i32 1
    v8 = iadd v3, v204
    jump block1(v8)
block5:
    return v3
}
function u0:2(i32, i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
block0(v0: i32, v1: i32):
    v2 = iconst.i32 0
    jump block1(v1, v2)
block1(v3: i32, v4: i32):
    v5 = iconst.i32 4
    v6 = call_indirect sig0, v5(v4)
    v205 = iconst.i32 -1
    v7 = iadd v3, v205
    brif v7, block1(v7, v6), block2
block2:
    return v6
}
function u0:3(i32) -> i32 tail {
block0(v0: i32):
    v206 = iconst.i32 3
    v1 = imul v0, v206
    v207 = iconst.i32 1
    v2 = iadd v1, v207
    return v2
}";

#[test]
#[ignore = "takes seconds and prints times"]
fn kernels() {
    const BYTES: u32 = 1 << 20;
    let mut bench = Bench::empty(None);
    bench.interpreter.reset(NULL_PAGE + PAGE + BYTES).expect("a small arena");
    bench.load(KERNELS, Mode::AsShipped).expect("kernels that compile");
    let vmctx = NULL_PAGE;
    bench.interpreter.arena().store_u32(vmctx, vmctx + PAGE).expect("inside");
    bench.interpreter.arena().store_u32(vmctx + 4, BYTES).expect("inside");
    let limits = Limits { fuel: u64::MAX, ..LIMITS };
    let functions = parse(KERNELS);
    let start = Instant::now();
    for _ in 0..100 {
        bench.load_functions(functions.clone(), Mode::AsShipped).expect("kernels that compile");
    }
    let micros = start.elapsed().as_secs_f64() * 1e6 / 100.0 / functions.len() as f64;
    println!("load: {micros:.0} us a function");
    for (name, code, n) in [("fib", 1, 30), ("sieve", 2, BYTES), ("call_indirect", 3, 1_000_000)] {
        let mut best = f64::INFINITY;
        let mut result = Vec::new();
        let before = bench.interpreter.counts().ops;
        for _ in 0..7 {
            let start = Instant::now();
            let args = [vmctx.into(), n.into()];
            result = bench.serve(&mut NoServices, code, &args, limits).expect("no trap");
            best = best.min(start.elapsed().as_secs_f64());
        }
        let ops = (bench.interpreter.counts().ops - before) / 7;
        let ns = best * 1e9 / std::hint::black_box(ops as f64);
        println!("{name}: {:.1} ms, {ops} ops, {ns:.2} ns each, {result:?}", best * 1e3);
        assert!(ns < 50.0, "an op takes a few nanoseconds, not {ns}");
    }
}

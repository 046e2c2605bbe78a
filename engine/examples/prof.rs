use engine::executor::Executor;
use engine::passes::{self, Mode};
use std::time::Instant;
fn main() {
    let wasm = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();
    let n: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    for _ in 0..n {
        let t = Instant::now();
        let program = engine::frontend::translate(&wasm).unwrap();
        let a = Instant::now();
        let prepared = passes::prepare(&program, Mode::AsShipped).unwrap();
        let b = Instant::now();
        let mut jit = engine::jit::Jit::new(engine::jit::JitConfig::default()).unwrap();
        let mut code = engine::code_table::CodeTable::default();
        jit.reset(1 << 20).unwrap();
        jit.load(&prepared, &mut code).unwrap();
        let c = Instant::now();
        println!("translate {:?} prepare {:?} load {:?}", a - t, b - a, c - b);
    }
}

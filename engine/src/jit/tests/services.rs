//! Gateways: what services are given, and what becomes of their answers.

use super::*;
use crate::program::Builtin;

/// What a service was asked, and what it answers.
struct Recorder {
    seen: Vec<Slot>,
    answer: Result<Vec<Slot>, Trap>,
    delay: Duration,
}

impl Recorder {
    fn new(answer: Result<Vec<Slot>, Trap>) -> Recorder {
        Recorder { seen: Vec::new(), answer, delay: Duration::ZERO }
    }
}

impl Services for Recorder {
    fn builtin(
        &mut self,
        arena: &mut dyn Arena,
        builtin: Builtin,
        args: &[Slot],
    ) -> Result<Slot, Trap> {
        assert_eq!(builtin, Builtin::ALL[0]);
        let mut results = [0];
        self.host(arena, 7, args, &mut results).map(|()| results[0])
    }

    fn host(
        &mut self,
        arena: &mut dyn Arena,
        number: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap> {
        assert_eq!(number, 7);
        arena.store_u32(NULL_PAGE, 0x600d).expect("inside");
        std::thread::sleep(self.delay);
        self.seen = args.to_vec();
        let answer = self.answer.clone()?;
        assert_ne!(answer, [0xbad], "this answer makes the service panic");
        results.copy_from_slice(&answer);
        Ok(())
    }
}

const TWELVE: &str = "i32, f64, i64, f32, i8, i64x2, i32, i16, f64, i128, i32, f32";

fn twelve() -> Vec<Slot> {
    let wide: Slot = 0x0123_4567_89ab_cdef_1122_3344_5566_7788;
    vec![1, 2 << 40, 3 << 40, 4, 5, wide, 7, 8, 9 << 50, !wide, 11, 12]
}

fn caller(call: &str, preamble: &str, returns: &str) -> String {
    let types: Vec<&str> = TWELVE.split(", ").collect();
    let params: Vec<String> =
        types.iter().enumerate().map(|(i, ty)| format!("v{i}: {ty}")).collect();
    let args: Vec<String> = (0..types.len()).map(|i| format!("v{i}")).collect();
    let call = call.replace("ARGS", &args.join(", "));
    format!(
        "function u0:0({TWELVE}) -> {returns} tail {{
    {preamble}
block0({}):
    {call}
}}",
        params.join(", ")
    )
}

#[test]
fn a_builtin_gets_twelve_mixed_arguments() {
    let preamble = format!("sig0 = ({TWELVE}) -> i64 tail\n fn0 = u1:0 sig0");
    let clif = caller("v20 = call fn0(ARGS)\n return v20", &preamble, "i64");
    for mode in MODES {
        let mut bench = Bench::with(&clif, mode);
        let mut services = Recorder::new(Ok(vec![0xfeed_f00d_dead_beef]));
        let results = bench.serve(&mut services, 1, &twelve());
        assert_eq!(results, Ok(vec![0xfeed_f00d_dead_beef]));
        assert_eq!(services.seen, twelve());
        assert_eq!(bench.jit.arena().load_u32(NULL_PAGE), Ok(0x600d));
    }
}

#[test]
fn a_host_function_is_called_through_the_table_and_directly() {
    let preamble = format!("sig0 = ({TWELVE}) -> f32, i64x2, i32 tail");
    let code =
        "v19 = iconst.i32 2\n v20, v21, v22 = call_indirect sig0, v19(ARGS)\n return v20, v21, v22";
    let mut bench = Bench::with(&caller(code, &preamble, "f32, i64x2, i32"), Mode::Exact);
    let signature = bench.table.entries()[1].signature.expect("a function's entry");
    bench.table.push(Target::Host(7), signature).expect("room");
    for code in [1, 2] {
        let answer = vec![0x7f80_0001, u128::MAX / 3, 5];
        let mut services = Recorder::new(Ok(answer.clone()));
        assert_eq!(bench.serve(&mut services, code, &twelve()), Ok(answer));
        assert_eq!(services.seen, twelve());
    }
}

const SIMPLE: &str = "function u0:0(i32) -> i32 tail {
    sig0 = (i32) -> i32 tail
    fn0 = u1:0 sig0
block0(v0: i32):
    v1 = call fn0(v0)
    return v1
}";

#[test]
fn a_trap_of_a_service_ends_the_call_in_its_caller() {
    let mut bench = Bench::with(SIMPLE, Mode::Exact);
    for _ in 0..3 {
        let stop = bench.serve(&mut Recorder::new(Err(Trap::Host)), 1, &[3]);
        let Err(Stop::Trap(report)) = stop else { panic!("expected a trap, got {stop:?}") };
        assert_eq!((report.trap, report.function), (Trap::Host, Some(FuncId(0))));
    }
    assert_eq!(bench.serve(&mut Recorder::new(Ok(vec![4])), 1, &[3]), Ok(vec![4]));
}

#[test]
fn a_panic_of_a_service_is_a_runtime_fault_and_the_next_call_works() {
    let mut bench = Bench::with(SIMPLE, Mode::Exact);
    let stop = bench.serve(&mut Recorder::new(Ok(vec![0xbad])), 1, &[3]);
    assert!(matches!(&stop, Err(Stop::RuntimeFault(m)) if m.contains("panic")), "{stop:?}");
    assert_eq!(bench.serve(&mut Recorder::new(Ok(vec![4])), 1, &[3]), Ok(vec![4]));
}

#[test]
fn a_deadline_that_passes_in_a_service_stops_the_guest_after_it() {
    let mut bench = Bench::with(SIMPLE, Mode::Exact);
    let mut services = Recorder::new(Ok(vec![4]));
    services.delay = Duration::from_millis(60);
    let limits = Limits { deadline: Duration::from_millis(10), ..LIMITS };
    let stop = bench.jit.call(&bench.table, &mut services, CodeIndex(1), &[3], limits);
    assert_eq!(stop, Err(Stop::trap(Trap::Interrupt)));
    assert_eq!(services.seen, [3]);
}

#[test]
fn settings_that_lack_instructions_call_library_functions() {
    let clif = "function %f(f64) -> f64, f64 tail {
block0(v0: f64):
    v1 = floor v0
    v2 = nearest v0
    return v1, v2
}";
    let none = ["has_sse41", "has_sse42", "has_avx", "has_avx2", "has_fma"];
    let settings = none.map(|name| (name.to_owned(), "false".to_owned())).to_vec();
    let mut bench = Bench::new(JitConfig { settings, ..JitConfig::default() });
    bench.load(clif, Mode::Exact).expect("a program that compiles");
    let bits = |x: f64| Slot::from(x.to_bits());
    assert_eq!(bench.call(1, &[bits(2.5)]), Ok(vec![bits(2.0), bits(2.0)]));
    assert_eq!(bench.call(1, &[bits(-3.5)]), Ok(vec![bits(-4.0), bits(-4.0)]));
}

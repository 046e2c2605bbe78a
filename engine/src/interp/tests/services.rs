//! Builtins and host functions, called directly, through a code index and in tail
//! position.

use super::*;

/// Adds up arguments, and notes what it was asked.
#[derive(Default)]
struct Adder {
    calls: Vec<(String, Vec<Slot>)>,
}

impl Services for Adder {
    fn builtin(&mut self, arena: &mut dyn Arena, b: Builtin, args: &[Slot]) -> Result<Slot, Trap> {
        self.calls.push((b.name().to_owned(), args.to_vec()));
        arena.store_u32(NULL_PAGE, 7).expect("inside");
        if b == Builtin::Raise { Err(Trap::Host) } else { Ok(args.iter().sum()) }
    }

    fn host(
        &mut self,
        _: &mut dyn Arena,
        number: u32,
        args: &[Slot],
        results: &mut [Slot],
    ) -> Result<(), Trap> {
        self.calls.push((format!("host {number}"), args.to_vec()));
        results[0] = args.iter().sum();
        results[1] = args[0];
        Ok(())
    }
}

const SIGNATURE: &str = "(i32, i64, f32, i8, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, \
     i64, i64, i64) -> i64, i8 tail";

fn program() -> String {
    let wide = "v0, v1, v2, v3, v1, v1, v1, v1, v1, v1, v1, v1, v1, v1, v1, v1, v1, v1";
    format!(
        "function u0:0(i32, i64) -> i32, i32 tail {{
    fn0 = u1:0(i32, i64, i32) -> i32 tail
block0(v0: i32, v1: i64):
    v2 = iconst.i32 3
    v3 = call fn0(v0, v1, v2)
    v4 = load.i32 notrap v0
    return v3, v4
}}
function u0:1(i32) tail {{
    fn0 = u1:10(i32) tail
block0(v0: i32):
    call fn0(v0)
    return
}}
function u0:2(i32, i64, i32, f32) -> i64, i8, i64 tail {{
    sig0 = {SIGNATURE}
block0(v0: i32, v1: i64, v9: i32, v2: f32):
    v3 = ireduce.i8 v1
    v4, v5 = call_indirect sig0, v9({wide})
    v6 = iadd v4, v1
    return v4, v5, v6
}}
function u0:3(i32, i64, i32, f32) -> i64, i8 tail {{
    sig0 = {SIGNATURE}
block0(v0: i32, v1: i64, v9: i32, v2: f32):
    v3 = ireduce.i8 v1
    return_call_indirect sig0, v9({wide})
}}
function u0:4(i32, i64, i32, f32) -> i64 tail {{
    fn0 = u0:3(i32, i64, i32, f32) -> i64, i8 tail
block0(v0: i32, v1: i64, v9: i32, v2: f32):
    v3, v4 = call fn0(v0, v1, v9, v2)
    v5 = iadd v3, v1
    return v5
}}"
    )
}

/// The program, and the code index of a host function.
fn bench(mode: Mode) -> (Bench, Slot) {
    let mut bench = Bench::with(&program(), mode);
    let function = format!("function u0:0() tail {{ sig0 = {SIGNATURE}\nblock0:\n    return\n}}");
    let signature = parse(&function)[0].dfg.signatures.values().next().expect("sig0").clone();
    let signature = bench.table.intern(&signature);
    let index = bench.table.push(Target::Host(12), signature).expect("room");
    (bench, index.0.into())
}

#[test]
fn builtins_get_their_arguments_and_may_trap() {
    for mode in MODES {
        let (mut bench, _) = bench(mode);
        let mut adder = Adder::default();
        let results = bench.serve(&mut adder, 1, &[NULL_PAGE.into(), 1 << 20], LIMITS);
        assert_eq!(results, Ok(vec![Slot::from(NULL_PAGE) + (1 << 20) + 3, 7]));
        let ended = bench.serve(&mut adder, 2, &[9], LIMITS);
        let Err(Stop::Trap(report)) = ended else { panic!("{ended:?}") };
        assert_eq!((report.trap, report.function), (Trap::Host, Some(FuncId(1))));
        let asked = [("memory_grow", vec![NULL_PAGE.into(), 1 << 20, 3]), ("raise", vec![9])];
        assert_eq!(adder.calls, asked.map(|(name, args)| (name.to_owned(), args)));
    }
}

#[test]
fn host_functions_get_arguments_from_registers_and_stack() {
    for mode in MODES {
        let (mut bench, index) = bench(mode);
        let float = Slot::from(1.5f32.to_bits());
        let mut sent = vec![5, 300, float, 300 & 0xff];
        sent.resize(18, 300);
        let sum: Slot = sent.iter().sum();
        let mut adder = Adder::default();
        let args = [5, 300, index, float];
        assert_eq!(bench.serve(&mut adder, 3, &args, LIMITS), Ok(vec![sum, 5, sum + 300]));
        assert_eq!(bench.serve(&mut adder, 4, &args, LIMITS), Ok(vec![sum, 5]));
        assert_eq!(bench.serve(&mut adder, 5, &args, LIMITS), Ok(vec![sum + 300]));
        assert_eq!(adder.calls, vec![("host 12".to_owned(), sent.clone()); 3]);
        let host = u32::try_from(index).expect("small");
        assert_eq!(bench.serve(&mut adder, host, &sent, LIMITS), Ok(vec![sum, 5]));
    }
}

#[test]
fn builtins_and_host_functions_do_not_count_as_nested_calls() {
    let (mut bench, index) = bench(Mode::Exact);
    let shallow = Limits { depth: 1, ..LIMITS };
    let mut adder = Adder::default();
    assert!(bench.serve(&mut adder, 1, &[NULL_PAGE.into(), 0], shallow).is_ok());
    assert!(bench.serve(&mut adder, 3, &[5, 300, index, 0], shallow).is_ok());
    let nested = bench.serve(&mut adder, 5, &[5, 300, index, 0], shallow);
    assert!(matches!(&nested, Err(Stop::Trap(r)) if r.trap == Trap::StackOverflow), "{nested:?}");
}

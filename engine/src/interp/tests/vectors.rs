//! Vectors: how they pass through memory, calls and spills, and the opcodes that the
//! WebAssembly test suite does not reach.

use std::fmt::Write;

use super::*;

const BYTES: u128 = 0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0;
const END: u32 = NULL_PAGE + PAGE;

const ACCESSES: &str = "
function u0:0(i32) -> i8x16 tail {
block0(v0: i32):
    v1 = load.i8x16 little notrap v0+8
    return v1
}
function u0:1(i32) -> i8x16 tail {
block0(v0: i32):
    v1 = load.i8x16 little user6 v0+8
    return v1
}
function u0:2(i32, i8x16) tail {
block0(v0: i32, v1: i8x16):
    store little user6 v1, v0-4
    return
}
function u0:3(i32, i32, i32, i8x16) -> i8x16 tail {
block0(v0: i32, v1: i32, v2: i32, v3: i8x16):
    v4 = iconst.i32 24
    v5 = isub v1, v4
    v6 = icmp ugt v2, v5
    v7 = iadd v0, v2
    v8 = iconst.i32 8
    v9 = iadd v7, v8
    v10 = iconst.i32 0
    v11 = select_spectre_guard v6, v10, v9
    v12 = load.i8x16 little heap_oob v11
    return v12
}
function u0:4(i32, i8x16) -> i8x16 tail {
block0(v0: i32, v1: i8x16):
    store big user6 v1, v0
    v2 = load.i8x16 little user6 v0
    return v2
}
function u0:5(i32) -> i32x4 tail {
block0(v0: i32):
    v1 = sload16x4 little user6 v0
    return v1
}";

#[test]
fn all_16_bytes_lie_in_the_arena_or_none_is_written() {
    for mode in MODES {
        let mut bench = Bench::with(ACCESSES, mode);
        let names: Vec<_> =
            bench.interpreter.code.instructions.iter().map(|op| op.name()).collect();
        for name in ["vload128le_o32", "vload128le_z", "vstore128le_z", "vload128le_g32"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        for inside in [NULL_PAGE, END - 16].map(Slot::from) {
            assert_eq!(bench.call(3, &[inside + 4, BYTES]), Ok(vec![]));
            assert_eq!(bench.call(1, &[inside - 8]), Ok(vec![BYTES]));
            assert_eq!(bench.call(2, &[inside - 8]), Ok(vec![BYTES]));
        }
        let before = bench.interpreter.arena().digest(NULL_PAGE, PAGE);
        for outside in [NULL_PAGE - 1, NULL_PAGE - 15, END - 15, END - 1, END].map(Slot::from) {
            let traps = [(1, &[outside - 8][..]), (2, &[outside - 8]), (3, &[outside + 4, 0])];
            for (entry, args) in traps {
                let trap = [Trap::ArenaOutOfBounds, Trap::TableOutOfBounds][usize::from(entry > 1)];
                assert_eq!(bench.trap(entry, args), (trap, Some(entry - 1)));
            }
        }
        assert_eq!(bench.interpreter.arena().digest(NULL_PAGE, PAGE), before);
        let base = NULL_PAGE.into();
        assert_eq!(bench.call(4, &[base, 24, 0, 0]), bench.call(1, &[base]));
        assert_eq!(bench.trap(4, &[base, 24, 1, 0]), (Trap::HeapOutOfBounds, Some(3)));
    }
}

#[test]
fn a_big_endian_access_turns_all_16_bytes_round_and_an_extending_one_reads_8() {
    let mut bench = Bench::with(ACCESSES, Mode::AsShipped);
    let last: Slot = (END - 16).into();
    assert_eq!(bench.call(5, &[last, BYTES]), Ok(vec![BYTES.swap_bytes()]));
    let extended = u32x4([0x1e0f, 0x3c2d, 0x5a4b, 0x7869]);
    assert_eq!(bench.call(6, &[last]), Ok(vec![extended]));
    let extended = u32x4([0xffff_9687, 0xffff_b4a5, 0xffff_d2c3, 0xffff_f0e1]);
    assert_eq!(bench.call(6, &[last + 8]), Ok(vec![extended]));
    assert_eq!(bench.trap(6, &[last + 9]), (Trap::TableOutOfBounds, Some(6)));
}

#[test]
fn vectors_pass_through_registers_stack_and_spills() {
    let count = 20;
    let types = vec!["i8x16"; count].join(", ");
    let params: Vec<_> = (0..count).map(|n| format!("v{n}: i8x16")).collect();
    let values: Vec<_> = (0..count).map(|n| format!("v{n}")).collect();
    let mut clif =
        format!("function u0:0({types}) -> i8x16 tail {{\nblock0({}):\n", params.join(", "));
    for n in 1..count {
        let sum = if n == 1 { "v0".to_owned() } else { format!("v{}", 98 + n) };
        writeln!(clif, "    v{} = isub {sum}, v{n}", 99 + n).expect("a string");
    }
    writeln!(clif, "    return v{}\n}}", 98 + count).expect("a string");
    let reversed: Vec<_> = values.iter().rev().cloned().collect();
    writeln!(
        clif,
        "function u0:1({types}) -> i8x16 tail {{
    fn0 = u0:0({types}) -> i8x16 tail
block0({}):
    v50 = call fn0({})
    v51 = call fn0({})
    v52 = bxor v50, v51
    return v52\n}}",
        params.join(", "),
        values.join(", "),
        reversed.join(", "),
    )
    .expect("a string");
    let args: Vec<Slot> = (1..).map(|n: Slot| BYTES.wrapping_mul(n)).take(count).collect();
    let difference = |args: &mut dyn Iterator<Item = &Slot>| {
        let bytes = args.map(|arg| arg.to_le_bytes());
        let result = bytes.reduce(|a, b| std::array::from_fn(|i| a[i].wrapping_sub(b[i])));
        Slot::from_le_bytes(result.expect("twenty"))
    };
    let expected = difference(&mut args.iter()) ^ difference(&mut args.iter().rev());
    for mode in MODES {
        assert_eq!(Bench::with(&clif, mode).call(2, &args), Ok(vec![expected]));
    }
}

/// Four lanes of 32 bits, the lowest first.
fn u32x4(lanes: [u32; 4]) -> u128 {
    lanes.iter().rev().fold(0, |vector, &lane| vector << 32 | u128::from(lane))
}

/// Two lanes of 64 bits, the low one first.
fn u64x2(low: u64, high: u64) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

/// An operation on vectors of one type.
fn operation(name: &str, ty: &str, result: &str, args: &[u128]) -> u128 {
    let types = vec![ty; args.len()].join(", ");
    let params: Vec<_> = (0..args.len()).map(|n| format!("v{n}: {ty}")).collect();
    let values: Vec<_> = (0..args.len()).map(|n| format!("v{n}")).collect();
    let body = format!("v9 = {name} {}\n    return v9", values.join(", "));
    let clif = format!(
        "function u0:0({types}) -> {result} tail {{\nblock0({}):\n    {body}\n}}",
        params.join(", ")
    );
    Bench::with(&clif, Mode::Exact).call(1, args).expect("no trap")[0]
}

#[test]
fn wide_lanes_saturate_when_narrowed() {
    let args = [u64x2(1 << 63, u64::MAX), u64x2(1 << 31, 7)];
    let signed = u32x4([1 << 31, u32::MAX, (1 << 31) - 1, 7]);
    assert_eq!(operation("snarrow", "i64x2", "i32x4", &args), signed);
    assert_eq!(
        operation("uunarrow", "i64x2", "i32x4", &args),
        u32x4([u32::MAX, u32::MAX, 1 << 31, 7])
    );
}

#[test]
fn wide_lanes_convert_to_floats_and_back() {
    let least = u64x2(1 << 63, u64::MAX);
    let signed = u64x2((-(2_f64.powi(63))).to_bits(), (-1_f64).to_bits());
    let unsigned = u64x2(2_f64.powi(63).to_bits(), 2_f64.powi(64).to_bits());
    assert_eq!(operation("fcvt_from_sint.f64x2", "i64x2", "f64x2", &[least]), signed);
    assert_eq!(operation("fcvt_from_uint.f64x2", "i64x2", "f64x2", &[least]), unsigned);
    assert_eq!(operation("fcvt_to_sint_sat.i64x2", "f64x2", "i64x2", &[signed]), least);
    assert_eq!(operation("fcvt_to_uint_sat.i64x2", "f64x2", "i64x2", &[unsigned]), least);
    assert_eq!(operation("fcvt_to_uint_sat.i64x2", "f64x2", "i64x2", &[signed]), 0);
    let nan_and_huge = u64x2(f64::NAN.to_bits(), 1e300_f64.to_bits());
    let saturated = u64x2(0, (1 << 63) - 1);
    assert_eq!(operation("fcvt_to_sint_sat.i64x2", "f64x2", "i64x2", &[nan_and_huge]), saturated);
}

#[test]
fn a_nan_that_an_operation_gives_is_the_canonical_one_in_each_lane() {
    let signalling = u32x4([0xffa0_0001, 0x7f80_0000, 0x3f80_0000, 0x8000_0000]);
    let one = u32x4([0x3f80_0000; 4]);
    let sum = u32x4([0x7fc0_0000, 0x7f80_0000, 0x4000_0000, 0x3f80_0000]);
    assert_eq!(operation("fadd", "f32x4", "f32x4", &[signalling, one]), sum);
    assert_eq!(operation("fma", "f32x4", "f32x4", &[signalling, one, one]), sum);
    let greater = u32x4([0x7fc0_0000, 0x7f80_0000, 0x3f80_0000, 0x3f80_0000]);
    assert_eq!(operation("fmax", "f32x4", "f32x4", &[one, signalling]), greater);
    let negated = u32x4([0x7fa0_0001, 0xff80_0000, 0xbf80_0000, 0]);
    assert_eq!(operation("fneg", "f32x4", "f32x4", &[signalling]), negated);
}

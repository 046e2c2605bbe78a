//! The values of scalar operations on edge operands, both from registers and with the
//! second operand as an immediate, against Rust's own arithmetic.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "the operations are defined by such casts"
)]

use std::fmt::Write;

use super::*;

const EDGES: [u64; 16] = [
    0,
    1,
    2,
    5,
    31,
    63,
    127,
    128,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0001,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX,
];

/// A CLIF operation on two values of a type, and its value; `None` for a trap.
type Case = (&'static str, fn(u64, u64) -> Option<u64>);

const I32: &[Case] = &[
    ("iadd", |a, b| Some((a as u32).wrapping_add(b as u32).into())),
    ("isub", |a, b| Some((a as u32).wrapping_sub(b as u32).into())),
    ("imul", |a, b| Some((a as u32).wrapping_mul(b as u32).into())),
    ("udiv", |a, b| (a as u32).checked_div(b as u32).map(u64::from)),
    ("sdiv", |a, b| (a as i32).checked_div(b as i32).map(|q| q as u32 as u64)),
    ("urem", |a, b| (a as u32).checked_rem(b as u32).map(u64::from)),
    ("srem", |a, b| (b as u32 != 0).then(|| (a as i32).wrapping_rem(b as i32) as u32 as u64)),
    ("band", |a, b| Some((a & b) as u32 as u64)),
    ("bor", |a, b| Some((a | b) as u32 as u64)),
    ("bxor", |a, b| Some((a ^ b) as u32 as u64)),
    ("ishl", |a, b| Some((a as u32).wrapping_shl(b as u32).into())),
    ("ushr", |a, b| Some((a as u32).wrapping_shr(b as u32).into())),
    ("sshr", |a, b| Some((a as i32).wrapping_shr(b as u32) as u32 as u64)),
    ("rotl", |a, b| Some((a as u32).rotate_left(b as u32 % 32).into())),
    ("rotr", |a, b| Some((a as u32).rotate_right(b as u32 % 32).into())),
    ("umin", |a, b| Some((a as u32).min(b as u32).into())),
    ("smin", |a, b| Some((a as i32).min(b as i32) as u32 as u64)),
    ("umax", |a, b| Some((a as u32).max(b as u32).into())),
    ("smax", |a, b| Some((a as i32).max(b as i32) as u32 as u64)),
];

const I64: &[Case] = &[
    ("iadd", |a, b| Some(a.wrapping_add(b))),
    ("isub", |a, b| Some(a.wrapping_sub(b))),
    ("imul", |a, b| Some(a.wrapping_mul(b))),
    ("umulhi", |a, b| Some(((u128::from(a) * u128::from(b)) >> 64) as u64)),
    ("smulhi", |a, b| Some(((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64)),
    ("udiv", u64::checked_div),
    ("sdiv", |a, b| (a as i64).checked_div(b as i64).map(|q| q as u64)),
    ("urem", u64::checked_rem),
    ("srem", |a, b| (b != 0).then(|| (a as i64).wrapping_rem(b as i64) as u64)),
    ("band", |a, b| Some(a & b)),
    ("bor", |a, b| Some(a | b)),
    ("bxor", |a, b| Some(a ^ b)),
    ("ishl", |a, b| Some(a.wrapping_shl(b as u32))),
    ("ushr", |a, b| Some(a.wrapping_shr(b as u32))),
    ("sshr", |a, b| Some((a as i64).wrapping_shr(b as u32) as u64)),
    ("rotl", |a, b| Some(a.rotate_left(b as u32 % 64))),
    ("rotr", |a, b| Some(a.rotate_right(b as u32 % 64))),
    ("umin", |a, b| Some(a.min(b))),
    ("smin", |a, b| Some((a as i64).min(b as i64) as u64)),
    ("umax", |a, b| Some(a.max(b))),
    ("smax", |a, b| Some((a as i64).max(b as i64) as u64)),
];

/// An operation on one value, of 32 and of 64 bits.
type Unary = (fn(u32) -> u32, fn(u64) -> u64);

/// A function for the operation on registers, then one for each immediate.
fn functions(ty: &str, operation: &str, immediates: &[u64], program: &mut String) {
    let mut function = |body: &str| {
        let _ = write!(program, "function u0:0({ty}, {ty}) -> {ty} tail {{\n{body}}}\n");
    };
    function(&format!("block0(v0: {ty}, v1: {ty}):\n    v2 = {operation} v0, v1\n    return v2\n"));
    for immediate in immediates {
        function(&format!(
            "block0(v0: {ty}, v1: {ty}):\n    v3 = iconst.{ty} {immediate:#x}\n    \
             v2 = {operation} v0, v3\n    return v2\n"
        ));
    }
}

fn check(ty: &str, mask: u64, cases: &[Case]) {
    let edges: Vec<u64> = EDGES.iter().copied().filter(|edge| *edge <= mask).collect();
    let mut program = String::new();
    for (operation, _) in cases {
        functions(ty, operation, &edges, &mut program);
    }
    let mut bench = Bench::with(&program, Mode::Exact);
    let mut entry = 0;
    for (operation, value) in cases {
        for immediate in std::iter::once(None).chain(edges.iter().map(Some)) {
            entry += 1;
            for &a in &edges {
                for &b in immediate.map_or(&edges[..], std::slice::from_ref) {
                    let result = bench.call(entry, &[a.into(), b.into()]);
                    let what = format!("{operation}.{ty} {a:#x}, {b:#x}: {result:?}");
                    match value(a, b) {
                        Some(value) => {
                            assert_eq!(result, Ok(vec![(value & mask).into()]), "{what}");
                        }
                        None => assert!(matches!(result, Err(Stop::Trap(_))), "{what}"),
                    }
                }
            }
        }
    }
}

#[test]
fn integer_operations_of_32_bits() {
    check("i32", u32::MAX.into(), I32);
}

#[test]
fn integer_operations_of_64_bits() {
    check("i64", u64::MAX, I64);
}

/// Comparisons as values and as branches, on registers and immediates.
#[test]
fn comparisons_and_branches() {
    let conditions = ["eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"];
    for (ty, mask) in [("i32", u64::from(u32::MAX)), ("i64", u64::MAX)] {
        let edges: Vec<u64> = EDGES.iter().copied().filter(|edge| *edge <= mask).collect();
        let sign = |value: u64| {
            if ty == "i32" { i64::from((value as u32).cast_signed()) } else { value.cast_signed() }
        };
        let mut program = String::new();
        for condition in conditions {
            for immediate in std::iter::once(None).chain(edges.iter().map(Some)) {
                let second = immediate.map_or("v9 = bnot v1\n    v3 = bnot v9".to_owned(), |i| {
                    format!("v3 = iconst.{ty} {i:#x}")
                });
                let _ = write!(
                    program,
                    "function u0:0({ty}, {ty}) -> i32 tail {{
block0(v0: {ty}, v1: {ty}):
    {second}
    v4 = icmp {condition} v0, v3
    v5 = uextend.i32 v4
    brif v4, block1, block2
block1:
    v201 = iconst.i32 10
    v6 = iadd v5, v201
    return v6
block2:
    v202 = iconst.i32 20
    v7 = iadd v5, v202
    return v7
}}
"
                );
            }
        }
        let mut bench = Bench::with(&program, Mode::Exact);
        let mut entry = 0;
        for condition in conditions {
            for immediate in std::iter::once(None).chain(edges.iter().map(Some)) {
                entry += 1;
                for &a in &edges {
                    for &b in immediate.map_or(&edges[..], std::slice::from_ref) {
                        let (x, y) = (sign(a), sign(b));
                        let holds = match condition {
                            "eq" => a == b,
                            "ne" => a != b,
                            "slt" => x < y,
                            "sle" => x <= y,
                            "sgt" => x > y,
                            "sge" => x >= y,
                            "ult" => a < b,
                            "ule" => a <= b,
                            "ugt" => a > b,
                            _ => a >= b,
                        };
                        let expected = if holds { 11 } else { 20 };
                        let result = bench.call(entry, &[a.into(), b.into()]);
                        assert_eq!(result, Ok(vec![expected]), "{condition}.{ty} {a:#x}, {b:#x}");
                    }
                }
            }
        }
    }
}

#[test]
fn operations_of_one_operand() {
    let program = ["clz", "ctz", "popcnt", "bswap", "ineg", "iabs", "bnot"].map(|operation| {
        format!(
            "function u0:0(i32, i64) -> i32, i64 tail {{
block0(v0: i32, v1: i64):
    v2 = {operation} v0
    v3 = {operation} v1
    return v2, v3
}}"
        )
    });
    let mut bench = Bench::with(&program.join("\n"), Mode::Exact);
    let values: [Unary; 7] = [
        (u32::leading_zeros, |a| a.leading_zeros().into()),
        (u32::trailing_zeros, |a| a.trailing_zeros().into()),
        (u32::count_ones, |a| a.count_ones().into()),
        (u32::swap_bytes, u64::swap_bytes),
        (u32::wrapping_neg, u64::wrapping_neg),
        (
            |a| a.cast_signed().wrapping_abs().cast_unsigned(),
            |a| a.cast_signed().wrapping_abs().cast_unsigned(),
        ),
        (|a| !a, |a| !a),
    ];
    for ((small, large), entry) in values.into_iter().zip(1..) {
        for wide in EDGES {
            let narrow = wide as u32;
            let expected = vec![small(narrow).into(), large(wide).into()];
            assert_eq!(bench.call(entry, &[narrow.into(), wide.into()]), Ok(expected));
        }
    }
}

#[test]
fn wide_integers() {
    let mut bench = Bench::with(
        "function u0:0(i128, i128) -> i128, i128, i128 tail {
block0(v0: i128, v1: i128):
    v2 = iadd v0, v1
    v3 = isub v0, v1
    v4 = imul v0, v1
    return v2, v3, v4
}",
        Mode::Exact,
    );
    let wide = EDGES.map(|edge| u128::from(edge) << 61 | u128::from(edge));
    for a in wide {
        for b in wide {
            let expected = vec![a.wrapping_add(b), a.wrapping_sub(b), a.wrapping_mul(b)];
            assert_eq!(bench.call(1, &[a, b]), Ok(expected), "{a:#x} {b:#x}");
        }
    }
}

#[test]
fn float_operations() {
    let binary = ["fadd", "fsub", "fmul", "fdiv", "fmin", "fmax", "fcopysign"];
    let unary = ["sqrt", "ceil", "floor", "trunc", "nearest", "fneg", "fabs"];
    let mut program = String::new();
    for ty in ["f32", "f64"] {
        for operation in binary {
            let _ = write!(
                program,
                "function u0:0({ty}, {ty}) -> {ty} tail {{\nblock0(v0: {ty}, \
                v1: {ty}):\n    v2 = {operation} v0, v1\n    return v2\n}}\n"
            );
        }
        for operation in unary {
            let _ = write!(
                program,
                "function u0:0({ty}, {ty}) -> {ty} tail {{\nblock0(v0: {ty}, \
                v1: {ty}):\n    v2 = {operation} v0\n    return v2\n}}\n"
            );
        }
    }
    let mut bench = Bench::with(&program, Mode::Exact);
    let edges = [0.0, -0.0, 0.5, 1.5, -2.5, 3e9, -1e30, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for a in edges {
        for b in edges {
            let narrow = (a as f32, b as f32);
            let args = [a.to_bits().into(), b.to_bits().into()];
            let narrow_args = [narrow.0.to_bits().into(), narrow.1.to_bits().into()];
            let f64s = [a + b, a - b, a * b, a / b];
            let f32s = [
                narrow.0 + narrow.1,
                narrow.0 - narrow.1,
                narrow.0 * narrow.1,
                narrow.0 / narrow.1,
            ];
            let one = [a.sqrt(), a.ceil(), a.floor(), a.trunc(), a.round_ties_even()];
            for (value, entry) in f32s.into_iter().zip(1..) {
                assert_eq!(bench.call(entry, &narrow_args), Ok(vec![canonical32(value)]));
            }
            for (value, entry) in f64s.into_iter().zip(15..) {
                assert_eq!(bench.call(entry, &args), Ok(vec![canonical64(value)]), "{a} {b}");
            }
            for (value, entry) in one.into_iter().zip(22..) {
                assert_eq!(bench.call(entry, &args), Ok(vec![canonical64(value)]), "{a}");
            }
            assert_eq!(bench.call(21, &args), Ok(vec![a.copysign(b).to_bits().into()]));
            assert_eq!(bench.call(27, &args), Ok(vec![(-a).to_bits().into()]));
            assert_eq!(bench.call(28, &args), Ok(vec![a.abs().to_bits().into()]));
        }
    }
}

/// The bits of a result in exact runs, where NaNs are canonical.
fn canonical64(value: f64) -> Slot {
    if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits().into() }
}

fn canonical32(value: f32) -> Slot {
    if value.is_nan() { 0x7fc0_0000 } else { value.to_bits().into() }
}

#[test]
fn conversions_trap_or_saturate_at_the_edges() {
    let mut program = String::new();
    for operation in ["fcvt_to_sint", "fcvt_to_uint", "fcvt_to_sint_sat", "fcvt_to_uint_sat"] {
        for ty in ["i32", "i64"] {
            let _ = write!(
                program,
                "function u0:0(f64) -> {ty} tail {{\nblock0(v0: f64):\n    \
                v1 = {operation}.{ty} v0\n    return v1\n}}\n"
            );
        }
    }
    let mut bench = Bench::with(&program, Mode::Exact);
    let two = |exponent: i32| 2f64.powi(exponent);
    let edges = [
        0.0,
        -0.0,
        -0.9,
        -1.0,
        1.9,
        two(31) - 1.0,
        two(31),
        two(32) - 1.0,
        two(32),
        -two(31),
        -two(31) - 0.9,
        -two(31) - 1.0,
        two(53),
        two(63),
        -two(63),
        two(64),
        two(63) * 1.5,
        1e300,
        -1e300,
        f64::INFINITY,
        f64::NAN,
    ];
    for value in edges {
        let truncated = value.trunc();
        let saturated: [Slot; 4] = [
            Slot::from((value as i32).cast_unsigned()),
            Slot::from((value as i64).cast_unsigned()),
            Slot::from(value as u32),
            Slot::from(value as u64),
        ];
        let fits = [
            truncated >= -two(31) && truncated < two(31),
            truncated >= -two(63) && truncated < two(63),
            truncated >= 0.0 && truncated < two(32),
            truncated >= 0.0 && truncated < two(64),
        ];
        let args = [value.to_bits().into()];
        for case in 0..4 {
            let entry = u32::try_from(case).expect("small") + 1;
            assert_eq!(bench.call(entry + 4, &args), Ok(vec![saturated[case]]), "{value}");
            if fits[case] {
                assert_eq!(bench.call(entry, &args), Ok(vec![saturated[case]]), "{value}");
            } else {
                let nan = Trap::BadConversionToInteger;
                let expected = if value.is_nan() { nan } else { Trap::IntegerOverflow };
                assert_eq!(bench.trap(entry, &args).0, expected, "{value} in case {case}");
            }
        }
    }
}

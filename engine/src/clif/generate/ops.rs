//! The table of operations: opcodes without effects, by operand and result types.
//!
//! `Pulley` says for which of an opcode's types every executor has it; with `Whole`
//! the others are drawn too.
#![forbid(unsafe_code)]

use std::sync::OnceLock;

use super::Dialect;
use super::ty::Ty::{
    self, F32, F32x4, F64, F64x2, I8, I8x16, I16, I16x8, I32, I32x4, I64, I64x2, I128,
};

/// What stands behind the opcode, besides the operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    Nothing,
    /// An integer condition before the operands.
    IntCondition,
    /// A float condition before the operands.
    FloatCondition,
    /// A lane number after the operands.
    Lane,
    /// Sixteen lane numbers after the operands.
    Mask,
    /// The byte order of a bitcast before the operand.
    Order,
    /// A trap code after the operands.
    TrapCode,
}

/// An operation.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) name: &'static str,
    /// The type that stands behind the name, where the operands do not say it.
    pub(super) suffix: Option<Ty>,
    pub(super) args: Vec<Ty>,
    pub(super) results: Vec<Ty>,
    pub(super) extra: Extra,
    portable: bool,
}

/// The operations of a dialect.
pub(super) struct Table(Vec<Op>);

impl Table {
    /// The table of a dialect.
    pub(super) fn of(dialect: Dialect) -> &'static Table {
        static TABLES: OnceLock<[Table; 2]> = OnceLock::new();
        let [portable, whole] = TABLES.get_or_init(|| {
            let all = all();
            let portable = all.iter().filter(|op| op.portable).cloned().collect();
            [Table(portable), Table(all)]
        });
        match dialect {
            Dialect::Portable => portable,
            Dialect::Whole => whole,
        }
    }

    pub(super) fn ops(&self) -> &[Op] {
        &self.0
    }

    /// Whether atomics and other effects that Pulley lacks may be drawn.
    pub(super) fn is_whole(&self) -> bool {
        self.0.iter().any(|op| !op.portable)
    }
}

const SMALL: &[Ty] = &[I8, I16, I32, I64];
const VECTORS: &[Ty] = &[I8x16, I16x8, I32x4, I64x2];
const FLOATS: &[Ty] = &[F32, F64];
const FLOAT_VECTORS: &[Ty] = &[F32x4, F64x2];

/// Collects operations.
struct Builder(Vec<Op>);

impl Builder {
    fn push(&mut self, name: &'static str, args: &[Ty], results: &[Ty], portable: bool) -> &mut Op {
        self.0.push(Op {
            name,
            suffix: None,
            args: args.to_vec(),
            results: results.to_vec(),
            extra: Extra::Nothing,
            portable,
        });
        self.0.last_mut().expect("pushed just now")
    }

    /// Operations on operands of one type that give the same type.
    fn same(&mut self, names: &[&'static str], arity: usize, types: &[&[Ty]], portable: bool) {
        for &name in names {
            for &ty in types.iter().copied().flatten() {
                self.push(name, &vec![ty; arity], &[ty], portable);
            }
        }
    }

    /// A conversion that names its result type.
    fn convert(&mut self, name: &'static str, from: Ty, to: Ty, portable: bool) {
        self.push(name, &[from], &[to], portable).suffix = Some(to);
    }
}

fn all() -> Vec<Op> {
    let mut table = Builder(Vec::new());
    integers(&mut table);
    shifts(&mut table);
    comparisons(&mut table);
    floats(&mut table);
    conversions(&mut table);
    lanes(&mut table);
    wide(&mut table);
    table.0
}

fn integers(t: &mut Builder) {
    t.same(&["iadd", "isub"], 2, &[SMALL, VECTORS, &[I128]], true);
    // The x64 backend has no products of 8-bit lanes.
    t.same(&["imul"], 2, &[SMALL, &VECTORS[1..], &[I128]], true);
    t.same(&["band", "bor", "bxor"], 2, &[SMALL, VECTORS, FLOAT_VECTORS], true);
    t.same(&["bnot"], 1, &[SMALL, VECTORS, FLOAT_VECTORS], true);
    t.same(&["ineg", "iabs"], 1, &[SMALL, VECTORS], true);
    t.same(&["smin", "smax", "umin", "umax"], 2, &[SMALL, &VECTORS[..3]], true);
    t.same(&["clz", "ctz", "popcnt"], 1, &[SMALL], true);
    t.same(&["popcnt"], 1, &[&[I8x16]], true);
    t.same(&["bswap"], 1, &[&SMALL[1..]], true);
    t.same(&["umulhi", "smulhi"], 2, &[&SMALL[1..]], true);
    let saturating = ["uadd_sat", "sadd_sat", "usub_sat", "ssub_sat"];
    t.same(&saturating, 2, &[&VECTORS[..2]], true);
    t.same(&["sqmul_round_sat"], 2, &[&[I16x8]], true);
    t.same(&["iadd_pairwise"], 2, &[&VECTORS[1..3]], true);
    t.same(&["bitselect"], 3, &[VECTORS, FLOAT_VECTORS], true);
    for &ty in &[I32, I64] {
        t.push("uadd_overflow", &[ty, ty], &[ty, I8], true);
        t.push("uadd_overflow_trap", &[ty, ty], &[ty], true).extra = Extra::TrapCode;
    }
    for &from in SMALL {
        for &to in SMALL {
            t.convert("bmask", from, to, true);
        }
    }
    for ty in [SMALL, VECTORS].concat() {
        t.push("select_spectre_guard", &[I8, ty, ty], &[ty], true);
    }
    for ty in [SMALL, VECTORS, FLOATS, FLOAT_VECTORS].concat() {
        t.push("select", &[I8, ty, ty], &[ty], true);
    }
}

fn shifts(t: &mut Builder) {
    for name in ["ishl", "ushr", "sshr"] {
        for ty in [SMALL, VECTORS].concat() {
            t.push(name, &[ty, I32], &[ty], true);
        }
        for &amount in SMALL {
            t.push(name, &[I32, amount], &[I32], true);
            t.push(name, &[I64, amount], &[I64], true);
        }
    }
    for name in ["rotl", "rotr"] {
        t.push(name, &[I32, I32], &[I32], true);
        t.push(name, &[I64, I32], &[I64], true);
    }
}

fn comparisons(t: &mut Builder) {
    for ty in [SMALL, &[I128]].concat() {
        t.push("icmp", &[ty, ty], &[I8], true).extra = Extra::IntCondition;
    }
    for &ty in VECTORS {
        t.push("icmp", &[ty, ty], &[ty], true).extra = Extra::IntCondition;
    }
    for (ty, result) in [(F32, I8), (F64, I8), (F32x4, I32x4), (F64x2, I64x2)] {
        t.push("fcmp", &[ty, ty], &[result], true).extra = Extra::FloatCondition;
    }
    for &ty in VECTORS {
        t.push("vany_true", &[ty], &[I8], true);
        t.push("vall_true", &[ty], &[I8], true);
        t.push("vhigh_bits", &[ty], &[I32], true).suffix = Some(I32);
    }
}

fn floats(t: &mut Builder) {
    let binary = ["fadd", "fsub", "fmul", "fdiv", "fmin", "fmax"];
    t.same(&binary, 2, &[FLOATS, FLOAT_VECTORS], true);
    let unary = ["fneg", "fabs", "sqrt", "ceil", "floor", "trunc", "nearest"];
    t.same(&unary, 1, &[FLOATS, FLOAT_VECTORS], true);
    t.same(&["fcopysign"], 2, &[FLOATS], true);
    t.convert("fpromote", F32, F64, true);
    t.convert("fdemote", F64, F32, true);
    t.push("fvdemote", &[F64x2], &[F32x4], true);
    t.push("fvpromote_low", &[F32x4], &[F64x2], true);
    for name in ["fcvt_from_uint", "fcvt_from_sint"] {
        t.convert(name, I32x4, F32x4, true);
    }
    for name in ["fcvt_to_uint_sat", "fcvt_to_sint_sat"] {
        t.convert(name, F32x4, I32x4, true);
    }
    for &float in FLOATS {
        for &int in &[I32, I64] {
            t.convert("fcvt_from_uint", int, float, true);
            t.convert("fcvt_from_sint", int, float, true);
            t.convert("fcvt_to_uint_sat", float, int, true);
            t.convert("fcvt_to_sint_sat", float, int, true);
            t.convert("fcvt_to_uint", float, int, true);
            t.convert("fcvt_to_sint", float, int, true);
        }
    }
}

fn conversions(t: &mut Builder) {
    for (at, &narrow) in SMALL.iter().enumerate() {
        for &wide in &SMALL[at + 1..] {
            t.convert("uextend", narrow, wide, true);
            t.convert("sextend", narrow, wide, true);
            t.convert("ireduce", wide, narrow, true);
        }
    }
    for &narrow in SMALL {
        t.convert("uextend", narrow, I128, true);
        t.convert("sextend", narrow, I128, true);
    }
    for (int, float) in [(I32, F32), (I64, F64)] {
        t.convert("bitcast", int, float, true);
        t.convert("bitcast", float, int, true);
    }
    for from in [VECTORS, FLOAT_VECTORS].concat() {
        for to in [VECTORS, FLOAT_VECTORS].concat() {
            let op = t.push("bitcast", &[from], &[to], true);
            (op.suffix, op.extra) = (Some(to), Extra::Order);
        }
    }
    t.push("iconcat", &[I64, I64], &[I128], true);
    t.push("isplit", &[I128], &[I64, I64], true);
}

fn lanes(t: &mut Builder) {
    for ty in [VECTORS, FLOAT_VECTORS].concat() {
        let (lane, _) = ty.lanes();
        t.push("splat", &[lane], &[ty], true).suffix = Some(ty);
        t.push("extractlane", &[ty], &[lane], true).extra = Extra::Lane;
        t.push("insertlane", &[ty, lane], &[ty], true).extra = Extra::Lane;
    }
    for ty in [I32x4, I64x2, F32x4, F64x2] {
        let (lane, _) = ty.lanes();
        t.convert("scalar_to_vector", lane, ty, true);
    }
    for pair in VECTORS.windows(2) {
        let (narrow, wide) = (pair[0], pair[1]);
        for name in ["swiden_low", "swiden_high", "uwiden_low", "uwiden_high"] {
            t.push(name, &[narrow], &[wide], true);
        }
        if wide != I64x2 {
            t.push("snarrow", &[wide, wide], &[narrow], true);
            t.push("unarrow", &[wide, wide], &[narrow], true);
        }
    }
    t.push("shuffle", &[I8x16, I8x16], &[I8x16], true).extra = Extra::Mask;
    t.push("swizzle", &[I8x16, I8x16], &[I8x16], true);
}

/// What Pulley lacks, or the reference.
fn wide(t: &mut Builder) {
    t.same(&["avg_round"], 2, &[&VECTORS[..2]], false);
    t.same(&["band", "bor", "bxor"], 2, &[&[I128]], false);
    t.same(&["bnot"], 1, &[&[I128]], false);
    t.same(&["bitrev"], 1, &[SMALL], false);
    t.same(&["clz", "ctz", "popcnt"], 1, &[&[I128]], false);
    for name in ["ishl", "ushr", "sshr", "rotl", "rotr"] {
        t.push(name, &[I128, I32], &[I128], false);
    }
    for name in ["rotl", "rotr"] {
        t.push(name, &[I8, I32], &[I8], false);
        t.push(name, &[I16, I32], &[I16], false);
    }
    for name in ["uadd_overflow", "sadd_overflow", "usub_overflow", "ssub_overflow"] {
        for &ty in SMALL {
            t.push(name, &[ty, ty], &[ty, I8], false);
        }
    }
    for &ty in SMALL {
        t.convert("ireduce", I128, ty, false);
    }
    t.push("select", &[I8, I128, I128], &[I128], false);
}

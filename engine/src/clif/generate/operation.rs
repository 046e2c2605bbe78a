//! Operations without control flow: those of the table, constants, divisions, traps.
#![forbid(unsafe_code)]

use super::body::{Body, Value, joined};
use super::ops::{Extra, Op};
use super::ty::Ty;

const INT_CONDITIONS: [&str; 10] =
    ["eq", "ne", "slt", "sge", "sgt", "sle", "ult", "uge", "ugt", "ule"];

const FLOAT_CONDITIONS: [&str; 14] =
    ["eq", "ne", "lt", "le", "gt", "ge", "uno", "ord", "one", "ueq", "ult", "ule", "ugt", "uge"];

const FLOAT_CONSTANTS: [&str; 12] = [
    "0.0",
    "-0.0",
    "0x1.0p0",
    "-0x1.8p1",
    "+Inf",
    "-Inf",
    "+NaN",
    "0x1.0p31",
    "0x1.0p63",
    "-0x1.000002p31",
    "0x1.0p-126",
    "0x1.fffffep10",
];

pub(super) const TRAPS: [&str; 4] = ["int_ovf", "int_divz", "heap_oob", "bad_toint"];

impl Body<'_, '_> {
    pub(super) fn constant(&mut self, ty: Ty) -> Value {
        match ty {
            Ty::I8 | Ty::I16 | Ty::I32 | Ty::I64 => {
                let bits = 64 - 8 * ty.bytes();
                let number = self.draw.number().cast_signed() << bits >> bits;
                self.define(ty, &format!("iconst.{} {number}", ty.name()))
            }
            Ty::F32 | Ty::F64 => {
                let text = self.draw.choice(&FLOAT_CONSTANTS);
                self.define(ty, &format!("{}const {text}", ty.name()))
            }
            Ty::I128 => {
                let (low, high) = (self.constant(Ty::I64), self.constant(Ty::I64));
                self.define(ty, &format!("iconcat {low}, {high}"))
            }
            vector => {
                let (low, high) = (self.draw.number(), self.draw.number());
                self.define(ty, &format!("vconst.{} 0x{high:016x}{low:016x}", vector.name()))
            }
        }
    }

    pub(super) fn operation(&mut self) {
        let table = self.table;
        let op = &table.ops()[self.draw.below(table.ops().len())];
        let args: Vec<String> = op.args.iter().map(|&ty| self.value(ty).to_string()).collect();
        let text = self.spell(op, &args);
        let results: Vec<Value> = op.results.iter().map(|&ty| self.fresh(ty)).collect();
        self.line(&format!("{} = {text}", joined(&results)));
        self.values.extend(results);
    }

    pub(super) fn spell(&mut self, op: &Op, args: &[String]) -> String {
        let suffix = op.suffix.map_or_else(String::new, |ty| format!(".{}", ty.name()));
        let args = args.join(", ");
        let name = op.name;
        match op.extra {
            Extra::Nothing => format!("{name}{suffix} {args}"),
            Extra::IntCondition => format!("{name} {} {args}", self.draw.choice(&INT_CONDITIONS)),
            Extra::FloatCondition => {
                // Pulley panics on the other conditions of vectors.
                let vectors = op.args[0].bytes() == 16;
                let known = if vectors { 7 } else { FLOAT_CONDITIONS.len() };
                format!("{name} {} {args}", self.draw.choice(&FLOAT_CONDITIONS[..known]))
            }
            Extra::Lane => format!("{name} {args}, {}", self.lane(op)),
            Extra::Mask => format!("{name} {args}, {}", self.mask()),
            Extra::Order => format!("{name}{suffix} little {args}"),
            Extra::TrapCode => format!("{name} {args}, {}", self.draw.choice(&TRAPS)),
        }
    }

    pub(super) fn lane(&mut self, op: &Op) -> usize {
        let (_, lanes) = op.args[0].lanes();
        self.draw.below(lanes)
    }

    pub(super) fn mask(&mut self) -> String {
        let lanes: Vec<String> = (0..16).map(|_| self.draw.below(32).to_string()).collect();
        format!("[{}]", lanes.join(" "))
    }

    /// A division, by a number that is seldom 0.
    pub(super) fn division(&mut self) {
        let ty = self.draw.choice(&[Ty::I32, Ty::I64, Ty::I8, Ty::I16]);
        let name = self.draw.choice(&["udiv", "urem", "sdiv", "srem"]);
        let (dividend, mut divisor) = (self.value(ty), self.value(ty));
        if !self.draw.chance(5) {
            let few = self.define(ty, &format!("iconst.{} 6", ty.name()));
            let one = self.define(ty, &format!("iconst.{} 1", ty.name()));
            let small = self.define(ty, &format!("band {divisor}, {few}"));
            divisor = self.define(ty, &format!("bor {small}, {one}"));
        }
        self.define(ty, &format!("{name} {dividend}, {divisor}"));
    }

    /// A trap, under a condition that seldom holds.
    pub(super) fn trap(&mut self) {
        let (left, right) = (self.value(Ty::I64), self.value(Ty::I64));
        let bit = self.define(Ty::I64, &format!("bxor {left}, {right}"));
        let rare = self.define(Ty::I64, "iconst.i64 0x1234_5678");
        let (condition, trap) = self.draw.choice(&[("eq", "trapnz"), ("ne", "trapz")]);
        let unlikely = self.define(Ty::I8, &format!("icmp {condition} {bit}, {rare}"));
        let code = self.draw.choice(&TRAPS);
        self.emit(&format!("{trap} {unlikely}, {code}"));
    }
}

//! One function: nested regions.
#![forbid(unsafe_code)]

use std::fmt::Write as _;

use super::Signature;
use super::draw::Draw;
use super::memory::Addresses;
use super::ops::{Extra, Op, Table};
use super::ty::Ty;

/// How deep regions nest, and how deep loops may still call.
const MAX_DEPTH: usize = 4;
const MAX_CALL_LOOPS: usize = 1;

/// Most statements of one function, and most calls.
const MAX_STATEMENTS: usize = 60;
const MAX_CALLS: usize = 3;

const INT_CONDITIONS: [&str; 10] =
    ["eq", "ne", "slt", "sge", "sgt", "sle", "ult", "uge", "ugt", "ule"];
const FLOAT_CONDITIONS: [&str; 14] =
    ["eq", "ne", "lt", "le", "gt", "ge", "ord", "uno", "one", "ueq", "ult", "ule", "ugt", "uge"];
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
const TRAPS: [&str; 4] = ["int_ovf", "int_divz", "heap_oob", "bad_toint"];

/// A value: its number and type.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) number: u32,
    pub(super) ty: Ty,
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}", self.number)
    }
}

/// A function in the making.
pub(super) struct Body<'b, 'e> {
    pub(super) draw: &'b mut Draw<'e>,
    pub(super) table: &'static Table,
    signatures: &'b [Signature],
    number: usize,
    /// Declarations of signatures and functions.
    preamble: Vec<String>,
    lines: Vec<String>,
    /// What the current region may use.
    values: Vec<Value>,
    next_value: u32,
    next_block: u32,
    /// Sizes of the stack slots, in bytes.
    pub(super) slots: Vec<u32>,
    statements: usize,
    calls: usize,
    loops: usize,
}

impl<'b, 'e> Body<'b, 'e> {
    pub(super) fn new(
        draw: &'b mut Draw<'e>,
        table: &'static Table,
        signatures: &'b [Signature],
        number: usize,
    ) -> Body<'b, 'e> {
        let slots = (0..draw.below(3)).map(|_| 8 << draw.below(6)).collect();
        Body {
            draw,
            table,
            signatures,
            number,
            preamble: Vec::new(),
            lines: Vec::new(),
            values: Vec::new(),
            next_value: 0,
            next_block: 1,
            slots,
            statements: 0,
            calls: 0,
            loops: 0,
        }
    }

    /// The text of the function.
    pub(super) fn function(mut self) -> String {
        let signature = &self.signatures[self.number];
        let params: Vec<Value> = signature.params.iter().map(|&ty| self.fresh(ty)).collect();
        self.values.extend(&params);
        self.region(0);
        self.finish();
        let mut text = format!("function %f{}{signature} {{\n", self.number);
        for (slot, bytes) in self.slots.iter().enumerate() {
            writeln!(text, "    ss{slot} = explicit_slot {bytes}").expect("strings take any text");
        }
        for line in &self.preamble {
            writeln!(text, "    {line}").expect("strings take any text");
        }
        writeln!(text, "block0({}):", declared(&params)).expect("strings take any text");
        text + &self.lines.join("\n") + "\n}\n"
    }

    pub(super) fn fresh(&mut self, ty: Ty) -> Value {
        self.next_value += 1;
        Value { number: self.next_value - 1, ty }
    }

    fn block(&mut self) -> u32 {
        self.next_block += 1;
        self.next_block - 1
    }

    fn line(&mut self, text: &str) {
        self.lines.push(format!("    {text}"));
    }

    fn open(&mut self, block: u32, params: &[Value]) {
        let list =
            if params.is_empty() { String::new() } else { format!("({})", declared(params)) };
        self.lines.push(format!("block{block}{list}:"));
        self.values.extend(params);
    }

    /// Writes an instruction with one result, which may be used from here on.
    pub(super) fn define(&mut self, ty: Ty, instruction: &str) -> Value {
        let value = self.fresh(ty);
        self.line(&format!("{value} = {instruction}"));
        self.values.push(value);
        value
    }

    /// Writes an instruction without a result.
    pub(super) fn emit(&mut self, instruction: &str) {
        self.line(instruction);
    }

    /// A value of a type: one that is there, often a late one, or a new constant.
    pub(super) fn value(&mut self, ty: Ty) -> Value {
        let known: Vec<Value> = self.values.iter().copied().filter(|v| v.ty == ty).collect();
        if known.is_empty() || self.draw.chance(15) {
            return self.constant(ty);
        }
        let window = known.len().min(if self.draw.chance(50) { 4 } else { known.len() });
        known[known.len() - 1 - self.draw.below(window)]
    }

    fn constant(&mut self, ty: Ty) -> Value {
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

    /// Straight code and nested regions.
    fn region(&mut self, depth: usize) {
        for _ in 0..=self.draw.below(12) {
            if self.statements >= MAX_STATEMENTS {
                return;
            }
            self.statements += 1;
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        match self.draw.below(100) {
            0..55 => self.operation(),
            55..78 => self.access(),
            78..83 if self.calls < MAX_CALLS && self.loops <= MAX_CALL_LOOPS => self.call(),
            83..85 => self.division(),
            85..86 => self.trap(),
            86..91 if depth < MAX_DEPTH => self.branch(depth),
            91..94 if depth < MAX_DEPTH => self.switch(depth),
            94..98 if depth < MAX_DEPTH => self.counted(depth),
            _ => self.operation(),
        }
    }

    fn operation(&mut self) {
        let table = self.table;
        let op = &table.ops()[self.draw.below(table.ops().len())];
        let args: Vec<String> = op.args.iter().map(|&ty| self.value(ty).to_string()).collect();
        let text = self.spell(op, &args);
        let results: Vec<Value> = op.results.iter().map(|&ty| self.fresh(ty)).collect();
        self.line(&format!("{} = {text}", joined(&results)));
        self.values.extend(results);
    }

    fn spell(&mut self, op: &Op, args: &[String]) -> String {
        let suffix = op.suffix.map_or_else(String::new, |ty| format!(".{}", ty.name()));
        let args = args.join(", ");
        let name = op.name;
        match op.extra {
            Extra::Nothing => format!("{name}{suffix} {args}"),
            Extra::IntCondition => format!("{name} {} {args}", self.draw.choice(&INT_CONDITIONS)),
            Extra::FloatCondition => {
                format!("{name} {} {args}", self.draw.choice(&FLOAT_CONDITIONS))
            }
            Extra::Lane => format!("{name} {args}, {}", self.lane(op)),
            Extra::Mask => format!("{name} {args}, {}", self.mask()),
            Extra::Order => format!("{name}{suffix} little {args}"),
        }
    }

    fn lane(&mut self, op: &Op) -> usize {
        let (_, lanes) = op.args[0].lanes();
        self.draw.below(lanes)
    }

    fn mask(&mut self) -> String {
        let lanes: Vec<String> = (0..16).map(|_| self.draw.below(32).to_string()).collect();
        format!("[{}]", lanes.join(" "))
    }

    /// A division, by a number that is seldom 0.
    fn division(&mut self) {
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
    fn trap(&mut self) {
        let (left, right) = (self.value(Ty::I64), self.value(Ty::I64));
        let bit = self.define(Ty::I64, &format!("bxor {left}, {right}"));
        let rare = self.define(Ty::I64, "iconst.i64 0x1234_5678");
        let equal = self.define(Ty::I8, &format!("icmp eq {bit}, {rare}"));
        let code = self.draw.choice(&TRAPS);
        self.emit(&format!("trapnz {equal}, {code}"));
    }

    /// Two arms that meet again; one of them may leave the function.
    fn branch(&mut self, depth: usize) {
        let condition = self.value(Ty::I8);
        let (then, otherwise, merge) = (self.block(), self.block(), self.block());
        self.line(&format!("brif {condition}, block{then}, block{otherwise}"));
        let types = self.carried();
        let leaves = self.draw.chance(10);
        self.arm(then, merge, &types, depth, leaves);
        self.arm(otherwise, merge, &types, depth, false);
        self.merge(merge, &types);
    }

    /// A table of branches, whose arms meet again.
    fn switch(&mut self, depth: usize) {
        let index = self.value(Ty::I32);
        let arms: Vec<u32> = (0..1 + self.draw.below(4)).map(|_| self.block()).collect();
        let merge = self.block();
        let default = self.draw.choice(&arms);
        let targets: Vec<String> = arms.iter().map(|block| format!("block{block}")).collect();
        self.line(&format!("br_table {index}, block{default}, [{}]", targets.join(", ")));
        let types = self.carried();
        for arm in arms {
            self.arm(arm, merge, &types, depth, false);
        }
        self.merge(merge, &types);
    }

    /// A loop that counts down, and carries values around.
    fn counted(&mut self, depth: usize) {
        let turns = 1 + self.draw.below(5);
        let first = self.define(Ty::I32, &format!("iconst.i32 {turns}"));
        let types = self.carried();
        let (header, exit) = (self.block(), self.block());
        let initial = self.arguments(&types);
        let begun = std::iter::once(first).chain(initial).collect::<Vec<_>>();
        self.line(&format!("jump block{header}({})", joined(&begun)));
        let outside = self.values.len();
        let counter = self.fresh(Ty::I32);
        let carried: Vec<Value> = types.iter().map(|&ty| self.fresh(ty)).collect();
        let params: Vec<Value> = std::iter::once(counter).chain(carried).collect();
        self.open(header, &params);
        self.loops += 1;
        self.region(depth + 1);
        self.loops -= 1;
        let one = self.define(Ty::I32, "iconst.i32 1");
        let left = self.define(Ty::I32, &format!("isub {counter}, {one}"));
        let next = self.arguments(&types);
        let again: Vec<Value> = std::iter::once(left).chain(next.iter().copied()).collect();
        let end = target(exit, &next);
        self.line(&format!("brif {left}, block{header}({}), {end}", joined(&again)));
        self.values.truncate(outside);
        self.merge(exit, &types);
    }

    /// The types of the values that leave a region.
    fn carried(&mut self) -> Vec<Ty> {
        (0..self.draw.below(3)).map(|_| Ty::draw(self.draw)).collect()
    }

    fn arguments(&mut self, types: &[Ty]) -> Vec<Value> {
        types.iter().map(|&ty| self.value(ty)).collect()
    }

    fn arm(&mut self, block: u32, merge: u32, types: &[Ty], depth: usize, leaves: bool) {
        let outside = self.values.len();
        self.open(block, &[]);
        self.region(depth + 1);
        if leaves {
            self.finish();
        } else {
            let values = self.arguments(types);
            self.line(&format!("jump {}", target(merge, &values)));
        }
        self.values.truncate(outside);
    }

    fn merge(&mut self, block: u32, types: &[Ty]) {
        let params: Vec<Value> = types.iter().map(|&ty| self.fresh(ty)).collect();
        self.open(block, &params);
    }

    /// Leaves the function: by a return, or by a tail call.
    fn finish(&mut self) {
        let results = &self.signatures[self.number].results;
        let later = self.number + 1..self.signatures.len();
        let fitting: Vec<usize> =
            later.filter(|&other| self.signatures[other].results == *results).collect();
        if !fitting.is_empty() && self.loops == 0 && self.draw.chance(40) {
            let callee = self.draw.choice(&fitting);
            return self.invoke(callee, true);
        }
        let values = self.arguments(&results.clone());
        self.line(format!("return {}", joined(&values)).trim_end());
    }

    fn call(&mut self) {
        let later = self.signatures.len() - self.number - 1;
        if later == 0 {
            return self.operation();
        }
        self.calls += 1;
        let callee = self.number + 1 + self.draw.below(later);
        self.invoke(callee, false);
    }

    /// A call of a function, by name or through its code index, or in place of
    /// returning.
    fn invoke(&mut self, callee: usize, tail: bool) {
        let signature = self.signatures[callee].clone();
        let args = self.arguments(&signature.params);
        let text = if self.draw.chance(50) {
            let index = self.code_index(callee);
            let declared = self.declare("sig", &signature.to_string());
            let name = if tail { "return_call_indirect" } else { "call_indirect" };
            format!("{name} {declared}, {index}({})", joined(&args))
        } else {
            let declared = self.declare("fn", &format!("%f{callee}{signature}"));
            let name = if tail { "return_call" } else { "call" };
            format!("{name} {declared}({})", joined(&args))
        };
        if tail || signature.results.is_empty() {
            return self.line(&text);
        }
        let results: Vec<Value> = signature.results.iter().map(|&ty| self.fresh(ty)).collect();
        self.line(&format!("{} = {text}", joined(&results)));
        self.values.extend(results);
    }

    /// A code index: function `n` is entry `n + 1`. Seldom one that no function has.
    fn code_index(&mut self, callee: usize) -> Value {
        let index = if self.draw.chance(3) {
            self.draw.choice(&[0, self.signatures.len() + 1, 0xffff, 0x1_0000, 0x7fff_ffff])
        } else {
            callee + 1
        };
        self.define(Ty::I32, &format!("iconst.i32 {index}"))
    }

    /// Declares a signature or a function, once.
    fn declare(&mut self, kind: &str, what: &str) -> String {
        let known = self.preamble.iter().find_map(|line| {
            let (name, declared) = line.split_once(" = ")?;
            (declared == what && name.starts_with(kind)).then(|| name.to_owned())
        });
        known.unwrap_or_else(|| {
            let name = format!("{kind}{}", self.preamble.len());
            self.preamble.push(format!("{name} = {what}"));
            name
        })
    }

    fn access(&mut self) {
        Addresses::new(self).access();
    }
}

fn joined(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

fn declared(params: &[Value]) -> String {
    let params = params.iter().map(|param| format!("{param}: {}", param.ty.name()));
    params.collect::<Vec<_>>().join(", ")
}

/// A block with its arguments.
fn target(block: u32, values: &[Value]) -> String {
    if values.is_empty() {
        format!("block{block}")
    } else {
        format!("block{block}({})", joined(values))
    }
}

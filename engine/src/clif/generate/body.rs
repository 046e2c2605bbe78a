//! One function: nested regions.
#![forbid(unsafe_code)]

use std::fmt::Write as _;

use super::Signature;
use super::draw::Draw;
use super::memory::Addresses;
use super::object::Object;
use super::ops::Table;
use super::ty::Ty;

/// How deep regions nest, and how deep loops may still call.
const MAX_DEPTH: usize = 4;
const MAX_CALL_LOOPS: usize = 1;

/// Most statements of one function, and most calls.
const MAX_STATEMENTS: usize = 60;
const MAX_CALLS: usize = 3;

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
    pub(super) signatures: &'b [Signature],
    pub(super) number: usize,
    /// Declarations of signatures and functions.
    pub(super) preamble: Vec<String>,
    lines: Vec<String>,
    /// What the current region may use.
    pub(super) values: Vec<Value>,
    next_value: u32,
    next_block: u32,
    /// Sizes of the stack slots, in bytes.
    pub(super) slots: Vec<u32>,
    /// Structures that the function has written.
    pub(super) objects: Vec<Object>,
    statements: usize,
    pub(super) calls: usize,
    pub(super) loops: usize,
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
            objects: Vec::new(),
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
        self.make_objects();
        self.region(0);
        self.finish();
        let mut text = format!("function %f{}{signature} {{\n", self.number);
        for (slot, bytes) in self.slots.iter().enumerate() {
            writeln!(text, "    ss{slot} = explicit_slot {bytes}").expect("strings take any text");
        }
        // A function declares a signature without a number: the numbered ones come first.
        let (functions, signatures): (Vec<&String>, Vec<&String>) =
            self.preamble.iter().partition(|line| line.starts_with("fn"));
        for line in signatures.into_iter().chain(functions) {
            writeln!(text, "    {line}").expect("strings take any text");
        }
        writeln!(text, "block0({}):", declared(&params)).expect("strings take any text");
        text + &self.lines.join("\n") + "\n}\n"
    }

    pub(super) fn fresh(&mut self, ty: Ty) -> Value {
        self.next_value += 1;
        Value { number: self.next_value - 1, ty }
    }

    pub(super) fn block(&mut self) -> u32 {
        self.next_block += 1;
        self.next_block - 1
    }

    pub(super) fn line(&mut self, text: &str) {
        self.lines.push(format!("    {text}"));
    }

    pub(super) fn open(&mut self, block: u32, params: &[Value]) {
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
        let known = self.values.iter().filter(|value| value.ty == ty).count();
        if known == 0 || self.draw.chance(15) {
            return self.constant(ty);
        }
        let window = known.min(if self.draw.chance(50) { 4 } else { known });
        let from_last = self.draw.below(window);
        let mut latest = self.values.iter().rev().filter(|value| value.ty == ty);
        *latest.nth(from_last).expect("the window holds what is known")
    }

    /// Straight code and nested regions.
    pub(super) fn region(&mut self, depth: usize) {
        for _ in 0..=self.draw.below(12) {
            if self.statements >= MAX_STATEMENTS {
                return;
            }
            self.statements += 1;
            self.statement(depth);
        }
    }

    pub(super) fn statement(&mut self, depth: usize) {
        match self.draw.below(100) {
            0..55 => self.operation(),
            55..78 => self.access(),
            78..83 if self.may_call() => self.call(),
            83..85 => self.division(),
            85..86 => self.trap(),
            86..91 if depth < MAX_DEPTH => self.branch(depth),
            91..94 if depth < MAX_DEPTH => self.switch(depth),
            94..98 if depth < MAX_DEPTH => self.counted(depth),
            _ => self.operation(),
        }
    }

    /// Whether another call leaves the program short.
    pub(super) fn may_call(&self) -> bool {
        self.calls < MAX_CALLS && self.loops <= MAX_CALL_LOOPS
    }

    pub(super) fn access(&mut self) {
        if !self.objects.is_empty() && self.draw.chance(35) {
            return self.use_object();
        }
        Addresses::new(self).access();
    }
}

pub(super) fn joined(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

fn declared(params: &[Value]) -> String {
    let params = params.iter().map(|param| format!("{param}: {}", param.ty.name()));
    params.collect::<Vec<_>>().join(", ")
}

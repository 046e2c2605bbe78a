//! Random CLIF programs over the arena, from bytes of entropy.
//!
//! A program is a few functions. Every function is made of nested regions (`body`):
//! straight code, branches, tables of branches, counted loops. Values that a region
//! makes are used in it and in what it contains, so every use is dominated by its
//! definition. Loops count down from a constant, and calls go to functions with a
//! higher number, so every program ends. The operations come from one table (`ops`),
//! the addresses from every shape that a backend folds (`memory`). Some functions keep VM
//! structures in memory, and check bounds and types as a front end's code does (`object`).
//!
//! The same bytes give the same text. When the bytes run out every draw is 0, which
//! everywhere selects the smallest thing there is.
#![forbid(unsafe_code)]

mod body;
mod calls;
mod control;
mod draw;
mod memory;
mod object;
mod operation;
mod ops;
#[cfg(test)]
pub(in crate::clif) mod tests;
mod ty;

use std::fmt::Write as _;

use body::Body;
use draw::Draw;
use ops::Table;
use ty::Ty;

/// What a program may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Only what every executor has.
    Portable,
    /// Also what Pulley lacks: most of 128-bit integers, atomics, some opcodes.
    Whole,
}

/// Most functions of a program.
const MAX_FUNCTIONS: usize = 5;

/// Makes a program.
#[must_use]
pub fn generate(entropy: &[u8], dialect: Dialect) -> String {
    let mut draw = Draw::new(entropy);
    let table = Table::of(dialect);
    let signatures = signatures(&mut draw);
    let mut text = String::new();
    for number in 0..signatures.len() {
        let function = Body::new(&mut draw, table, &signatures, number).function();
        writeln!(text, "{function}").expect("strings take any text");
    }
    text
}

/// The parameters and results of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature {
    params: Vec<Ty>,
    results: Vec<Ty>,
}

impl Signature {
    fn draw(draw: &mut Draw<'_>) -> Signature {
        let params = (0..=draw.below(4)).map(|_| Ty::draw(draw)).collect();
        // More than eight results do not fit registers.
        let count = if draw.chance(4) { 9 + draw.below(3) } else { draw.below(4) };
        let results = (0..count).map(|_| Ty::draw(draw)).collect();
        Signature { params, results }
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({})", list(&self.params))?;
        if !self.results.is_empty() {
            write!(f, " -> {}", list(&self.results))?;
        }
        f.write_str(" tail")
    }
}

fn list(types: &[Ty]) -> String {
    types.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(", ")
}

/// The signatures of a program's functions. Many have the results of another one, so
/// that there is something to call in place of returning.
fn signatures(draw: &mut Draw<'_>) -> Vec<Signature> {
    let mut all: Vec<Signature> = Vec::new();
    for _ in 0..=draw.below(MAX_FUNCTIONS) {
        let mut signature = Signature::draw(draw);
        if !all.is_empty() && draw.chance(50) {
            signature.results.clone_from(&all[draw.below(all.len())].results);
        }
        all.push(signature);
    }
    all
}

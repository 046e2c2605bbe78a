//! Control flow: branches, tables of branches, counted loops, and the ways out.
#![forbid(unsafe_code)]

use super::body::{Body, Value, joined};
use super::operation::TRAPS;
use super::ty::Ty;

impl Body<'_, '_> {
    /// Two arms that meet again; one of them may leave the function.
    pub(super) fn branch(&mut self, depth: usize) {
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
    pub(super) fn switch(&mut self, depth: usize) {
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
    pub(super) fn counted(&mut self, depth: usize) {
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
    pub(super) fn carried(&mut self) -> Vec<Ty> {
        (0..self.draw.below(3)).map(|_| Ty::draw(self.draw)).collect()
    }

    pub(super) fn arguments(&mut self, types: &[Ty]) -> Vec<Value> {
        types.iter().map(|&ty| self.value(ty)).collect()
    }

    pub(super) fn arm(&mut self, block: u32, merge: u32, types: &[Ty], depth: usize, leaves: bool) {
        let outside = self.values.len();
        self.open(block, &[]);
        self.region(depth + 1);
        if leaves {
            self.leave();
        } else {
            let values = self.arguments(types);
            self.line(&format!("jump {}", target(merge, &values)));
        }
        self.values.truncate(outside);
    }

    pub(super) fn merge(&mut self, block: u32, types: &[Ty]) {
        let params: Vec<Value> = types.iter().map(|&ty| self.fresh(ty)).collect();
        self.open(block, &params);
    }

    /// Leaves the function early: mostly as at its end, sometimes by a trap.
    fn leave(&mut self) {
        if self.draw.chance(10) {
            let code = self.draw.choice(&TRAPS);
            return self.line(&format!("trap {code}"));
        }
        self.finish();
    }

    /// Leaves the function: by a return, or by a tail call.
    pub(super) fn finish(&mut self) {
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
}

/// A block with its arguments.
fn target(block: u32, values: &[Value]) -> String {
    if values.is_empty() {
        format!("block{block}")
    } else {
        format!("block{block}({})", joined(values))
    }
}

//! Calls, to functions with a higher number.
#![forbid(unsafe_code)]

use super::body::{Body, Value, joined};
use super::ty::Ty;

impl Body<'_, '_> {
    pub(super) fn call(&mut self) {
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
    pub(super) fn invoke(&mut self, callee: usize, tail: bool) {
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
        if tail {
            return self.line(&text);
        }
        self.take_results(callee, &text);
    }

    /// A call through a code index that was found somewhere.
    pub(super) fn invoke_through(&mut self, code: Value, callee: usize) {
        let signature = self.signatures[callee].clone();
        let args = self.arguments(&signature.params);
        let declared = self.declare("sig", &signature.to_string());
        self.take_results(callee, &format!("call_indirect {declared}, {code}({})", joined(&args)));
    }

    fn take_results(&mut self, callee: usize, text: &str) {
        let signature = self.signatures[callee].clone();
        if signature.results.is_empty() {
            return self.line(text);
        }
        let results: Vec<Value> = signature.results.iter().map(|&ty| self.fresh(ty)).collect();
        self.line(&format!("{} = {text}", joined(&results)));
        self.values.extend(results);
    }

    /// A code index: function `n` is entry `n + 1`. Seldom one that no function has.
    pub(super) fn code_index(&mut self, callee: usize) -> Value {
        let index = if self.draw.chance(3) {
            self.draw.choice(&[0, self.signatures.len() + 1, 0xffff, 0x1_0000, 0x7fff_ffff])
        } else {
            callee + 1
        };
        self.define(Ty::I32, &format!("iconst.i32 {index}"))
    }

    /// Declares a signature or a function, once.
    pub(super) fn declare(&mut self, kind: &str, what: &str) -> String {
        let known = self.preamble.iter().find_map(|line| {
            let (name, declared) = line.split_once(" = ")?;
            (declared == what && name.starts_with(kind)).then(|| name.to_owned())
        });
        known.unwrap_or_else(|| {
            let before = self.preamble.iter().filter(|line| line.starts_with(kind)).count();
            let name = format!("{kind}{before}");
            self.preamble.push(format!("{name} = {what}"));
            name
        })
    }
}

//! What executors remember of the functions that they compiled.
//!
//! Programs that were prepared from one another share their unchanged functions, so an
//! executor that has compiled one of them knows most of the next. A function is known by
//! its address, which stays its own as long as it is remembered here.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Arc;

use cranelift_codegen::ir::Function;

/// Most functions that are remembered once nobody else has them.
const CAPACITY: usize = 4096;

/// Functions with what was made of them.
#[derive(Debug)]
pub(crate) struct Compiled<T>(HashMap<*const Function, (Arc<Function>, T)>);

impl<T> Default for Compiled<T> {
    fn default() -> Compiled<T> {
        Compiled(HashMap::new())
    }
}

impl<T> Compiled<T> {
    /// What was made of a function before.
    pub(crate) fn get(&self, function: &Arc<Function>) -> Option<&T> {
        self.0.get(&Arc::as_ptr(function)).map(|(_, made)| made)
    }

    /// Remembers what was made of a function.
    pub(crate) fn insert(&mut self, function: &Arc<Function>, made: T) {
        if self.0.len() >= CAPACITY {
            self.0.retain(|_, (function, _)| Arc::strong_count(function) > 1);
        }
        if self.0.len() >= CAPACITY {
            self.0.clear();
        }
        self.0.insert(Arc::as_ptr(function), (function.clone(), made));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_identity_and_forgotten_when_there_are_too_many() {
        let mut compiled = Compiled::default();
        let kept = Arc::new(Function::new());
        compiled.insert(&kept, 0);
        for number in 1..=CAPACITY {
            compiled.insert(&Arc::new(Function::new()), number);
        }
        assert_eq!(compiled.get(&kept), Some(&0));
        assert_eq!(compiled.get(&Arc::new(Function::new())), None);
        assert!(compiled.0.len() < CAPACITY);
    }
}

//! Where the tests of the public interface run native code: `FENCEPOST_TEST_NATIVE`
//! chooses, in this process without it.

use engine::jit::{Jit, JitConfig, Native};

/// An executor for native code.
pub(crate) fn jit(optimize: bool) -> Jit {
    let in_cell = std::env::var("FENCEPOST_TEST_NATIVE").is_ok_and(|native| native == "cell");
    let native = if in_cell { Native::Cell } else { Native::InProcess };
    Jit::new(JitConfig { optimize, native, ..JitConfig::default() }).expect("native code")
}

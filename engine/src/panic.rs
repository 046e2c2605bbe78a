//! Code that may panic, and what is left of it then: a message.
//!
//! Compilers, parsers and generators of others panic at some input. That is a result, which
//! the harness judges and shows, so it is not printed as well. A panic of trusted code is a
//! defect of this project: its place on standard error is worth having.
#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// How many calls of [`contained`] this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// What code of others returns, or the message of its panic.
///
/// State that `code` changes is left as the panic left it: the caller drops it, or knows why
/// it may be used.
pub(crate) fn contained<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.get() == 0 {
                print(info);
            }
        }));
    });
    DEPTH.set(DEPTH.get() + 1);
    let result = unwound(code);
    DEPTH.set(DEPTH.get() - 1);
    result
}

/// What trusted code returns, or the message of its panic, which is printed, too, also where
/// code of others called it.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    let depth = DEPTH.replace(0);
    let result = unwound(code);
    DEPTH.set(depth);
    result
}

fn unwound<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(code)).map_err(|payload| message(&*payload))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    format!("panic: {}", text.unwrap_or("no message"))
}

#[cfg(test)]
mod tests {
    use super::contained;

    #[test]
    fn a_panic_is_a_message() {
        assert_eq!(contained(|| 7), Ok(7));
        assert_eq!(contained(|| panic!("at once")), Err::<(), _>("panic: at once".to_owned()));
        let formatted = contained(|| panic!("number {}", 7));
        assert_eq!(formatted, Err::<(), _>("panic: number 7".to_owned()));
        let other = contained(|| std::panic::panic_any(7));
        assert_eq!(other, Err::<(), _>("panic: no message".to_owned()));
    }

    #[test]
    fn one_within_another_ends_where_it_is_contained() {
        let outer = contained(|| contained(|| panic!("inner")).expect_err("it panics"));
        assert_eq!(outer, Ok("panic: inner".to_owned()));
    }
}

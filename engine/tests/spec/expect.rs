//! What a script expects of a directive, and whether it came to that.

use engine::executor::Stop;
use engine::frontend::{self, FrontendError};
use engine::runtime::{Ended, Value};
use engine::trap::Trap;
use wast::{QuoteWat, QuoteWatTest, WastDirective};

use crate::runner::{Failure, Held, wrong};

/// A module that must not get past decoding, in text or binary.
pub(crate) fn malformed(mut module: QuoteWat<'_>) -> Held {
    match module.to_test() {
        Err(_) => Ok("assert_malformed"),
        Ok(QuoteWatTest::Text(text)) => {
            let Ok(text) = String::from_utf8(text) else { return Ok("assert_malformed") };
            match wat::parse_str(&text) {
                Err(_) => Ok("assert_malformed"),
                Ok(wasm) => refused("assert_malformed", &wasm),
            }
        }
        Ok(QuoteWatTest::Binary(wasm)) => refused("assert_malformed", &wasm),
    }
}

/// A module that is right but for a custom section, or an annotation that stands for one:
/// tools that know the section must refuse it, others may ignore it.
pub(crate) fn wrong_custom_section(module: QuoteWat<'_>) -> Held {
    match malformed(module) {
        Ok(_) => Ok("custom section refused"),
        Err(Failure::Wrong(_)) => Err(Failure::Skip("custom section ignored".to_owned())),
        skipped => skipped,
    }
}

/// A module that must not get past validation.
///
/// What is invalid for having two of something is so in the proposals that are older than
/// several memories and tables.
pub(crate) fn invalid(mut module: QuoteWat<'_>, message: &str) -> Held {
    let held = match module.encode() {
        Err(_) => Ok("assert_invalid"),
        Ok(wasm) => refused("assert_invalid", &wasm),
    };
    match held {
        Err(Failure::Wrong(_)) if message.starts_with("multiple ") => {
            Err(Failure::Skip(message.to_owned()))
        }
        held => held,
    }
}

/// A module of a feature that is off may be valid with it: that is no answer.
fn refused(kind: &'static str, wasm: &[u8]) -> Held {
    match frontend::translate(wasm) {
        Err(FrontendError::Invalid { .. }) => Ok(kind),
        Err(FrontendError::Unsupported(feature)) => Err(Failure::Skip(feature)),
        Err(error) => wrong(error),
        Ok(_) => wrong("it is valid"),
    }
}

pub(crate) fn expect_trap(
    kind: &'static str,
    outcome: Result<Vec<Value>, Ended>,
    expected: &[Trap],
) -> Held {
    match outcome {
        Err(Ended::Stopped(Stop::Trap(report))) if expected.contains(&report.trap) => Ok(kind),
        other => wrong((other, expected)),
    }
}

/// The traps that a message of the test suite stands for.
pub(crate) fn expected_traps(message: &str) -> &'static [Trap] {
    const MESSAGES: [(&str, &[Trap]); 15] = [
        ("expected shared memory", &[Trap::AtomicWaitNonSharedMemory]),
        ("unaligned atomic", &[Trap::HeapMisaligned]),
        ("integer divide by zero", &[Trap::IntegerDivisionByZero]),
        ("integer overflow", &[Trap::IntegerOverflow]),
        ("invalid conversion to integer", &[Trap::BadConversionToInteger]),
        ("undefined element", &[Trap::TableOutOfBounds]),
        ("uninitialized element", &[Trap::IndirectCallToNull]),
        ("indirect call type mismatch", &[Trap::BadSignature]),
        ("out of bounds memory access", &[Trap::HeapOutOfBounds]),
        ("out of bounds table access", &[Trap::TableOutOfBounds]),
        ("unreachable", &[Trap::Unreachable]),
        ("null function reference", &[Trap::NullReference, Trap::IndirectCallToNull]),
        ("null", &[Trap::NullReference]),
        ("cast failure", &[Trap::CastFailure]),
        ("out of bounds array access", &[Trap::ArrayOutOfBounds]),
    ];
    let found = MESSAGES.iter().find(|(start, _)| message.starts_with(start));
    found.map_or(&[], |(_, traps)| traps)
}

pub(crate) fn kind(directive: &WastDirective<'_>) -> &'static str {
    match directive {
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::Thread(_) | WastDirective::Wait { .. } => "thread",
        _ => "unknown",
    }
}

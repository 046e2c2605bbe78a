//! The numbers of entities in text: `v7`, `block3`, `sig0`.
//!
//! A parsed function keeps its entities in tables indexed by these numbers, so one line of
//! text can ask for any amount of memory. Text that numbers its entities beyond all need is
//! refused before it is parsed.
#![forbid(unsafe_code)]

use super::read::ReadError;

/// The largest number of an entity: more than a file within the limit of size needs.
const MAX_NUMBER: u64 = 1 << 20;

/// What entities are named by.
const SIGILS: [&str; 10] = ["v", "block", "ss", "gv", "sig", "fn", "const", "region", "dt", "jt"];

/// Refuses text with an entity whose number is too large.
pub(super) fn check(text: &str) -> Result<(), ReadError> {
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split(';').next().unwrap_or_default();
        let words = code.split(|c: char| !(c.is_ascii_alphanumeric() || "_%\"".contains(c)));
        if let Some(word) = words.into_iter().find(|word| is_beyond(word)) {
            let message = format!("the number of {word} is above {MAX_NUMBER}");
            return Err(ReadError { message, line: Some(number) });
        }
    }
    Ok(())
}

/// Whether a word is an entity with a number that is too large.
fn is_beyond(word: &str) -> bool {
    let name = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &word[name.len()..];
    // A number of more digits than the bound is beyond it, whether or not it fits.
    SIGILS.contains(&name)
        && !digits.is_empty()
        && digits.parse::<u64>().map_or(true, |number| number > MAX_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_all_need_are_refused_with_their_line() {
        for entity in ["v4294967294", "block1048577", "ss99999999999999999999", "sig4294967290"] {
            let error =
                check(&format!("function %f() {{\n  {entity} = (i32)\n")).expect_err(entity);
            assert_eq!(error.line, Some(2));
            assert!(error.message.contains(entity), "{error}");
        }
    }

    #[test]
    fn other_numbers_are_not_entities() {
        let text = "function %v99999999(i32) {\nblock0(v1048576: i32):\n  v2 = iconst.i64 \
            99999999999\n  v3 = load.i32 user200 v1+4294967295 ; v4294967295\n";
        assert_eq!(check(text), Ok(()));
    }
}

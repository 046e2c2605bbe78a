//! CLIF text to a [`Source`].
#![forbid(unsafe_code)]

use cranelift_codegen::isa::CallConv;
use cranelift_reader::{Details, ParseOptions, TestFile, parse_run_command, parse_test};

use super::numbering;
use super::run_line::RunLine;
use super::source::{Definition, Source};
use crate::panic::contained;

/// Why text is no CLIF program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// What is wrong with it.
    pub message: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
}

/// What the lines before the first function begin with that say how Cranelift's own
/// test runner should treat the file.
const DIRECTIVES: [&str; 4] = ["test", "target", "set", "feature"];

/// Reads a program. Nothing is verified but the syntax.
///
/// # Errors
/// [`ReadError`].
pub fn read(text: &str) -> Result<Source, ReadError> {
    let text = without_directives(text);
    numbering::check(&text)?;
    // The parser panics at some text that it should refuse.
    contained(|| parse(&text)).unwrap_or_else(|message| Err(ReadError { message, line: None }))
}

fn parse(text: &str) -> Result<Source, ReadError> {
    let options = ParseOptions {
        passes: Some(&[]),
        default_calling_convention: CallConv::Tail,
        ..ParseOptions::default()
    };
    let file = parse_test(text, options).map_err(|error| ReadError {
        message: error.message,
        line: Some(error.location.line_number),
    })?;
    if file.functions.is_empty() {
        return Err(ReadError { message: "no function".to_owned(), line: None });
    }
    let runs = run_lines(text, &file)?;
    let definition = |(function, details): (_, Details<'_>)| Definition {
        function,
        line: details.location.line_number,
    };
    Ok(Source { definitions: file.functions.into_iter().map(definition).collect(), runs })
}

/// The text with empty lines in place of directives.
fn without_directives(text: &str) -> String {
    let mut preamble = true;
    let lines = text.split('\n').map(|line| {
        let word = line.split_whitespace().next().unwrap_or_default();
        preamble &= word != "function";
        if preamble && DIRECTIVES.contains(&word) { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The run lines of all functions, in the order of the file.
fn run_lines(text: &str, file: &TestFile<'_>) -> Result<Vec<RunLine>, ReadError> {
    let mut runs = Vec::new();
    for (function, details) in &file.functions {
        for comment in &details.comments {
            let line = line_of(text, comment.text);
            let command = parse_run_command(comment.text, &function.signature);
            let invalid = |message| ReadError { message, line: Some(line) };
            let command = command.map_err(|error| invalid(error.message))?;
            if let Some(command) = command {
                runs.push(RunLine::new(&command, function, line).map_err(invalid)?);
            }
        }
    }
    Ok(runs)
}

/// The line of a part of the text.
fn line_of(text: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr() - text.as_ptr().addr();
    1 + text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_errors_have_their_line() {
        let error = read("test run\ntarget x86_64\n\nfunction %f() {\nblock0:\n  bad v0\n}\n");
        assert_eq!(error.expect_err("bad is no opcode").line, Some(6));
        let error = read(
            "function %f() -> i8 {\nblock0:\n  v0 = iconst.i8 1\n  return v0\n}\n; run: %f() == x\n",
        );
        assert_eq!(error.expect_err("x is no value").line, Some(6));
    }

    #[test]
    fn text_without_a_function_is_refused() {
        assert_eq!(read("test run\n").expect_err("nothing").message, "no function");
    }

    #[test]
    fn targets_do_not_count() {
        let source = read(
            "test interpret\nset opt_level=speed\ntarget riscv64 has_v\n\
            function %f(i32) -> i32 {\nblock0(v0: i32):\n  return v0\n}\n; run: %f(7) == 7\n",
        );
        let source = source.expect("valid");
        assert_eq!((source.definitions.len(), source.runs.len()), (1, 1));
        assert_eq!(source.runs[0].line, 8);
    }
}

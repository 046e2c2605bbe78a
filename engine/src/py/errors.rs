//! The one mapping from the engine's errors to Python exceptions.
#![forbid(unsafe_code)]

use pyo3::PyErr;
use pyo3::exceptions::{PyException, PyMemoryError, PyOSError, PyValueError};

use crate::attack::AttackError;
use crate::clif::SourceError;
use crate::confuse;
use crate::corrupt;
use crate::frontend::FrontendError;
use crate::jit::JitError;
use crate::run::RunError;
use crate::smith::SmithError;
use crate::weave::WeaveError;

pyo3::create_exception!(engine, InvalidInput, PyValueError, "Not valid WebAssembly.");
pyo3::create_exception!(engine, Unsupported, PyException, "Valid, but not for this engine.");
pyo3::create_exception!(engine, PlanError, PyValueError, "A plan that does not fit its program.");
pyo3::create_exception!(engine, ScheduleError, PyValueError, "Not a schedule for its program.");
pyo3::create_exception!(
    engine,
    SnapshotError,
    PyValueError,
    "A snapshot that does not fit its program, or is none."
);
pyo3::create_exception!(engine, CompileFailure, PyException, "A compiler failed on valid input.");

/// What a failed translation is in Python.
pub(super) fn frontend(error: FrontendError) -> PyErr {
    match error {
        FrontendError::Invalid { message, offset } => {
            InvalidInput::new_err((message, Some(offset), None::<usize>))
        }
        FrontendError::Unsupported(feature) => Unsupported::new_err(feature),
        FrontendError::CompileFailure(message) => CompileFailure::new_err(message),
        FrontendError::Environment(message) => PyOSError::new_err(message),
    }
}

/// What a module with a wrong import of the attack interface is in Python.
pub(super) fn attack(error: &AttackError) -> PyErr {
    InvalidInput::new_err((error.to_string(), None::<usize>, None::<usize>))
}

/// What CLIF that makes no program is in Python.
pub(super) fn clif(error: SourceError) -> PyErr {
    match error {
        SourceError::Invalid(error) => {
            InvalidInput::new_err((error.message, None::<usize>, error.line))
        }
        SourceError::Unsupported(feature) => Unsupported::new_err(feature),
    }
}

/// What a run that did not take place is in Python.
pub(super) fn run(error: RunError) -> PyErr {
    match error {
        RunError::Request(message) => PyValueError::new_err(message),
        RunError::Schedule(error) => schedule(error),
        RunError::Unsupported(feature) => Unsupported::new_err(feature),
        RunError::CompileFailure(message) => CompileFailure::new_err(message),
        RunError::Snapshot(message) => SnapshotError::new_err(message),
        RunError::Environment(message) => PyMemoryError::new_err(message),
    }
}

/// What a schedule that cannot be followed is in Python.
pub(super) fn schedule(error: corrupt::ScheduleError) -> PyErr {
    ScheduleError::new_err(error.to_string())
}

/// What a plan that does not fit is in Python.
pub(super) fn plan(error: confuse::PlanError) -> PyErr {
    PlanError::new_err(error.to_string())
}

/// What a native executor that cannot be made is to a run.
pub(super) fn jit(error: JitError) -> RunError {
    match error {
        JitError::Setting(error) => RunError::Request(error.to_string()),
        error => RunError::Environment(error.to_string()),
    }
}

/// What a text module that does not parse is in Python. `text` is what was parsed.
pub(super) fn text(text: &[u8], error: &wat::Error) -> PyErr {
    // The first line of wat's report is the message, the second names the place.
    let report = error.to_string();
    let mut lines = report.lines();
    let message = lines.next().unwrap_or_default().to_owned();
    let line = lines
        .next()
        .and_then(|place| place.split(':').nth(1))
        .and_then(|line| line.parse::<usize>().ok())
        .filter(|&line| line <= text.split(|&byte| byte == b'\n').count());
    InvalidInput::new_err((message, None::<usize>, line))
}

/// What a module that cannot be woven is in Python.
pub(super) fn weave(error: WeaveError) -> PyErr {
    match error {
        WeaveError::Invalid { message, offset } => {
            InvalidInput::new_err((message, Some(offset), None::<usize>))
        }
        WeaveError::Unsupported(message) => Unsupported::new_err(message),
    }
}

/// What a failure of wasm-smith is in Python.
pub(super) fn smith(error: SmithError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

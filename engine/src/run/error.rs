//! Why a program did not run at all.
#![forbid(unsafe_code)]

use crate::attack::AttackError;
use crate::code_table::TableFull;
use crate::corrupt::ScheduleError;
use crate::executor::LoadError;
use crate::frontend::FrontendError;
use crate::passes::PassError;
use crate::runtime::{InstantiateError, StoreError, TooLarge};

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The request does not fit the program.
    #[error("{0}")]
    Request(String),
    /// The program cannot be corrupted like that.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The program needs something that the engine does not have.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// A compiler panicked or rejected valid input.
    #[error("compile failure: {0}")]
    CompileFailure(String),
    /// A snapshot is none of this run's.
    #[error("{0}")]
    Snapshot(String),
    /// This machine denied something.
    #[error("{0}")]
    Environment(String),
}

impl From<FrontendError> for RunError {
    fn from(error: FrontendError) -> RunError {
        match error {
            FrontendError::Unsupported(feature) => RunError::Unsupported(feature),
            FrontendError::Environment(message) => RunError::Environment(message),
            error => RunError::CompileFailure(error.to_string()),
        }
    }
}

impl From<AttackError> for RunError {
    fn from(error: AttackError) -> RunError {
        RunError::Request(error.to_string())
    }
}

impl From<LoadError> for RunError {
    fn from(error: LoadError) -> RunError {
        match error {
            LoadError::Unsupported(feature) => RunError::Unsupported(feature),
            LoadError::CompileFailure(message) => RunError::CompileFailure(message),
        }
    }
}

impl From<TooLarge> for RunError {
    fn from(error: TooLarge) -> RunError {
        RunError::Unsupported(error.to_string())
    }
}

impl From<TableFull> for RunError {
    fn from(error: TableFull) -> RunError {
        RunError::Unsupported(error.to_string())
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> RunError {
        RunError::Environment(error.to_string())
    }
}

impl From<InstantiateError> for RunError {
    fn from(error: InstantiateError) -> RunError {
        match error {
            InstantiateError::Load(error) => error.into(),
            InstantiateError::TooLarge(error) => error.into(),
            InstantiateError::Link(error) => RunError::Unsupported(error.to_string()),
            InstantiateError::OutOfArena(error) => RunError::Environment(error.to_string()),
        }
    }
}

impl From<PassError> for RunError {
    fn from(error: PassError) -> RunError {
        RunError::Unsupported(error.to_string())
    }
}

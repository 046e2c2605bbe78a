//! Snapshots as plain data: the dictionary `Snapshot` of `engine/_native.pyi`.
#![forbid(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::errors;
use crate::arena::Pages;
use crate::run::{Record, RunError, Snapshot};

/// What Python gives of a snapshot.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Given<'py> {
    record: String,
    offsets: Vec<u32>,
    pages: Bound<'py, PyBytes>,
}

impl Given<'_> {
    /// The snapshot, which has yet to be compared with its program.
    pub(super) fn snapshot(self) -> PyResult<Snapshot> {
        let record = Record::from_json(&self.record).map_err(errors::run)?;
        let pages = Pages::new(self.offsets, self.pages.as_bytes().to_vec());
        Ok(Snapshot { record, pages: pages.map_err(|error| errors::run(RunError::from(error)))? })
    }
}

/// Whether a record is one, of whatever run.
#[pyfunction]
pub(super) fn check_record(record: &str) -> PyResult<()> {
    Record::from_json(record).map(|_| ()).map_err(errors::run)
}

/// A snapshot for Python.
pub(super) fn dictionary<'py>(
    py: Python<'py>,
    snapshot: &Snapshot,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("record", snapshot.record.to_json())?;
    dict.set_item("offsets", snapshot.pages.offsets())?;
    dict.set_item("pages", PyBytes::new(py, snapshot.pages.bytes()))?;
    Ok(dict)
}

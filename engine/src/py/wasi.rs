//! `engine.run_wasi`: a whole program with WASI.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::errors;
use super::program::{DEPTH, MAX_MEMORY, MAX_TABLE, Program};
use super::run::{self, Choice, Part};
use crate::executor::Limits;
use crate::run::{Call, Imports, Request};
use crate::runtime::Reservations;
use crate::wasi::{Captured, Input, Output, Preopen, Wasi, WasiConfig, WasiError};

/// A program's entry point.
const START: &str = "_start";

/// For programs that may run as long as they like: a century.
const NO_DEADLINE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Runs a program to its end. See `engine/_native.pyi`.
#[pyfunction]
#[pyo3(signature = (
    program, *, args, env = Vec::new(), preopens = Vec::new(), stdin = None, capture = None,
    executor = "jit", mode = "as-shipped", native = "in-process", guard = "guard",
    fuel = u64::MAX, deadline = None, depth = DEPTH, max_memory = MAX_MEMORY,
    max_table = MAX_TABLE, settings = Vec::new(), fault = None, calls = None, repeatable = false, attacks = false,
    check_objects = false, gc_stress = false, relocated = false
))]
#[expect(clippy::too_many_arguments, reason = "these are the keywords of the Python function")]
pub(super) fn run_wasi<'py>(
    py: Python<'py>,
    program: &Program,
    args: Vec<String>,
    env: Vec<(String, String)>,
    preopens: Vec<(PathBuf, String)>,
    stdin: Option<Vec<u8>>,
    capture: Option<usize>,
    executor: &str,
    mode: &str,
    native: &str,
    guard: &str,
    fuel: u64,
    deadline: Option<f64>,
    depth: u32,
    max_memory: u64,
    max_table: u64,
    settings: Vec<(String, String)>,
    fault: Option<&str>,
    calls: Option<Vec<(String, Vec<Option<u128>>)>>,
    repeatable: bool,
    attacks: bool,
    check_objects: bool,
    gc_stress: bool,
    relocated: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let choice = Choice::new(executor, native, guard, settings, fault)?.relocated(relocated);
    let captured = capture.map(|limit| (Captured::new(limit), Captured::new(limit)));
    let (stdout, stderr) = match &captured {
        Some((out, err)) => (Output::Capture(out.clone()), Output::Capture(err.clone())),
        None => (Output::Stdout, Output::Stderr),
    };
    let preopens = preopens.into_iter().map(|(host, guest)| Preopen { host, guest });
    let stdin = stdin.map_or(Input::Inherit, Input::Bytes);
    let preopens = preopens.collect();
    let config = WasiConfig { args, env, stdin, stdout, stderr, preopens, repeatable };
    let wasi = Wasi::new(config).map_err(|error| refused(&error))?;
    let calls = calls.unwrap_or_else(|| vec![(START.to_owned(), Vec::new())]);
    let deadline = deadline.map_or(Ok(NO_DEADLINE), run::deadline)?;
    let request = Request {
        calls: calls.into_iter().map(|(export, args)| Call { export, args }).collect(),
        mode: run::mode(mode)?,
        limits: Limits { fuel, deadline, depth },
        reservations: Reservations { memory_bytes: max_memory, table_elements: max_table },
        check_objects,
        gc_stress,
        imports: Imports::Wasi { wasi: wasi.clone(), attacks },
    };
    let ran = py.detach(|| choice.run(&program.subject, &request, &Part::Whole));
    let (report, _) = ran.map_err(errors::run)?;
    let dict = run::report(py, &report)?;
    dict.set_item("wasi_calls", wasi.made())?;
    if let Some((out, err)) = captured {
        dict.set_item("stdout", PyBytes::new(py, &out.bytes()))?;
        dict.set_item("stderr", PyBytes::new(py, &err.bytes()))?;
    }
    Ok(dict)
}

fn refused(error: &WasiError) -> PyErr {
    match error {
        WasiError::Null { .. } | WasiError::TooMany => PyValueError::new_err(error.to_string()),
        WasiError::Preopen { path, reason } => {
            PyOSError::new_err((reason.raw_os_error(), reason.to_string(), path.clone()))
        }
    }
}

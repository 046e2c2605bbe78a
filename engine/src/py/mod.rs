//! The Python face: thin wrappers, no logic. `engine/_native.pyi` describes it.
#![forbid(unsafe_code)]

mod compare;
mod errors;
mod program;
mod run;
mod snapshot;
mod wasi;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde_json::{Map, Value};

use crate::attack;
use crate::census;
use crate::clif;
use crate::clif::generate::{Dialect, generate};
use crate::clif::translate;
use crate::fault::Fault;
use crate::jit;
use crate::program::ValType;
use crate::smith;
use crate::trap::Trap;
use crate::weave::{Signature, Weave, weave};

/// Native half of the package `engine`.
#[pymodule]
mod _native {
    #[pymodule_export]
    use pyo3::panic::PanicException;

    #[pymodule_export]
    use super::compare::{Pair, effects};
    #[pymodule_export]
    use super::errors::{
        CompileFailure, InvalidInput, PlanError, ScheduleError, SnapshotError, Unsupported,
    };
    #[pymodule_export]
    use super::program::Program;
    #[pymodule_export]
    use super::snapshot::check_record;
    #[pymodule_export]
    use super::wasi::run_wasi;
    #[pymodule_export]
    use super::{
        answers, assemble, attack_functions, attacks, catalogue, cell_refusal, clif_arena, faults,
        generate_clif, mutate, processor_features, run_lines, signatures, smith_module, versions,
        weave_module,
    };
}

/// Versions of the native components by name.
#[pyfunction]
fn versions(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let versions = PyDict::new(py);
    for (name, version) in crate::versions() {
        versions.set_item(name, version)?;
    }
    Ok(versions)
}

/// The binary of a module in text format; a binary module is returned as it is.
#[pyfunction]
fn assemble<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let wasm = wat::parse_bytes(text).map_err(|error| errors::text(text, &error))?;
    Ok(PyBytes::new(py, &wasm))
}

/// The run lines of CLIF text.
#[pyfunction]
fn run_lines<'py>(py: Python<'py>, text: &str) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let source = clif::read(text).map_err(|error| errors::clif(error.into()))?;
    source.runs.iter().map(|line| run::run_line(py, line)).collect()
}

/// A random program in CLIF.
#[pyfunction(signature = (entropy, *, whole=false))]
fn generate_clif(py: Python<'_>, entropy: &[u8], whole: bool) -> String {
    let dialect = if whole { Dialect::Whole } else { Dialect::Portable };
    py.detach(|| generate(entropy, dialect))
}

/// A module made by wasm-smith.
#[pyfunction(name = "smith")]
fn smith_module<'py>(
    py: Python<'py>,
    entropy: &[u8],
    config: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut fields = Map::new();
    let mut fuel = None;
    for (name, value) in config {
        let name: String = name.extract()?;
        if name == "ensure_termination" {
            fuel = Some(value.extract()?);
        } else if let Ok(flag) = value.extract::<bool>() {
            fields.insert(name, Value::Bool(flag));
        } else {
            fields.insert(name, Value::from(value.extract::<u64>()?));
        }
    }
    let wasm = smith::generate(entropy, fields, fuel).map_err(errors::smith)?;
    Ok(PyBytes::new(py, &wasm))
}

/// A module with what makes its runs worth watching added to it.
#[pyfunction(name = "weave", signature = (wasm, *, seed, indirect=None, fuel=None, soften=false, traffic=0))]
fn weave_module<'py>(
    py: Python<'py>,
    wasm: &[u8],
    seed: u64,
    indirect: Option<u8>,
    fuel: Option<u32>,
    soften: bool,
    traffic: u8,
) -> PyResult<Bound<'py, PyBytes>> {
    let woven =
        weave(wasm, Weave { indirect, fuel, soften, traffic, seed }).map_err(errors::weave)?;
    Ok(PyBytes::new(py, &woven))
}

/// The functions that a module exports: names and parameter types.
#[pyfunction]
fn signatures(wasm: &[u8]) -> PyResult<Vec<Signature>> {
    crate::weave::signatures(wasm).map_err(errors::weave)
}

/// A module that some mutations lead to.
#[pyfunction(signature = (wasm, *, seed, rounds))]
fn mutate<'py>(py: Python<'py>, wasm: &[u8], seed: u64, rounds: u32) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &crate::mutate::mutate(wasm, seed, rounds))
}

/// What the stub of an import answers.
#[pyfunction]
fn answers(
    module: &str,
    name: &str,
    args: Vec<u128>,
    before: u64,
    results: Vec<String>,
) -> PyResult<Vec<u128>> {
    let unknown = |name: &str| PyValueError::new_err(format!("{name:?} is no type"));
    let results = results.iter().map(|name| ValType::from_name(name).ok_or_else(|| unknown(name)));
    let results = results.collect::<PyResult<Vec<_>>>()?;
    Ok(crate::runtime::answers(module, name, &args, before, &results))
}

/// Whether a module corrupts VM data itself.
#[pyfunction]
fn attacks(wasm: &[u8]) -> bool {
    attack::imported_by(wasm)
}

/// The functions of the attack interface that are no fields.
#[pyfunction]
fn attack_functions(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let describe = |function: &attack::Function| {
        let dict = PyDict::new(py);
        let params = function.params.iter().map(|(name, ty)| (*name, ty.name()));
        dict.set_item("name", function.name)?;
        dict.set_item("params", params.collect::<Vec<_>>())?;
        dict.set_item("result", function.result.map(ValType::name))?;
        Ok(dict)
    };
    attack::functions().iter().map(describe).collect()
}

/// What a census can name: opcodes that can run, and fields.
#[pyfunction]
fn catalogue(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let catalogue = PyDict::new(py);
    catalogue.set_item("opcodes", census::runnable_opcodes())?;
    catalogue.set_item("fields", census::fields())?;
    Ok(catalogue)
}

/// Why native code cannot run in cells here.
#[pyfunction]
fn cell_refusal() -> Option<String> {
    jit::cell_refusal()
}

/// Where a program in CLIF lies in its arena, and what its translation to WebAssembly
/// exports beside its functions.
#[pyfunction]
fn clif_arena(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let arena = PyDict::new(py);
    arena.set_item("memory", (clif::MEMORY, clif::MEMORY_BYTES))?;
    arena.set_item("digested", (clif::DIGESTED, clif::LEN - clif::DIGESTED))?;
    arena.set_item("memory_export", translate::MEMORY_EXPORT)?;
    arena.set_item("trap_export", translate::TRAP_EXPORT)?;
    arena.set_item("traps", Trap::ALL.iter().map(|trap| trap.name()).collect::<Vec<_>>())?;
    Ok(arena)
}

/// The features of the processor that native code may use.
#[pyfunction]
fn processor_features() -> PyResult<Vec<(&'static str, bool)>> {
    jit::processor_features().map_err(|error| errors::Unsupported::new_err(error.to_string()))
}

/// The planted faults: two-digit name and one-line summary.
#[pyfunction]
fn faults() -> Vec<(String, &'static str)> {
    Fault::ALL.iter().map(|fault| (fault.name(), fault.summary())).collect()
}

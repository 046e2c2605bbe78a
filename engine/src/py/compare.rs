//! `Pair`: a module on both layouts.
#![forbid(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::errors;
use super::program::{DEPTH, FUEL, MAX_MEMORY, MAX_TABLE, Program};
use super::run;
use crate::compare::{self, CompareError, Compared, Effect};
use crate::confuse::{Plan, object_shown};
use crate::corrupt::{Schedule, Target};
use crate::executor::Limits;
use crate::layout::Addressing;
use crate::passes::Mode;
use crate::run::{Call, Imports, Request, RunError};
use crate::runtime::Reservations;

/// See `engine/_native.pyi`.
#[pyclass(frozen, unsendable, module = "engine")]
pub(super) struct Pair(compare::Pair);

#[pymethods]
impl Pair {
    #[new]
    #[pyo3(signature = (wasm, calls, *, deadline, max_memory = MAX_MEMORY))]
    fn new(
        wasm: &[u8],
        calls: Vec<(String, Vec<Option<u128>>)>,
        deadline: f64,
        max_memory: u64,
    ) -> PyResult<Pair> {
        let request = Request {
            calls: calls.into_iter().map(|(export, args)| Call { export, args }).collect(),
            mode: Mode::AsShipped,
            limits: Limits { fuel: FUEL, deadline: run::deadline(deadline)?, depth: DEPTH },
            reservations: Reservations { memory_bytes: max_memory, table_elements: MAX_TABLE },
            check_objects: false,
            gc_stress: false,
            imports: Imports::Stubs,
        };
        compare::Pair::of(wasm, request).map(Pair).map_err(refused)
    }

    /// The module in the arena.
    #[getter]
    fn program(&self) -> Program {
        Program { subject: self.0.subject().clone() }
    }

    /// What a plan does on each layout.
    fn compare<'py>(&self, py: Python<'py>, plan: &str) -> PyResult<Bound<'py, PyDict>> {
        let plan = Plan::from_json(plan).map_err(errors::plan)?;
        let dict = described(py, &self.0.compare(&plan).map_err(refused)?)?;
        let first = plan.entries.first();
        let object = first.map(|entry| object_shown(self.0.subject().program(), entry));
        dict.set_item("object", object.unwrap_or_default())?;
        Ok(dict)
    }

    /// What a schedule of corruption does on each layout.
    fn corrupt<'py>(&self, py: Python<'py>, schedule: &str) -> PyResult<Bound<'py, PyDict>> {
        let schedule = Schedule::from_json(schedule).map_err(errors::schedule)?;
        let dict = described(py, &self.0.corrupt(&schedule).map_err(refused)?)?;
        let structure = schedule.entries.first().and_then(|entry| match &entry.target {
            Target::Field(field) => Some(field.structure.clone()),
            Target::Offset(_) | Target::Loaded => None,
        });
        dict.set_item("object", structure.unwrap_or_default())?;
        Ok(dict)
    }
}

/// The dictionary `Compared` of `engine/_native.pyi`, but for the object.
fn described<'py>(py: Python<'py>, compared: &Compared) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    match compared {
        Compared::Unmapped(why) => dict.set_item("unmapped", why.to_string())?,
        Compared::Effects { effects, lost, plausible } => {
            for (layout, effect) in Addressing::ALL.into_iter().zip(effects) {
                dict.set_item(layout.name(), effect.name())?;
            }
            dict.set_item("lost", lost)?;
            dict.set_item("plausible", plausible)?;
        }
    }
    Ok(dict)
}

/// The names of effects, the worst last.
#[pyfunction]
pub(super) fn effects() -> Vec<&'static str> {
    Effect::ALL.iter().map(|effect| effect.name()).collect()
}

fn refused(error: CompareError) -> PyErr {
    match error {
        CompareError::Frontend(error) => errors::frontend(error),
        CompareError::Run(error) => errors::run(error),
        CompareError::Plan(error) => errors::plan(error),
        CompareError::Jit(error) => errors::run(errors::jit(error)),
        CompareError::Incomparable(what) => errors::run(RunError::Unsupported(what)),
    }
}

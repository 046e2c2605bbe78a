//! `engine.Program`: a translated module, or a program in CLIF.
#![forbid(unsafe_code)]

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::errors;
use super::run::{self, Choice, Part};
use super::snapshot;
use crate::attack;
use crate::clif;
use crate::confuse::{self, Kind, Place, Plan};
use crate::corrupt::Schedule;
use crate::executor::Limits;
use crate::frontend;
use crate::program::{self, FuncId, Item, Module, ValType};
use crate::run::{Call, Imports, Request, Subject};
use crate::runtime::{self, ArenaMap, Reservations};

/// Defaults of `Program.run`: those of the command line.
pub(super) const FUEL: u64 = 50_000_000;
pub(super) const DEADLINE: f64 = 2.0;
pub(super) const DEPTH: u32 = 2500;
pub(super) const MAX_MEMORY: u64 = 256 << 20;
pub(super) const MAX_TABLE: u64 = 100_000;

/// A translated WebAssembly module.
#[pyclass(frozen, module = "engine")]
pub(super) struct Program {
    pub(super) subject: Subject,
}

#[pymethods]
impl Program {
    #[new]
    fn new(py: Python<'_>, wasm: &[u8]) -> PyResult<Program> {
        let program = py.detach(|| frontend::translate(wasm)).map_err(errors::frontend)?;
        attack::check(&program.module).map_err(|error| errors::attack(&error))?;
        Ok(Program { subject: Subject::new(program) })
    }

    #[staticmethod]
    fn from_clif(py: Python<'_>, text: &str) -> PyResult<Program> {
        let program = py.detach(|| clif::read(text)?.program()).map_err(errors::clif)?;
        Ok(Program { subject: Subject::new(program) })
    }

    #[getter]
    fn imports<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let module = &self.subject.program().module;
        let import = |import: &program::Import| {
            let dict = item(py, module, import.item, &import.name)?;
            dict.set_item("module", &import.module)?;
            Ok(dict)
        };
        module.imports.iter().map(import).collect()
    }

    #[getter]
    fn exports<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let module = &self.subject.program().module;
        let export = |export: &program::Export| {
            let dict = item(py, module, export.item, &export.name)?;
            let (Item::Function(index)
            | Item::Table(index)
            | Item::Memory(index)
            | Item::Global(index)
            | Item::Tag(index)) = export.item;
            dict.set_item("index", index)?;
            Ok(dict)
        };
        module.exports.iter().map(export).collect()
    }

    #[getter]
    fn defined_functions(&self) -> usize {
        let program = self.subject.program();
        program.functions.len() - usize::from(program.startup.is_some())
    }

    #[getter]
    fn may_wait(&self) -> bool {
        runtime::may_wait(self.subject.program())
    }

    #[getter]
    fn hash(&self) -> String {
        format!("{:016x}", self.subject.hash())
    }

    fn confused(&self, py: Python<'_>, plan: &str) -> PyResult<Program> {
        let plan = Plan::from_json(plan).map_err(errors::plan)?;
        let subject = py.detach(|| self.subject.confused(&plan)).map_err(errors::plan)?;
        Ok(Program { subject })
    }

    fn describe_plan(&self) -> String {
        self.subject.describe().to_string()
    }

    fn corrupted(&self, schedule: &str) -> PyResult<Program> {
        let schedule = Schedule::from_json(schedule).map_err(errors::schedule)?;
        Ok(Program { subject: self.subject.corrupted(schedule) })
    }

    fn places(&self) -> Vec<(u32, u32, &'static str)> {
        let places = self.subject.survey().places.iter();
        places.map(|place| (place.function.0, place.site, place.kind.name())).collect()
    }

    fn choices(&self, function: u32, site: u32, kind: &str) -> PyResult<Vec<String>> {
        let unknown = || PyValueError::new_err(format!("there is no kind {kind:?}"));
        let kind = Kind::from_name(kind).ok_or_else(unknown)?;
        let place = Place { function: FuncId(function), site, kind };
        let choices = confuse::choices(self.subject.program(), place);
        Ok(choices.iter().map(|params| params.to_json().to_string()).collect())
    }

    fn to_wasm<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let wasm = py.detach(|| self.subject.to_wasm()).map_err(errors::run)?;
        Ok(PyBytes::new(py, &wasm))
    }

    #[getter]
    fn census<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let census = py.detach(|| self.subject.census());
        let dict = PyDict::new(py);
        dict.set_item("opcodes", Vec::from_iter(&census.opcodes))?;
        dict.set_item("fields", Vec::from_iter(&census.fields))?;
        Ok(dict)
    }

    #[pyo3(signature = (*, max_memory = MAX_MEMORY, max_table = MAX_TABLE))]
    fn layout(&self, max_memory: u64, max_table: u64) -> PyResult<String> {
        let reservations = Reservations { memory_bytes: max_memory, table_elements: max_table };
        let map = ArenaMap::of(self.subject.program(), reservations);
        Ok(map.map_err(|error| errors::run(error.into()))?.to_json().to_string())
    }

    #[pyo3(signature = (
        calls, *, executor = "interpreter", mode = "exact", native = "in-process",
        guard = "guard", fuel = FUEL,
        deadline = DEADLINE, depth = DEPTH, max_memory = MAX_MEMORY, max_table = MAX_TABLE,
        settings = Vec::new(), fault = None, check_objects = false,
        gc_stress = false, relocated = false, save = false, resume = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "these are the keywords of the Python method")]
    fn run<'py>(
        &self,
        py: Python<'py>,
        calls: Vec<(String, Vec<Option<u128>>)>,
        executor: &str,
        mode: &str,
        native: &str,
        guard: &str,
        fuel: u64,
        deadline: f64,
        depth: u32,
        max_memory: u64,
        max_table: u64,
        settings: Vec<(String, String)>,
        fault: Option<&str>,
        check_objects: bool,
        gc_stress: bool,
        relocated: bool,
        save: bool,
        resume: Option<snapshot::Given<'py>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let choice = Choice::new(executor, native, guard, settings, fault)?.relocated(relocated);
        let part = match resume {
            Some(_) if save => return Err(PyValueError::new_err("either save or resume")),
            Some(given) => Part::Resume(Box::new(given.snapshot()?)),
            None if save => Part::Save,
            None => Part::Whole,
        };
        let request = Request {
            calls: calls.into_iter().map(|(export, args)| Call { export, args }).collect(),
            mode: run::mode(mode)?,
            limits: Limits { fuel, deadline: run::deadline(deadline)?, depth },
            reservations: Reservations { memory_bytes: max_memory, table_elements: max_table },
            check_objects,
            gc_stress,
            imports: Imports::Stubs,
        };
        let ran = py.detach(|| choice.run(&self.subject, &request, &part));
        let (report, saved) = ran.map_err(errors::run)?;
        let dict = run::report(py, &report)?;
        if let Some(saved) = saved {
            dict.set_item("snapshot", snapshot::dictionary(py, &saved)?)?;
        }
        Ok(dict)
    }
}

/// The dictionary that describes one import or export.
fn item<'py>(
    py: Python<'py>,
    module: &Module,
    item: Item,
    name: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("name", name)?;
    dict.set_item("specific", module.is_specific(item))?;
    let names = |types: &[ValType]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>();
    match item {
        Item::Function(index) => {
            let ty = &module.types[module.functions[index].ty];
            dict.set_item("kind", "function")?;
            dict.set_item("params", names(&ty.params))?;
            dict.set_item("results", names(&ty.results))?;
            let params = module.params(module.functions[index].ty);
            dict.set_item("callable", !params.iter().any(|ty| ty.is_specific()))?;
        }
        Item::Table(index) => {
            let table = &module.tables[index];
            dict.set_item("kind", "table")?;
            dict.set_item("type", table.element.name())?;
            dict.set_item("minimum", table.min)?;
            dict.set_item("maximum", table.max)?;
        }
        Item::Memory(index) => {
            let memory = &module.memories[index];
            dict.set_item("kind", "memory")?;
            dict.set_item("minimum", memory.min_pages)?;
            dict.set_item("maximum", memory.max_pages)?;
        }
        Item::Global(index) => {
            let global = &module.globals[index];
            dict.set_item("kind", "global")?;
            dict.set_item("type", global.ty.name())?;
            dict.set_item("mutable", global.mutable)?;
        }
        Item::Tag(index) => {
            let ty = &module.types[module.tags[index]];
            dict.set_item("kind", "tag")?;
            dict.set_item("params", names(&ty.params))?;
        }
    }
    Ok(dict)
}

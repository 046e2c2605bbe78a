//! `engine.Program`: a translated module.
#![forbid(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::errors;
use crate::frontend;
use crate::program::{self, Item, Module, ValType};

/// A translated WebAssembly module.
#[pyclass(frozen, module = "engine")]
pub(super) struct Program {
    program: program::Program,
}

#[pymethods]
impl Program {
    #[new]
    fn new(py: Python<'_>, wasm: &[u8]) -> PyResult<Program> {
        let program = py.detach(|| frontend::translate(wasm)).map_err(errors::frontend)?;
        Ok(Program { program })
    }

    #[getter]
    fn imports<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let module = &self.program.module;
        let import = |import: &program::Import| {
            let dict = item(py, module, import.item, &import.name)?;
            dict.set_item("module", &import.module)?;
            Ok(dict)
        };
        module.imports.iter().map(import).collect()
    }

    #[getter]
    fn exports<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let module = &self.program.module;
        let export = |export: &program::Export| {
            let dict = item(py, module, export.item, &export.name)?;
            let (Item::Function(index)
            | Item::Table(index)
            | Item::Memory(index)
            | Item::Global(index)) = export.item;
            dict.set_item("index", index)?;
            Ok(dict)
        };
        module.exports.iter().map(export).collect()
    }

    #[getter]
    fn defined_functions(&self) -> usize {
        self.program.functions.len() - usize::from(self.program.startup.is_some())
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
    match item {
        Item::Function(index) => {
            let ty = &module.types[module.functions[index].ty];
            let names = |types: &[ValType]| types.iter().map(|ty| ty.name()).collect::<Vec<_>>();
            dict.set_item("kind", "function")?;
            dict.set_item("params", names(&ty.params))?;
            dict.set_item("results", names(&ty.results))?;
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
    }
    Ok(dict)
}

//! Filling the imports of a program.
#![forbid(unsafe_code)]

use super::{Imports, RunError};
use crate::program::{FuncType, Import, Item, Module};
use crate::runtime::{Extern, HostFunction, InstanceId, Store};
use crate::wasi::{self, Wasi};

/// Module of the two functions between which a benchmark does its work.
const BENCH: &str = "bench";

/// What the imports of a module are filled with; what is no function comes from
/// `provided`.
pub(super) fn externs(
    store: &mut Store,
    module: &Module,
    provided: Option<InstanceId>,
    imports: &Imports,
) -> Result<Vec<Extern>, RunError> {
    let mut externs = Vec::new();
    for (position, import) in module.imports.iter().enumerate() {
        let item = match import.item {
            Item::Function(function) => {
                let ty = &module.types[module.functions[function].ty];
                let host = match imports {
                    Imports::Stubs => Some(stub(import, ty)),
                    Imports::Wasi(wasi) => wasi_function(wasi, import, ty),
                };
                host.map(|host| store.define_host(host).map(Extern::Function)).transpose()?
            }
            Item::Table(_) | Item::Memory(_) | Item::Global(_) => match imports {
                Imports::Stubs => {
                    provided.and_then(|instance| store.export(instance, &position.to_string()))
                }
                Imports::Wasi(_) => None,
            },
        };
        externs.push(item.ok_or_else(|| unknown(import))?);
    }
    Ok(externs)
}

fn unknown(import: &Import) -> RunError {
    RunError::Unsupported(format!("import {}.{} of this type", import.module, import.name))
}

fn stub(import: &Import, ty: &FuncType) -> HostFunction {
    let exit = HostFunction::proc_exit();
    if (&import.module, &import.name, ty) == (&exit.module, &exit.name, &exit.ty) {
        return exit;
    }
    HostFunction::stub(&import.module, &import.name, ty.clone())
}

fn wasi_function(wasi: &Wasi, import: &Import, ty: &FuncType) -> Option<HostFunction> {
    match import.module.as_str() {
        wasi::MODULE => wasi.function(&import.name, ty),
        BENCH if ty.params.is_empty() && ty.results.is_empty() => {
            Some(HostFunction::stub(&import.module, &import.name, ty.clone()))
        }
        _ => None,
    }
}

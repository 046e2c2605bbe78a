//! Filling the imports of a program.
#![forbid(unsafe_code)]

use super::{Imports, RunError};
use crate::attack;
use crate::program::{FuncType, Import, Item, Module};
use crate::runtime::{Extern, HostFunction, InstanceId, Store};
use crate::wasi::{self, Wasi};
use crate::wasm_type::{Composite, RefType, Type};

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
                let position = module.functions[function].ty;
                let ty = &module.types[position];
                let host = match imports {
                    _ if imports.attack(import) => Some(attack::function(&import.name, ty)?),
                    Imports::Stubs => answerable(module, position).then(|| stub(import, ty)),
                    Imports::Wasi { wasi, .. } => wasi_function(wasi, import, ty),
                };
                let mut define = |host| store.define_host_as(host, module, position);
                host.map(|host| define(host).map(Extern::Function)).transpose()?
            }
            Item::Table(_) | Item::Memory(_) | Item::Global(_) | Item::Tag(_) => match imports {
                Imports::Stubs => {
                    provided.and_then(|instance| store.export(instance, &position.to_string()))
                }
                Imports::Wasi { .. } => None,
            },
        };
        externs.push(item.ok_or_else(|| unknown(module, import))?);
    }
    Ok(externs)
}

impl Imports {
    /// Whether an import is one of the attack interface.
    fn attack(&self, import: &Import) -> bool {
        import.module == attack::MODULE && !matches!(self, Imports::Wasi { attacks: false, .. })
    }
}

/// Says that nothing fills an import, and whether something of its name would.
fn unknown(module: &Module, import: &Import) -> RunError {
    let Import { module: from, name, item } = import;
    let what = match item {
        Item::Function(function) => {
            let ty = &module.types[module.functions[*function].ty];
            match wasi::type_of(from, name) {
                Some(known) => format!("import {from}.{name} as {ty}, since it is {known}"),
                None => format!("import {from}.{name}: there is no such function"),
            }
        }
        _ => format!("import {from}.{name}: a program is given functions only"),
    };
    RunError::Unsupported(what)
}

/// Whether a stub can give all results of a function type: its references are null.
fn answerable(module: &Module, ty: usize) -> bool {
    let Composite::Func(_, results) = &module.definitions.types[ty].composite else {
        return false;
    };
    results.iter().all(|ty| !matches!(ty, Type::Ref(RefType { nullable: false, .. })))
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

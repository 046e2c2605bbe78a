//! What to do with a program, and whether the program can be asked to.
#![forbid(unsafe_code)]

use super::RunError;
use crate::executor::Limits;
use crate::passes::Mode;
use crate::program::{Item, Module, ValType};
use crate::runtime::{HOST, Reservations, representable};
use crate::wasi::Wasi;
use crate::wasm_type::{HeapType, Type};

/// A call of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the exported function.
    pub export: String,
    /// Its arguments, as in [`Value::bits`].
    pub args: Vec<Option<u128>>,
}

/// What to do with a program.
#[derive(Clone, Debug)]
pub struct Request {
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// The kind of run.
    pub mode: Mode,
    /// How far each call may go, the startup function included.
    pub limits: Limits,
    /// How far memories and tables may grow.
    pub reservations: Reservations,
    /// Whether each access has to lie in the object that its region names. Only the
    /// interpreter can tell, and only of programs that were not confused.
    pub check_objects: bool,
    /// Whether the GC heap is collected before each allocation.
    pub gc_stress: bool,
    /// What the imports are filled with.
    pub imports: Imports,
}

/// What the imports of a program are filled with.
#[derive(Clone, Debug, Default)]
pub enum Imports {
    /// Whatever it takes for any module to run: functions that give what follows from the call,
    /// but for WASI's `proc_exit`; memories, tables and globals made for the purpose.
    /// What a module imports from [`attack`](mod@crate::attack) attacks.
    #[default]
    Stubs,
    /// The calls of WASI, and the two by which benchmarks mark what is to be timed,
    /// which do nothing. A program that imports anything else does not run.
    Wasi {
        /// What the calls work on.
        wasi: Wasi,
        /// Whether it may import from [`attack`](mod@crate::attack), too.
        attacks: bool,
    },
}

/// Checks the calls of a request before anything runs.
pub(super) fn check(module: &Module, calls: &[Call]) -> Result<(), RunError> {
    for call in calls {
        check_call(module, call)
            .map_err(|what| RunError::Request(format!("call of {:?}: {what}", call.export)))?;
    }
    Ok(())
}

fn check_call(module: &Module, call: &Call) -> Result<(), String> {
    let function = exported(module, &call.export).ok_or("no such function is exported")?;
    let ty = module.functions[function].ty;
    let params = &module.types[ty].params;
    if params.len() != call.args.len() {
        return Err(format!("{} arguments for {} parameters", call.args.len(), params.len()));
    }
    let mut pairs = params.iter().zip(&call.args);
    if let Some((ty, bits)) = pairs.find(|&(&ty, &bits)| !fits(module, ty, bits)) {
        return Err(format!("no {} has the value {bits:?}", ty.name()));
    }
    let mut declared = module.params(ty).iter().zip(&call.args);
    match declared.position(|(&ty, &bits)| !accepts(ty, bits)) {
        Some(position) => Err(format!("parameter {position} takes no such reference")),
        None => Ok(()),
    }
}

/// Whether an argument is a value of its type, and a funcref names a function that can
/// be referenced.
fn fits(module: &Module, ty: ValType, bits: Option<u128>) -> bool {
    let has_reference = |position: u128| {
        let decl = usize::try_from(position).ok().and_then(|at| module.functions.get(at));
        decl.is_some_and(|decl| decl.func_ref.is_some())
    };
    representable(ty, bits) && (ty != ValType::FuncRef || bits.is_none_or(has_reference))
}

/// Whether a reference parameter takes an argument. One of a type that the module defines
/// takes null only, for nobody outside can make another.
fn accepts(ty: Type<usize>, bits: Option<u128>) -> bool {
    let Type::Ref(ty) = ty else { return true };
    match bits {
        None => ty.nullable,
        Some(bits) if bits < HOST => {
            use HeapType::{Any, Eq, Extern, Func, I31};
            matches!(ty.heap, Func | Extern | Any | Eq | I31)
        }
        Some(_) => matches!(ty.heap, HeapType::Any),
    }
}

fn exported(module: &Module, name: &str) -> Option<usize> {
    module.exports.iter().find(|export| export.name == name).and_then(|export| match export.item {
        Item::Function(function) => Some(function),
        _ => None,
    })
}

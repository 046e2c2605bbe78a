//! The attack interface: imports by which a Wasm program corrupts VM data itself.
//!
//! It is to this engine what V8's sandbox testing API is to JavaScript. A program that
//! imports from module [`MODULE`] reads and writes the arena by offset, learns where VM
//! structures lie, and forges references. So an attack is an ordinary Wasm program, and
//! the promise is about what it cannot do: leave the arena, or call what the code table
//! does not list with the signature that the call expects.
//!
//! An import is one of the functions in [`table`], or a field. `STRUCTURE.FIELD`, as
//! `fencepost layout` names them, is the function that tells where that field lies, and
//! `STRUCTURE+FIELD` how far from the beginning of its structure. Types are checked before anything runs. Nothing is decided by bytes of the arena here;
//! what does not exist traps with [`Trap::Host`], what lies outside with
//! [`Trap::ArenaOutOfBounds`].
//!
//! Wasmtime has no arena, so such programs are compared among our executors only.
//!
//! [`Trap::Host`]: crate::trap::Trap::Host
//! [`Trap::ArenaOutOfBounds`]: crate::trap::Trap::ArenaOutOfBounds
#![forbid(unsafe_code)]

mod table;
#[cfg(test)]
mod tests;

use wasmparser::{Parser, Payload};

use crate::executor::Slot;
use crate::frontend;
use crate::layout::{Field, Structure};
use crate::program::{FuncType, Item, Module, ValType};
use crate::runtime::{HostContext, HostError, HostFunction};
use crate::trap::Trap;

pub use table::{Function, functions};

/// Module name of the imports.
pub const MODULE: &str = "fencepost";

/// An import of [`MODULE`] that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttackError {
    /// There is no such function, and no such field.
    #[error("import fencepost.{name}: the attack interface has no such function or field{}",
            .like.map_or(String::new(), |like| format!(", but {like}")))]
    Unknown {
        /// The name.
        name: String,
        /// A name that is much like it.
        like: Option<&'static str>,
    },
    /// It has another type.
    #[error("import fencepost.{name} as {given}, since it is {wanted}")]
    Type {
        /// The name.
        name: String,
        /// What the module says that it is.
        given: FuncType,
        /// What it is.
        wanted: FuncType,
    },
    /// It is no function.
    #[error("import fencepost.{name}: the attack interface has functions only")]
    Kind {
        /// The name.
        name: String,
    },
}

/// Whether a module attacks.
#[must_use]
pub fn attacks(module: &Module) -> bool {
    module.imports.iter().any(|import| import.module == MODULE)
}

/// Whether a valid module in binary format attacks.
#[must_use]
pub fn imported_by(wasm: &[u8]) -> bool {
    let mut payloads = Parser::new(0).parse_all(wasm).map_while(Result::ok);
    let imports = payloads.find_map(|payload| match payload {
        Payload::ImportSection(imports) => Some(imports),
        _ => None,
    });
    imports.is_some_and(|imports| {
        imports.into_imports().map_while(Result::ok).any(|import| import.module == MODULE)
    })
}

/// Checks what a module imports from [`MODULE`].
///
/// # Errors
/// [`AttackError`].
pub fn check(module: &Module) -> Result<(), AttackError> {
    for import in module.imports.iter().filter(|import| import.module == MODULE) {
        let Item::Function(index) = import.item else {
            return Err(AttackError::Kind { name: import.name.clone() });
        };
        function(&import.name, &module.types[module.functions[index].ty])?;
    }
    Ok(())
}

/// The function that an import of [`MODULE`] names.
///
/// # Errors
/// [`AttackError`], if there is none of that name and type.
pub fn function(name: &str, ty: &FuncType) -> Result<HostFunction, AttackError> {
    let meant = Meant::by(name).ok_or_else(|| unknown(name))?;
    let wanted = meant.ty();
    if *ty != wanted {
        let (name, given) = (name.to_owned(), ty.clone());
        return Err(AttackError::Type { name, given, wanted });
    }
    let code = move |context: &mut HostContext<'_>, args: &[Slot], results: &mut [Slot]| {
        let answer = meant.answer(context, args).map_err(HostError::Trap)?;
        results.iter_mut().for_each(|result| *result = answer);
        Ok(())
    };
    let (module, name, ty) = (MODULE.to_owned(), name.to_owned(), wanted);
    Ok(HostFunction { module, name, ty, code: Box::new(code) })
}

/// What a name means.
enum Meant {
    /// One of the functions in [`table`].
    Function(&'static Function),
    /// `(instance, index)`: where a field lies of the structure at `index`.
    Field(Structure, Field),
    /// `()`: where a field lies from the beginning of its structure.
    Displacement(Field),
}

impl Meant {
    fn by(name: &str) -> Option<Meant> {
        if let Some(function) = functions().iter().find(|function| function.name == name) {
            return Some(Meant::Function(function));
        }
        let at = name.rfind(['.', '+'])?;
        let (structure, field) = (&name[..at], &name[at + 1..]);
        let structures = frontend::empty_layout().structures();
        let structure = structures.into_iter().find(|known| known.name == structure)?;
        let field = *structure.fields.iter().find(|known| known.name == field)?;
        let displaced = name.as_bytes()[at] == b'+';
        Some(if displaced { Meant::Displacement(field) } else { Meant::Field(structure, field) })
    }

    fn ty(&self) -> FuncType {
        match self {
            Meant::Function(function) => function.ty(),
            Meant::Field(..) => table::ty(&[ValType::I32; 2], Some(ValType::I32)),
            Meant::Displacement(_) => table::ty(&[], Some(ValType::I32)),
        }
    }

    fn answer(&self, context: &mut HostContext<'_>, args: &[Slot]) -> Result<Slot, Trap> {
        match self {
            Meant::Function(function) => function.call(context, args),
            Meant::Field(structure, field) => {
                let (instance, index) = (table::word(args, 0), table::word(args, 1));
                let place = context.directory.field(structure.name, field.name, instance, index);
                place.map(|place| place.offset.into()).ok_or(Trap::Host)
            }
            Meant::Displacement(field) => Ok(field.offset.into()),
        }
    }
}

fn unknown(name: &str) -> AttackError {
    let start = |known: &&Function| known.name.starts_with(name) || name.starts_with(known.name);
    let like = functions().iter().find(start).map(|known| known.name);
    AttackError::Unknown { name: name.to_owned(), like }
}

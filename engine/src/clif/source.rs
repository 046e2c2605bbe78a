//! What was read, and the program that it makes.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use cranelift_codegen::ir::{self, ExternalName, Function, UserExternalName, UserFuncName, types};
use cranelift_codegen::isa::CallConv;

use super::admit;
use super::read::ReadError;
use super::run_line::RunLine;
use crate::layout::Layout;
use crate::program::{
    Export, FUNCTION_NAMESPACE, FuncId, FuncType, FunctionDecl, Item, Module, Program, ValType,
};
use crate::run::RunError;

/// A file: functions that may call each other, and run lines.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) definitions: Vec<Definition>,
    /// The run lines, in the order of the file.
    pub runs: Vec<RunLine>,
}

/// A function as it was read.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) function: Function,
    /// Where it begins, from 1.
    pub(super) line: usize,
}

/// Why a source makes no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is not valid.
    #[error(transparent)]
    Invalid(#[from] ReadError),
    /// It needs something that the engine does not have.
    #[error("unsupported: {0}")]
    Unsupported(String),
}

impl From<SourceError> for RunError {
    fn from(error: SourceError) -> RunError {
        match error {
            SourceError::Invalid(error) => RunError::Request(error.message),
            SourceError::Unsupported(what) => RunError::Unsupported(what),
        }
    }
}

impl Source {
    /// The program of all functions.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn program(&self) -> Result<Program, SourceError> {
        self.link(&(0..self.definitions.len()).collect::<Vec<_>>())
    }

    /// The program of a function and all that it calls, one by the other; `None` if
    /// there is no function of that name.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn program_of(&self, name: &str) -> Option<Result<Program, SourceError>> {
        let positions = self.positions();
        let mut chosen = vec![*positions.get(name)?];
        let mut next = 0;
        while let Some(&position) = chosen.get(next) {
            for name in callees(&self.definitions[position].function) {
                let callee = positions.get(&name).copied();
                chosen.extend(callee.filter(|position| !chosen.contains(position)));
            }
            next += 1;
        }
        chosen.sort_unstable();
        Some(self.link(&chosen))
    }

    fn positions(&self) -> HashMap<String, usize> {
        let names = self.definitions.iter().map(|definition| plain_name(&definition.function));
        names.zip(0..).collect()
    }

    /// Makes a program of some functions, which then are numbered in their order.
    fn link(&self, chosen: &[usize]) -> Result<Program, SourceError> {
        let chosen: Vec<&Definition> = chosen.iter().map(|&at| &self.definitions[at]).collect();
        let names = chosen.iter().map(|definition| plain_name(&definition.function));
        let numbers: HashMap<String, u32> = names.zip(0..).collect();
        let mut program = Program {
            functions: Vec::new(),
            startup: None,
            module: Module::default(),
            layout: Layout::default(),
        };
        for (number, definition) in (0..).zip(&chosen) {
            if numbers.get(&plain_name(&definition.function)) != Some(&number) {
                let message = format!("a second function {}", definition.function.name);
                return Err(ReadError { message, line: Some(definition.line) }.into());
            }
            let mut function = definition.function.clone();
            bind(&mut function, &numbers).map_err(|message| {
                SourceError::Invalid(ReadError { message, line: Some(definition.line) })
            })?;
            declare(&mut program.module, &function, plain_name(&definition.function))?;
            function.name = UserFuncName::user(FUNCTION_NAMESPACE, number);
            program.functions.push(function);
        }
        admit::check(&program, |FuncId(id)| chosen[id as usize].line)?;
        Ok(program)
    }
}

/// A function's name without its sigil.
pub(super) fn plain_name(function: &Function) -> String {
    function.name.to_string().trim_start_matches('%').to_owned()
}

/// The names of the functions of the file that a function calls.
fn callees(function: &Function) -> Vec<String> {
    let names = function.dfg.ext_funcs.values().map(|callee| {
        callee.name.display(Some(&function.params)).to_string().trim_start_matches('%').to_owned()
    });
    names.collect()
}

/// Makes callees known by number, and gives every signature the one convention.
fn bind(function: &mut Function, numbers: &HashMap<String, u32>) -> Result<(), String> {
    let callees = callees(function);
    for (at, name) in function.dfg.ext_funcs.keys().zip(callees).collect::<Vec<_>>() {
        if matches!(function.dfg.ext_funcs[at].name, ExternalName::LibCall(_)) {
            continue; // refused later, with the instruction that calls it
        }
        let index = *numbers.get(&name).ok_or_else(|| format!("no function {name} to call"))?;
        let name = UserExternalName::new(FUNCTION_NAMESPACE, index);
        let name = function.declare_imported_user_function(name);
        function.dfg.ext_funcs[at].name = ExternalName::User(name);
    }
    let signatures = function.stencil.dfg.signatures.values_mut();
    for signature in signatures.chain([&mut function.stencil.signature]) {
        signature.call_conv = CallConv::Tail;
    }
    Ok(())
}

/// Exports a function from the module.
fn declare(module: &mut Module, function: &Function, name: String) -> Result<(), SourceError> {
    let ty = func_type(&function.signature)?;
    let known = module.types.iter().position(|known| *known == ty);
    let ty = known.unwrap_or_else(|| {
        module.types.push(ty);
        module.types.len() - 1
    });
    module.exports.push(Export { name, item: Item::Function(module.functions.len()) });
    module.functions.push(FunctionDecl { ty, func_ref: None });
    Ok(())
}

fn func_type(signature: &ir::Signature) -> Result<FuncType, SourceError> {
    let value_types = |params: &[ir::AbiParam]| {
        let types = params.iter().map(|param| value_type(param.value_type));
        types.collect::<Result<Vec<_>, _>>()
    };
    Ok(FuncType {
        params: value_types(&signature.params)?,
        results: value_types(&signature.returns)?,
    })
}

fn value_type(ty: ir::Type) -> Result<ValType, SourceError> {
    Ok(match ty {
        types::I8 => ValType::I8,
        types::I16 => ValType::I16,
        types::I32 => ValType::I32,
        types::I64 => ValType::I64,
        types::I128 => ValType::I128,
        types::F32 => ValType::F32,
        types::F64 => ValType::F64,
        vector if vector.is_vector() && vector.bits() == 128 => ValType::V128,
        other => return Err(SourceError::Unsupported(format!("type {other}"))),
    })
}

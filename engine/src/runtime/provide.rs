//! Memories, tables, globals and tags for a module that imports them when there is nothing
//! to import them from.
//!
//! They come from a module made for the purpose, which goes the way of any other: so
//! the runtime has one way only in which such things come to be.
#![forbid(unsafe_code)]

use std::fmt::Write as _;

use crate::frontend::{self, FrontendError};
use crate::layout::Addressing;
use crate::program::{Global, Item, Memory, Module, Program, Table, ValType};
use crate::wasm_type::Type;

/// A program that exports something of the right type for each import of `module`
/// that is not a function: memories and tables of their minimum size, globals that
/// are zero or null. Each export is named by the position of its import. `None` when
/// there are no such imports.
///
/// # Errors
/// [`FrontendError`].
pub fn provider(module: &Module, addressing: Addressing) -> Result<Option<Program>, FrontendError> {
    let mut text = String::new();
    for (position, import) in module.imports.iter().enumerate() {
        let line = match import.item {
            Item::Function(_) => continue,
            Item::Tag(index) => tag(position, module, module.tags[index])?,
            Item::Memory(index) => memory(position, &module.memories[index]),
            Item::Table(index) => table(position, &module.tables[index])?,
            Item::Global(index) => global(position, module.globals[index])?,
        };
        text.push_str(&line);
    }
    if text.is_empty() {
        return Ok(None);
    }
    let wasm = wat::parse_str(format!("(module {text})"))
        .map_err(|error| FrontendError::CompileFailure(error.to_string()))?;
    frontend::translate_for(&wasm, addressing).map(Some)
}

fn memory(position: usize, memory: &Memory) -> String {
    let limits = limits(memory.is_64, memory.min_pages, memory.max_pages);
    let page_bytes = 1_u64 << memory.page_size_log2;
    let shared = if memory.shared { "shared" } else { "" };
    format!("(memory (export \"{position}\") {limits} {shared} (pagesize {page_bytes}))")
}

fn table(position: usize, table: &Table) -> Result<String, FrontendError> {
    defaultable(Type::Ref(table.declared))?;
    let limits = limits(table.is_64, table.min, table.max);
    Ok(format!("(table (export \"{position}\") {limits} {})", table.element.name()))
}

fn global(position: usize, global: Global) -> Result<String, FrontendError> {
    defaultable(global.declared)?;
    let ty = global.ty.name();
    let ty = if global.mutable { format!("(mut {ty})") } else { ty.to_owned() };
    Ok(format!("(global (export \"{position}\") {ty} ({}))", zero(global.ty)))
}

fn tag(position: usize, module: &Module, ty: usize) -> Result<String, FrontendError> {
    let params = &module.types[ty].params;
    if params.iter().any(|ty| ty.is_reference()) {
        return Err(unsupported("an imported tag with references"));
    }
    if !module.definitions.is_plain(ty) {
        return Err(unsupported("an imported tag of a type with relatives"));
    }
    let params = params.iter().map(|ty| ty.name()).collect::<Vec<_>>().join(" ");
    Ok(format!("(tag (export \"{position}\") (param {params}))"))
}

/// Refuses types of references that are not of all values of their representation: null
/// may be none, and others are not the module's to name.
fn defaultable(ty: Type<usize>) -> Result<(), FrontendError> {
    if ty.is_specific() {
        return Err(unsupported("an imported table or global of a specific reference type"));
    }
    Ok(())
}

fn unsupported(what: &str) -> FrontendError {
    FrontendError::Unsupported(what.to_owned())
}

fn limits(is_64: bool, min: u64, max: Option<u64>) -> String {
    let mut text = format!("{} {min}", if is_64 { "i64" } else { "i32" });
    if let Some(max) = max {
        let written = write!(text, " {max}");
        written.expect("strings take any text");
    }
    text
}

/// The constant expression of a type's zero.
fn zero(ty: ValType) -> String {
    match ty {
        ValType::FuncRef => "ref.null func".to_owned(),
        ValType::ExternRef => "ref.null extern".to_owned(),
        ValType::AnyRef => "ref.null any".to_owned(),
        ValType::ExnRef => "ref.null exn".to_owned(),
        ValType::V128 => "v128.const i64x2 0 0".to_owned(),
        // No module has an import of the integers that only CLIF has.
        _ => format!("{}.const 0", ty.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Module {
        frontend::translate(&wat::parse_str(text).expect("valid text")).expect("a program").module
    }

    #[test]
    fn each_import_but_a_function_has_an_export_of_its_type() {
        let module = module(
            "(module (import \"a\" \"f\" (func)) (import \"a\" \"m\" (memory 1 2))
                (import \"a\" \"t\" (table 3 externref)) (import \"a\" \"g\" (global (mut v128)))
                (import \"a\" \"h\" (global funcref)) (import \"a\" \"n\" (memory i64 3))
                (import \"a\" \"o\" (memory 0 7 (pagesize 1)))
                (import \"a\" \"u\" (table i64 0 5 funcref)))",
        );
        let provided =
            provider(&module, Addressing::Arena32).expect("valid").expect("something").module;
        let names: Vec<_> = provided.exports.iter().map(|export| export.name.as_str()).collect();
        assert_eq!(names, ["1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(provided.memories, module.memories);
        assert_eq!(provided.tables, module.tables);
        for (given, wanted) in provided.globals.iter().zip(&module.globals) {
            assert_eq!((given.ty, given.mutable), (wanted.ty, wanted.mutable));
        }
    }

    #[test]
    fn a_tag_is_refused_whose_type_cannot_be_written_alone() {
        let refusal = |types: &str| {
            let text = format!("(module {types} (import \"a\" \"e\" (tag (type $t))))");
            provider(&module(&text), Addressing::Arena32)
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert_eq!(refusal("(type $t (func (param i32)))"), Ok(()));
        let related = Err("unsupported: an imported tag of a type with relatives".to_owned());
        assert_eq!(refusal("(type $t (sub (func)))"), related);
        assert_eq!(refusal("(rec (type $t (func)) (type (func (param i32))))"), related);
        assert_eq!(refusal("(type $s (sub (func))) (type $t (sub final $s (func)))"), related);
    }

    #[test]
    fn nothing_is_provided_for_functions() {
        let module = module("(module (import \"a\" \"f\" (func)))");
        assert!(provider(&module, Addressing::Arena32).expect("valid").is_none());
    }
}

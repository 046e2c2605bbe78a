//! The module around the functions: types, tables, the memory, and what is exported.
#![forbid(unsafe_code)]

use std::borrow::Cow;

use cranelift_codegen::ir;
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, MemArg, MemorySection, MemoryType, Module, RefType,
    TableSection, TableType, TypeSection, ValType,
};

use super::body::{Body, types};
use super::structure::Structure;
use super::{MEMORY_EXPORT, Refused, TRAP_EXPORT};
use crate::clif::{LEN, MEMORY, SHADOW_STACK};
use crate::code_table::{CodeTable, SignatureId};
use crate::passes::{Prepared, return_area, shadow_stack};
use crate::program::{Item, Program};

/// Index of the global that says which trap it was.
pub(super) const TRAP_GLOBAL: u32 = 0;

const WASM_PAGE: u64 = 64 << 10;

/// Types and signatures, each once.
#[derive(Default)]
pub(super) struct Interner {
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    signatures: CodeTable,
    /// By table: the signature of its functions.
    tables: Vec<SignatureId>,
}

/// Parameters that a function may have, or results: a limit that all engines share.
const MOST_VALUES: usize = 1000;

impl Interner {
    /// The type index of a signature.
    pub(super) fn ty(&mut self, signature: &ir::Signature) -> Result<u32, Refused> {
        let ty = (flattened(&signature.params)?, flattened(&signature.returns)?);
        Ok(self.intern(ty))
    }

    fn intern(&mut self, ty: (Vec<ValType>, Vec<ValType>)) -> u32 {
        position(&mut self.types, ty)
    }

    /// The table of the functions of a signature.
    pub(super) fn table(&mut self, signature: &ir::Signature) -> u32 {
        let id = self.signatures.intern(signature);
        position(&mut self.tables, id)
    }
}

/// The position of an item, which is added if it is new.
fn position<T: PartialEq>(known: &mut Vec<T>, item: T) -> u32 {
    let at = known.iter().position(|other| *other == item).unwrap_or_else(|| {
        known.push(item);
        known.len() - 1
    });
    u32::try_from(at).expect("fewer than functions and calls")
}

/// The Wasm types of parameters or results.
fn flattened(params: &[ir::AbiParam]) -> Result<Vec<ValType>, Refused> {
    let types = params.iter().map(|param| types(param.value_type));
    let types = types.collect::<Result<Vec<_>, _>>()?.concat();
    if types.len() > MOST_VALUES {
        return Err(Refused(format!("more than {MOST_VALUES} parameters or results")));
    }
    Ok(types)
}

/// Encodes the module: function *n* of the program is function *n* of the module, the
/// wrappers come after them.
pub(super) fn encode(program: &Program, prepared: &Prepared) -> Result<Vec<u8>, Refused> {
    let mut interner = Interner::default();
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for function in &prepared.functions {
        functions.function(interner.ty(&function.signature)?);
        let mut body = Body::new(function, &mut interner);
        Structure::of(function)?.emit(&mut body)?;
        code.function(&body.finish());
    }
    let mut exports = ExportSection::new();
    exports.export(MEMORY_EXPORT, ExportKind::Memory, 0);
    exports.export(TRAP_EXPORT, ExportKind::Global, TRAP_GLOBAL);
    for export in &program.module.exports {
        let Item::Function(index) = export.item else { continue };
        let signature = &program.functions[index].signature;
        let ty = (flattened(&signature.params)?, flattened(&signature.returns)?);
        exports.export(&export.name, ExportKind::Func, functions.len());
        code.function(&wrapper(index, signature, ty.0.len())?);
        functions.function(interner.intern(ty));
    }
    let (tables, elements) = tables(prepared, &mut interner);
    let mut module = Module::new();
    module
        .section(&type_section(&interner))
        .section(&functions)
        .section(&tables)
        .section(&memory())
        .section(&trap_global())
        .section(&exports)
        .section(&elements)
        .section(&code);
    Ok(module.finish())
}

fn type_section(interner: &Interner) -> TypeSection {
    let mut section = TypeSection::new();
    for (params, results) in &interner.types {
        section.ty().function(params.iter().copied(), results.iter().copied());
    }
    section
}

fn memory() -> MemorySection {
    let pages = u64::from(LEN).div_ceil(WASM_PAGE);
    let ty = MemoryType {
        minimum: pages,
        maximum: Some(pages),
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    let mut section = MemorySection::new();
    section.memory(ty);
    section
}

fn trap_global() -> GlobalSection {
    let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    let mut section = GlobalSection::new();
    section.global(ty, &ConstExpr::i32_const(0));
    section
}

/// One table for each signature that is called: function *n* is element *n* + 1, if it
/// has that signature. So a wrong index finds null, or nothing.
fn tables(prepared: &Prepared, interner: &mut Interner) -> (TableSection, ElementSection) {
    let (mut tables, mut elements) = (TableSection::new(), ElementSection::new());
    let length = prepared.functions.len() as u64 + 1;
    for (table, id) in (0..).zip(interner.tables.clone()) {
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: length,
            maximum: Some(length),
            shared: false,
        });
        for (number, function) in (0..).zip(&prepared.functions) {
            if interner.signatures.intern(&function.signature) == id {
                let at = ConstExpr::i32_const(number + 1);
                let function = Cow::Owned(vec![number.cast_unsigned()]);
                elements.active(Some(table), &at, Elements::Functions(function));
            }
        }
    }
    (tables, elements)
}

/// What is called from outside: it readies the shadow stack, and takes results out of
/// their return area.
fn wrapper(index: usize, signature: &ir::Signature, params: usize) -> Result<Function, Refused> {
    let many = || Refused("that many values".to_owned());
    let slots = if return_area::needed(signature) { signature.returns.len() } else { 0 };
    let area = u32::try_from(slots).ok().and_then(|n| n.checked_mul(return_area::SLOT_BYTES));
    let top = area.and_then(|area| MEMORY.checked_sub(area)).filter(|&top| top > SHADOW_STACK);
    let top = top.ok_or_else(many)?;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.i32_const(0).global_set(TRAP_GLOBAL);
    for (at, word) in [(shadow_stack::POINTER, top), (shadow_stack::LIMIT, SHADOW_STACK)] {
        code.i32_const(at.cast_signed()).i32_const(word.cast_signed()).i32_store(at_offset(0));
    }
    for param in 0..u32::try_from(params).map_err(|_| many())? {
        code.local_get(param);
    }
    if slots > 0 {
        code.i32_const(top.cast_signed());
    }
    code.call(u32::try_from(index).map_err(|_| many())?);
    for (result, at) in signature.returns.iter().zip(return_area::slots(top, slots)) {
        code.i32_const(at.cast_signed());
        result_of(&mut code, result.value_type, at)?;
    }
    code.end();
    Ok(function)
}

/// Loads one result, whose offset is on the stack.
fn result_of(
    code: &mut wasm_encoder::InstructionSink<'_>,
    ty: ir::Type,
    at: u32,
) -> Result<(), Refused> {
    for (nth, part) in (0_u32..).zip(types(ty)?) {
        if nth > 0 {
            code.i32_const(at.cast_signed());
        }
        let place = at_offset(8 * u64::from(nth));
        match part {
            ValType::I64 => code.i64_load(place),
            ValType::F32 => code.f32_load(place),
            ValType::F64 => code.f64_load(place),
            ValType::V128 => code.v128_load(place),
            _ if ty == ir::types::I8 => code.i32_load8_u(place),
            _ if ty == ir::types::I16 => code.i32_load16_u(place),
            _ => code.i32_load(place),
        };
    }
    Ok(())
}

/// An access at the offset on the stack plus a constant, of any alignment.
pub(super) fn at_offset(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}

//! A module taken apart: sections that can be added to, and what is known of them.
//!
//! Every section exists here, empty or not, so that adding to one needs no care for
//! their order. Function bodies are kept as bytes until they are rewritten.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    Instruction, MemorySection, Module, StartSection, TableSection, TagSection, TypeSection,
    ValType,
};
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, FunctionBody, MemoryType, Parser, Payload,
    TableInit, TableType, TypeRef,
};

use super::WeaveError;

/// A table; `init` is what it starts with if that is not null.
pub(super) struct Table {
    pub(super) ty: TableType,
    pub(super) init: Option<ConstExpr>,
}

/// A module. Indices are those of the module's index spaces, imports first.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// `None` for types that are not of functions.
    pub(super) types: Vec<Option<FuncType>>,
    /// The type of each function.
    pub(super) functions: Vec<u32>,
    pub(super) imported_functions: u32,
    pub(super) imported_tables: Vec<TableType>,
    /// Defined ones only.
    pub(super) tables: Vec<Table>,
    pub(super) memories: Vec<MemoryType>,
    globals: u32,
    /// Functions only: name and index.
    pub(super) exported_functions: Vec<(String, u32)>,
    export_names: BTreeSet<String>,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    /// Functions that were added, which come after those of `bodies`.
    added: Vec<Function>,
    pub(super) sections: Sections,
}

/// Sections as they will be written.
#[derive(Default)]
pub(super) struct Sections {
    pub(super) types: TypeSection,
    imports: ImportSection,
    pub(super) functions: FunctionSection,
    memories: MemorySection,
    tags: TagSection,
    pub(super) globals: GlobalSection,
    pub(super) exports: ExportSection,
    start: Option<StartSection>,
    pub(super) elements: ElementSection,
    data_count: Option<DataCountSection>,
    pub(super) code: CodeSection,
    data: DataSection,
}

impl<'a> Parts<'a> {
    pub(super) fn parse(wasm: &'a [u8]) -> Result<Self, WeaveError> {
        let mut parts = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            parts.take(payload?)?;
        }
        Ok(parts)
    }

    fn take(&mut self, payload: Payload<'a>) -> Result<(), WeaveError> {
        let same = &mut RoundtripReencoder;
        let sections = &mut self.sections;
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader.clone() {
                    self.types
                        .extend(group?.into_types().map(|ty| func_type(&ty.composite_type.inner)));
                }
                same.parse_type_section(&mut sections.types, reader)?;
            }
            Payload::ImportSection(reader) => {
                same.parse_import_section(&mut sections.imports, reader.clone())?;
                for import in reader.into_imports() {
                    self.import(import?.ty);
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader.clone() {
                    self.functions.push(ty?);
                }
                same.parse_function_section(&mut sections.functions, reader)?;
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    self.tables.push(self::table(table?)?);
                }
            }
            Payload::MemorySection(reader) => {
                for ty in reader.clone() {
                    self.memories.push(ty?);
                }
                same.parse_memory_section(&mut sections.memories, reader)?;
            }
            Payload::TagSection(reader) => same.parse_tag_section(&mut sections.tags, reader)?,
            Payload::GlobalSection(reader) => {
                self.globals += reader.count();
                same.parse_global_section(&mut sections.globals, reader)?;
            }
            Payload::ExportSection(reader) => {
                for export in reader.clone() {
                    let export = export?;
                    self.export_names.insert(export.name.to_owned());
                    if export.kind == ExternalKind::Func {
                        self.exported_functions.push((export.name.to_owned(), export.index));
                    }
                }
                same.parse_export_section(&mut sections.exports, reader)?;
            }
            Payload::StartSection { func, .. } => {
                sections.start = Some(StartSection { function_index: func });
            }
            Payload::ElementSection(reader) => {
                same.parse_element_section(&mut sections.elements, reader)?;
            }
            Payload::DataCountSection { count, .. } => {
                sections.data_count = Some(DataCountSection { count });
            }
            Payload::DataSection(reader) => same.parse_data_section(&mut sections.data, reader)?,
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            _ => (),
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef) {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                self.imported_functions += 1;
            }
            TypeRef::Table(ty) => self.imported_tables.push(ty),
            TypeRef::Memory(ty) => self.memories.push(ty),
            TypeRef::Global(_) => self.globals += 1,
            TypeRef::Tag(_) => (),
        }
    }

    /// The type of a function by its index.
    pub(super) fn type_of(&self, function: u32) -> Option<&FuncType> {
        self.types.get(*self.functions.get(function as usize)? as usize)?.as_ref()
    }

    /// The type of a table by its index.
    pub(super) fn table(&self, index: u32) -> Option<&TableType> {
        let index = index as usize;
        let defined = index.checked_sub(self.imported_tables.len());
        match defined {
            None => self.imported_tables.get(index),
            Some(position) => self.tables.get(position).map(|table| &table.ty),
        }
    }

    /// How many tables there are.
    pub(super) fn table_count(&self) -> u32 {
        let count = self.imported_tables.len() + self.tables.len();
        u32::try_from(count).expect("tables are few")
    }

    /// Whether a memory is indexed by `i64`.
    pub(super) fn memory_is_64(&self, memory: u32) -> bool {
        self.memories.get(memory as usize).is_some_and(|ty| ty.memory64)
    }

    /// Whether a table is indexed by `i64`.
    pub(super) fn table_is_64(&self, table: u32) -> bool {
        let defined = self.tables.iter().map(|table| &table.ty);
        let mut tables = self.imported_tables.iter().chain(defined);
        tables.nth(table as usize).is_some_and(|ty| ty.table64)
    }

    /// Adds a global; gives its index.
    pub(super) fn add_global(&mut self, ty: GlobalType, init: &ConstExpr) -> u32 {
        self.sections.globals.global(ty, init);
        self.globals += 1;
        self.globals - 1
    }

    /// Adds a function without locals; gives its index. `body` is without its `end`.
    pub(super) fn add_function(
        &mut self,
        params: &[ValType],
        results: &[ValType],
        body: &[Instruction<'_>],
    ) -> u32 {
        let ty = u32::try_from(self.types.len() + self.added.len()).expect("types are few");
        self.sections.types.ty().function(params.iter().copied(), results.iter().copied());
        self.sections.functions.function(ty);
        let mut function = Function::new([]);
        for instruction in body.iter().chain([&Instruction::End]) {
            function.instruction(instruction);
        }
        self.added.push(function);
        u32::try_from(self.functions.len() + self.added.len() - 1).expect("functions are few")
    }

    /// Exports an item, unless there is an export of that name.
    pub(super) fn export(&mut self, name: &str, kind: ExportKind, index: u32) {
        if self.export_names.insert(name.to_owned()) {
            self.sections.exports.export(name, kind, index);
        }
    }

    /// Writes the module, whose own functions have been written to the code section.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut sections = self.sections;
        for function in &self.added {
            sections.code.function(function);
        }
        let mut tables = TableSection::new();
        for table in self.tables {
            let ty = RoundtripReencoder.table_type(table.ty);
            let ty = ty.expect("it was parsed before");
            match table.init {
                None => tables.table(ty),
                Some(init) => tables.table_with_init(ty, &init),
            };
        }
        let mut module = Module::new();
        module.section(&sections.types);
        module.section(&sections.imports);
        module.section(&sections.functions);
        module.section(&tables);
        module.section(&sections.memories);
        if !sections.tags.is_empty() {
            module.section(&sections.tags); // empty or not, it is a feature
        }
        module.section(&sections.globals);
        module.section(&sections.exports);
        if let Some(start) = sections.start {
            module.section(&start);
        }
        module.section(&sections.elements);
        if let Some(count) = sections.data_count {
            module.section(&count);
        }
        module.section(&sections.code);
        module.section(&sections.data);
        module.finish()
    }
}

fn func_type(ty: &CompositeInnerType) -> Option<FuncType> {
    match ty {
        CompositeInnerType::Func(ty) => Some(ty.clone()),
        _ => None,
    }
}

fn table(table: wasmparser::Table<'_>) -> Result<Table, WeaveError> {
    let init = match table.init {
        TableInit::RefNull => None,
        TableInit::Expr(init) => Some(RoundtripReencoder.const_expr(init)?),
    };
    Ok(Table { ty: table.ty, init })
}

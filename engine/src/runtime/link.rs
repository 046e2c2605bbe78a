//! Linking: what imports resolve to, and whether it has the type that they ask for.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::state::{FunctionId, GlobalId, MemoryId, State, TableId, TagId};
use super::types::TypeId;
use crate::program::{Import, Item, Module, Program};

/// Something that an instance exports or a host provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Function(FunctionId),
    /// A table.
    Table(TableId),
    /// A linear memory.
    Memory(MemoryId),
    /// A global.
    Global(GlobalId),
    /// A tag.
    Tag(TagId),
}

/// An import that cannot be satisfied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing has that name.
    #[error("unknown import: {module}.{name}")]
    Unknown {
        /// Module name of the import.
        module: String,
        /// Field name of the import.
        name: String,
    },
    /// What has that name is something else.
    #[error("incompatible import type: {module}.{name}: {reason}")]
    Incompatible {
        /// Module name of the import.
        module: String,
        /// Field name of the import.
        name: String,
        /// What does not fit.
        reason: &'static str,
    },
}

/// Names that imports resolve to.
#[derive(Clone, Debug, Default)]
pub struct Linker {
    names: HashMap<String, HashMap<String, Extern>>,
}

impl Linker {
    /// Gives a name to something; the last one given counts.
    pub fn define(&mut self, module: &str, name: &str, item: Extern) {
        self.names.entry(module.to_owned()).or_default().insert(name.to_owned(), item);
    }

    /// What an import of these names resolves to.
    #[must_use]
    pub fn get(&self, module: &str, name: &str) -> Option<Extern> {
        self.names.get(module)?.get(name).copied()
    }

    /// What the imports of a program resolve to, in order. Types are checked by
    /// `Store::instantiate`.
    ///
    /// # Errors
    /// [`LinkError::Unknown`].
    pub fn resolve(&self, program: &Program) -> Result<Vec<Extern>, LinkError> {
        let resolve = |import: &Import| {
            self.get(&import.module, &import.name).ok_or_else(|| LinkError::Unknown {
                module: import.module.clone(),
                name: import.name.clone(),
            })
        };
        program.module.imports.iter().map(resolve).collect()
    }
}

/// The imports of a new instance, by index space.
#[derive(Debug, Default)]
pub(super) struct Imports {
    pub(super) functions: Vec<FunctionId>,
    pub(super) tables: Vec<TableId>,
    pub(super) memories: Vec<MemoryId>,
    pub(super) globals: Vec<GlobalId>,
    pub(super) tags: Vec<TagId>,
}

impl Imports {
    /// Checks each of `externs` against the import that it is for.
    pub(super) fn check(
        module: &Module,
        externs: &[Extern],
        state: &mut State,
    ) -> Result<Imports, LinkError> {
        let types = state.types.intern_all(&module.definitions);
        let wanted = Wanted { module, types: &types, state };
        let mut imports = Imports::default();
        for (position, import) in module.imports.iter().enumerate() {
            let refused = |reason| LinkError::Incompatible {
                module: import.module.clone(),
                name: import.name.clone(),
                reason,
            };
            let given = externs.get(position).copied().ok_or_else(|| refused("nothing given"))?;
            imports.add(&wanted, import.item, given).map_err(refused)?;
        }
        Ok(imports)
    }

    fn add(&mut self, wanted: &Wanted<'_>, item: Item, given: Extern) -> Result<(), &'static str> {
        match (item, given) {
            (Item::Function(index), Extern::Function(id)) => {
                wanted.function(index, id)?;
                self.functions.push(id);
            }
            (Item::Table(index), Extern::Table(id)) => {
                wanted.table(index, id)?;
                self.tables.push(id);
            }
            (Item::Memory(index), Extern::Memory(id)) => {
                wanted.memory(index, id)?;
                self.memories.push(id);
            }
            (Item::Global(index), Extern::Global(id)) => {
                wanted.global(index, id)?;
                self.globals.push(id);
            }
            (Item::Tag(index), Extern::Tag(id)) => {
                wanted.tag(index, id)?;
                self.tags.push(id);
            }
            _ => return Err("another kind of item"),
        }
        Ok(())
    }
}

type Check = Result<(), &'static str>;

/// What the imports of a module must be.
struct Wanted<'a> {
    module: &'a Module,
    /// Ids of the module's types.
    types: &'a [TypeId],
    state: &'a State,
}

impl Wanted<'_> {
    fn function(&self, index: usize, id: FunctionId) -> Check {
        let wanted = self.types[self.module.functions[index].ty];
        let given = self.state.function(id).ty;
        ensure(self.state.types.is_subtype(given, wanted), "another function type")
    }

    fn table(&self, index: usize, id: TableId) -> Check {
        let wanted = &self.module.tables[index];
        let table = self.state.table(id);
        let given = &table.ty;
        ensure(wanted.declared.map(|ty| self.types[ty]) == table.element, "element type")?;
        ensure(wanted.is_64 == given.is_64, "index type")?;
        limits((wanted.min, wanted.max), (u64::from(table.elements), given.max))
    }

    fn memory(&self, index: usize, id: MemoryId) -> Check {
        let wanted = &self.module.memories[index];
        let memory = self.state.memory(id);
        let given = &memory.ty;
        ensure(wanted.is_64 == given.is_64, "index type")?;
        ensure(wanted.shared == given.shared, "sharedness")?;
        ensure(wanted.page_size_log2 == given.page_size_log2, "page size")?;
        limits((wanted.min_pages, wanted.max_pages), (memory.pages, given.max_pages))
    }

    /// A global that may change must have the very type, since it is read and written.
    fn global(&self, index: usize, id: GlobalId) -> Check {
        let wanted = &self.module.globals[index];
        let given = self.state.global(id);
        ensure(wanted.mutable == given.mutable, "mutability")?;
        let declared = wanted.declared.map(|ty| self.types[ty]);
        let fits = match wanted.mutable {
            true => given.declared == declared,
            false => self.state.types.matches(given.declared, declared),
        };
        ensure(fits, "value type")
    }

    fn tag(&self, index: usize, id: TagId) -> Check {
        let wanted = self.types[self.module.tags[index]];
        ensure(wanted == self.state.tag(id).ty, "another tag type")
    }
}

/// Wasm's rule for limits, where the current size counts as the minimum.
fn limits(wanted: (u64, Option<u64>), given: (u64, Option<u64>)) -> Check {
    ensure(given.0 >= wanted.0, "too small")?;
    match (wanted.1, given.1) {
        (None, _) => Ok(()),
        (Some(wanted), Some(given)) => ensure(given <= wanted, "maximum too large"),
        (Some(_), None) => Err("no maximum"),
    }
}

fn ensure(fits: bool, reason: &'static str) -> Check {
    if fits { Ok(()) } else { Err(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_the_rule_of_wasm() {
        assert!(limits((1, None), (1, None)).is_ok());
        assert!(limits((1, Some(3)), (2, Some(3))).is_ok());
        assert_eq!(limits((2, None), (1, Some(3))), Err("too small"));
        assert_eq!(limits((1, Some(2)), (1, Some(3))), Err("maximum too large"));
        assert_eq!(limits((1, Some(2)), (1, None)), Err("no maximum"));
    }
}

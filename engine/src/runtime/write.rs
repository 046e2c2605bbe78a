//! Writing the VM structures of a new instance into the arena.
#![forbid(unsafe_code)]

use super::register::within;
use super::state::{Instance, State};
use super::structures::{GC_HEAP_DATA, STORE_CONTEXT};
use crate::arena::{Arena, OutOfArena};
use crate::code_table::CodeIndex;
use crate::program::Program;

/// First word of every vmctx, as in Wasmtime.
const VMCTX_MAGIC: u32 = u32::from_le_bytes(*b"core");

/// How `VMGlobalImport.kind` says that an instance owns the global.
const GLOBAL_OF_INSTANCE: u32 = 1;

/// Writes the structures of `instance`, which the state knows already.
pub(super) fn structures(
    arena: &mut dyn Arena,
    state: &State,
    program: &Program,
    instance: &Instance,
) -> Written {
    Writer { arena, state, program, instance }.write()
}

struct Writer<'a> {
    arena: &'a mut dyn Arena,
    state: &'a State,
    program: &'a Program,
    instance: &'a Instance,
}

type Written = Result<(), OutOfArena>;

impl Writer<'_> {
    fn write(&mut self) -> Written {
        self.context()?;
        self.type_ids()?;
        self.imported_functions()?;
        self.imported_tables()?;
        self.imported_memories()?;
        self.imported_globals()?;
        self.imported_tags()?;
        self.func_refs()?;
        self.tables()?;
        self.memories()?;
        self.globals()?;
        self.tags()?;
        self.runtime_data()?;
        self.memory_images()
    }

    /// Writes a field of vmctx.
    fn put(&mut self, offset: u32, value: u32) -> Written {
        self.arena.store_u32(self.instance.vmctx + offset, value)
    }

    /// Writes a field of vmctx that points to an offset.
    fn point(&mut self, offset: u32, to: u32) -> Written {
        self.point_at(self.instance.vmctx + offset, to)
    }

    /// Writes a pointer to an offset.
    fn point_at(&mut self, at: u32, to: u32) -> Written {
        let pointers = &self.state.pointers;
        pointers.store(self.arena, at, pointers.to_guest(to))
    }

    /// Writes a field of vmctx that code is called by.
    fn put_code(&mut self, offset: u32, code: CodeIndex) -> Written {
        let pointers = &self.state.pointers;
        pointers.store(self.arena, self.instance.vmctx + offset, pointers.code(code))
    }

    /// Writes a number that is as wide as a pointer.
    fn put_word(&mut self, at: u32, word: u32) -> Written {
        self.state.pointers.store(self.arena, at, word.into())
    }

    fn context(&mut self) -> Written {
        let vmctx = self.program.layout.vmctx;
        self.put(vmctx.magic, VMCTX_MAGIC)?;
        self.point(vmctx.store_context, STORE_CONTEXT)?;
        self.point(vmctx.gc_heap_data, GC_HEAP_DATA)
    }

    fn type_ids(&mut self) -> Written {
        let at = self.instance.type_ids;
        self.point(self.program.layout.vmctx.type_ids, at)?;
        let ids = self.instance.types.iter();
        let bytes: Vec<u8> = ids.flat_map(|id| id.as_u32().to_le_bytes()).collect();
        self.arena.write(at, &bytes)
    }

    fn imported_functions(&mut self) -> Written {
        let fields = self.program.layout.function_import;
        let array = self.program.layout.imported_functions;
        for number in 0..array.count {
            let function = *self.state.function(self.instance.functions[number as usize]);
            let at = array.at(number);
            self.put_code(at + fields.wasm_call, function.code)?;
            self.put(at + fields.type_index, self.state.type_number(function))?;
            self.point(at + fields.vmctx, function.vmctx)?;
        }
        Ok(())
    }

    fn imported_tables(&mut self) -> Written {
        let fields = self.program.layout.table_import;
        let array = self.program.layout.imported_tables;
        for number in 0..array.count {
            let table = self.state.table(self.instance.tables[number as usize]);
            let (owner, index) = table.owner;
            let at = array.at(number);
            self.point(at + fields.from, table.definition)?;
            self.point(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.index, index)?;
        }
        Ok(())
    }

    fn imported_memories(&mut self) -> Written {
        let fields = self.program.layout.memory_import;
        let array = self.program.layout.imported_memories;
        for number in 0..array.count {
            let memory = self.state.memory(self.instance.memories[number as usize]);
            let (owner, index) = memory.owner;
            let at = array.at(number);
            self.point(at + fields.from, memory.definition)?;
            self.point(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.index, index)?;
        }
        Ok(())
    }

    fn imported_globals(&mut self) -> Written {
        let fields = self.program.layout.global_import;
        let array = self.program.layout.imported_globals;
        for number in 0..array.count {
            let global = *self.state.global(self.instance.globals[number as usize]);
            let (owner, index) = global.owner;
            let at = array.at(number);
            self.point(at + fields.from, global.definition)?;
            self.point(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.kind, GLOBAL_OF_INSTANCE)?;
            self.put(at + fields.kind + 4, index)?;
        }
        Ok(())
    }

    fn imported_tags(&mut self) -> Written {
        let fields = self.program.layout.tag_import;
        let array = self.program.layout.imported_tags;
        for number in 0..array.count {
            let tag = *self.state.tag(self.instance.tags[number as usize]);
            let (owner, index) = tag.owner;
            let at = array.at(number);
            self.point(at + fields.from, tag.definition)?;
            self.point(at + fields.vmctx, self.state.instance(owner).vmctx)?;
            self.put(at + fields.index, index)?;
        }
        Ok(())
    }

    fn func_refs(&mut self) -> Written {
        let fields = self.program.layout.func_ref;
        let array = self.program.layout.func_refs;
        for (position, decl) in self.program.module.functions.iter().enumerate() {
            let Some(slot) = decl.func_ref else { continue };
            let function = *self.state.function(self.instance.functions[position]);
            let at = array.at(slot);
            self.put_code(at + fields.wasm_call, function.code)?;
            self.put(at + fields.type_index, self.state.type_number(function))?;
            self.point(at + fields.vmctx, function.vmctx)?;
        }
        Ok(())
    }

    fn tables(&mut self) -> Written {
        let fields = self.program.layout.table;
        for &id in &self.instance.tables[self.instance.imported_tables..] {
            let table = self.state.table(id);
            self.point_at(table.definition + fields.base, table.base)?;
            self.put_word(table.size_field, table.elements)?;
        }
        Ok(())
    }

    fn memories(&mut self) -> Written {
        let fields = self.program.layout.memory;
        let pointers = self.program.layout.memory_pointers;
        let defined = &self.instance.memories[self.instance.imported_memories..];
        for (number, &id) in (0..).zip(defined) {
            let memory = self.state.memory(id);
            self.point(pointers.at(number), memory.definition)?;
            self.point_at(memory.definition + fields.base, memory.base)?;
            self.put_word(memory.length_field, memory.len_bytes())?;
        }
        Ok(())
    }

    fn globals(&mut self) -> Written {
        let first = self.program.layout.imported_globals.count as usize;
        let defined =
            self.instance.globals[first..].iter().zip(&self.program.module.globals[first..]);
        for (&id, global) in defined {
            let at = self.state.global(id).definition;
            self.arena.store_u128(at, global.init.unwrap_or(0))?;
        }
        Ok(())
    }

    fn tags(&mut self) -> Written {
        let fields = self.program.layout.tag;
        let first = self.program.layout.imported_tags.count as usize;
        for &id in &self.instance.tags[first..] {
            let tag = *self.state.tag(id);
            self.arena.store_u32(tag.definition + fields.type_index, tag.ty.as_u32())?;
        }
        Ok(())
    }

    /// A segment without bytes has base 0: it is empty, or already in its memory.
    fn runtime_data(&mut self) -> Written {
        let layout = &self.program.layout;
        let segments = self.instance.data.iter().zip(&self.program.module.runtime_data);
        for (number, (&(base, len), bytes)) in (0..).zip(segments) {
            if len == 0 {
                continue;
            }
            self.arena.write(base, bytes)?;
            self.point(layout.data_bases.at(number), base)?;
            self.put(layout.data_lengths.at(number), len)?;
        }
        Ok(())
    }

    fn memory_images(&mut self) -> Written {
        for image in &self.program.module.memory_images {
            let memory = self.state.memory(self.instance.memories[image.memory]);
            self.arena.write(memory.base + within(image.offset), &image.bytes)?;
        }
        Ok(())
    }
}

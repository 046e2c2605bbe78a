//! VM structures in the memory of a program, and what a front end does with them.
//!
//! Some functions begin by writing a few memory definitions and function references, as
//! Wasmtime lays them out, and then use them as the front end's code does: they load a
//! length, compare, load the base, and let the address be null where the index is out of
//! bounds; they load a type, compare, load a code index, and call. Each such access names
//! its field in an alias region, so that a plan can confuse these programs in all the ways
//! in which it confuses modules.
#![forbid(unsafe_code)]

use super::MAX_FUNCTIONS;
use super::body::{Body, Value};
use super::ty::Ty;
use crate::clif::{MEMORY, MEMORY_BYTES};
use crate::frontend::empty_layout;
use crate::layout::{FuncRef, MemoryDefinition};

/// Most structures of one function, and the distance of their offsets.
const MAX_OBJECTS: u32 = 3;
const STRIDE: u32 = 16;

/// Where the structures of all functions lie: below what other accesses reach, mostly.
const OBJECTS: u32 = MEMORY + 0x100;

/// What a memory definition describes: the upper half of the memory, in parts.
const CONTENTS: u32 = MEMORY + MEMORY_BYTES / 2;
const LENGTHS: [u32; 4] = [0x1000, 0x800, 64, 0];

const _: () = assert!(MAX_FUNCTIONS * (MAX_OBJECTS * STRIDE) as usize <= 0x1000);

/// A structure, and the value that is its offset.
#[derive(Clone, Copy, Debug)]
pub(super) enum Object {
    Memory(Value),
    /// A reference to the function of this number.
    Function(Value, usize),
}

impl Body<'_, '_> {
    /// Writes the structures of the function.
    pub(super) fn make_objects(&mut self) {
        let first = OBJECTS + u32::try_from(self.number).unwrap_or(0) * MAX_OBJECTS * STRIDE;
        for nth in 0..self.draw.below(MAX_OBJECTS as usize + 1) {
            let at = first + u32::try_from(nth).unwrap_or(0) * STRIDE;
            let at = self.word(at);
            let later = self.signatures.len() - self.number - 1;
            if later > 0 && self.draw.chance(50) {
                let callee = self.number + 1 + self.draw.below(later);
                self.make_function(at, callee);
            } else {
                self.make_memory(at);
            }
        }
    }

    fn make_memory(&mut self, at: Value) {
        let fields = empty_layout().memory;
        let length = self.draw.choice(&LENGTHS);
        for (offset, word) in [(fields.base, CONTENTS), (fields.current_length, length)] {
            let word = self.word(word);
            self.set_field(MemoryDefinition::NAME, at, offset, word);
        }
        self.objects.push(Object::Memory(at));
    }

    fn make_function(&mut self, at: Value, callee: usize) {
        let fields = empty_layout().func_ref;
        let code = self.code_index(callee);
        let ty = self.word(type_of(callee));
        let context = self.objects.first().map_or(at, |first| first.offset());
        for (offset, word) in [
            (fields.array_call, code),
            (fields.wasm_call, code),
            (fields.type_index, ty),
            (fields.vmctx, context),
        ] {
            self.set_field(FuncRef::NAME, at, offset, word);
        }
        self.objects.push(Object::Function(at, callee));
    }

    /// Uses one of the structures.
    pub(super) fn use_object(&mut self) {
        let object = self.objects[self.draw.below(self.objects.len())];
        match object {
            Object::Memory(at) => self.bounded_access(at),
            Object::Function(at, callee) if self.may_call() => self.checked_call(at, callee),
            Object::Function(at, _) => {
                self.get_field(FuncRef::NAME, at, empty_layout().func_ref.vmctx);
            }
        }
    }

    /// An access behind a bounds check: a select between null and the address, or a trap.
    fn bounded_access(&mut self, at: Value) {
        let fields = empty_layout().memory;
        let mut index = self.value(Ty::I32);
        if self.draw.chance(80) {
            let mask = self.word(0xfff);
            index = self.define(Ty::I32, &format!("band {index}, {mask}"));
        }
        let length = self.get_field(MemoryDefinition::NAME, at, fields.current_length);
        let outside = self.define(Ty::I8, &format!("icmp uge {index}, {length}"));
        let base = self.get_field(MemoryDefinition::NAME, at, fields.base);
        let mut address = self.define(Ty::I32, &format!("iadd {base}, {index}"));
        if self.draw.chance(30) {
            self.emit(&format!("trapnz {outside}, heap_oob"));
        } else {
            let null = self.word(0);
            let text = format!("select_spectre_guard {outside}, {null}, {address}");
            address = self.define(Ty::I32, &text);
        }
        let ty = Ty::draw(self.draw);
        if self.draw.chance(50) {
            self.define(ty, &format!("load.{} little {address}", ty.name()));
        } else {
            let value = self.value(ty);
            self.emit(&format!("store little {value}, {address}"));
        }
    }

    /// A call through a function reference, behind a check of its type.
    fn checked_call(&mut self, at: Value, callee: usize) {
        let fields = empty_layout().func_ref;
        let actual = self.get_field(FuncRef::NAME, at, fields.type_index);
        let expected = self.word(type_of(callee));
        let other = self.define(Ty::I8, &format!("icmp ne {actual}, {expected}"));
        self.emit(&format!("trapnz {other}, user8"));
        let code = self.get_field(FuncRef::NAME, at, fields.wasm_call);
        self.get_field(FuncRef::NAME, at, fields.vmctx);
        self.calls += 1;
        self.invoke_through(code, callee);
    }

    fn word(&mut self, word: u32) -> Value {
        self.define(Ty::I32, &format!("iconst.i32 {}", word.cast_signed()))
    }

    /// The region of a field: it has a number of its own.
    fn region_of(&mut self, structure: &str, offset: u32) -> String {
        let number = if structure == FuncRef::NAME { 0x100 } else { 0x200 } + offset;
        self.declare("region", &format!("{number} \"{structure}+0x{offset:x}\""))
    }

    fn set_field(&mut self, structure: &str, at: Value, offset: u32, word: Value) {
        let region = self.region_of(structure, offset);
        self.emit(&format!("store notrap aligned {region} {word}, {at}+{offset}"));
    }

    fn get_field(&mut self, structure: &str, at: Value, offset: u32) -> Value {
        let region = self.region_of(structure, offset);
        let text = format!("load.i32 notrap aligned {region} {at}+{offset}");
        self.define(Ty::I32, &text)
    }
}

impl Object {
    fn offset(self) -> Value {
        match self {
            Object::Memory(at) | Object::Function(at, _) => at,
        }
    }
}

/// The type id of a function: none is 0.
fn type_of(callee: usize) -> u32 {
    1 + u32::try_from(callee).unwrap_or(0)
}

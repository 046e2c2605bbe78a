//! Census: which CLIF opcodes and which fields of VM structures a program contains.
//!
//! A campaign adds these up to see what its cases never reach. A field counts when an
//! instruction of the program as it came, before any pass, names it in its alias region;
//! whether that instruction is ever executed is not known here.
//!
//! Fields are named `STRUCTURE.FIELD`, as in [`crate::layout`]. Regions that are no field
//! of a structure (linear memory, table elements) go by the name of their kind.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use cranelift_codegen::ir::{AliasRegion, Function, Opcode};

use crate::clif;
use crate::frontend;
use crate::layout::{GlobalDefinition, Structure};
use crate::passes::refuses;
use crate::program::Program;

/// Number of values that an opcode's discriminant can take.
const DISCRIMINANTS: usize = 1 << 8;

/// What a program contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// Names of opcodes.
    pub opcodes: BTreeSet<String>,
    /// Names of fields and of kinds of memory.
    pub fields: BTreeSet<String>,
}

impl Census {
    /// Takes the census of a program.
    #[must_use]
    pub fn of(program: &Program) -> Census {
        let structures =
            if program.has_instance() { program.layout.structures() } else { clif::structures() };
        let mut seen = [false; DISCRIMINANTS];
        let mut fields = BTreeSet::new();
        for function in &program.functions {
            for region in note(function, &mut seen) {
                let description = &function.dfg.alias_regions[region].description;
                fields.insert(field_name(description, &structures));
            }
        }
        let opcodes = Opcode::all().iter().filter(|opcode| seen[**opcode as usize]);
        Census { opcodes: opcodes.map(Opcode::to_string).collect(), fields }
    }
}

/// Names of the opcodes that a program may contain and still run.
#[must_use]
pub fn runnable_opcodes() -> Vec<String> {
    let runnable = Opcode::all().iter().filter(|&&opcode| !refuses(opcode));
    runnable.map(Opcode::to_string).collect()
}

/// Names of all fields of VM structures.
#[must_use]
pub fn fields() -> Vec<String> {
    let structures = frontend::empty_layout().structures();
    let names = structures.iter().flat_map(|structure| {
        structure.fields.iter().map(|field| format!("{}.{}", structure.name, field.name))
    });
    names.collect()
}

/// Marks the opcodes of a function.
///
/// Returns the regions that its accesses name.
fn note(function: &Function, seen: &mut [bool; DISCRIMINANTS]) -> BTreeSet<AliasRegion> {
    let dfg = &function.dfg;
    let mut regions = BTreeSet::new();
    for block in function.layout.blocks() {
        for inst in function.layout.block_insts(block) {
            let data = &dfg.insts[inst];
            seen[data.opcode() as usize] = true;
            regions.extend(data.memflags().and_then(|flags| dfg.mem_flags[flags].alias_region()));
        }
    }
    regions
}

/// The name for a region that the front end describes as `VMMemoryDefinition+0x4` or
/// `DefinedMemory(0, 1)`.
fn field_name(description: &str, structures: &[Structure]) -> String {
    let kind = description.split(['(', '+']).next().unwrap_or(description);
    let offset = description.split_once("+0x").map(|(_, hex)| u32::from_str_radix(hex, 16));
    if let Some(Ok(offset)) = offset {
        let found = structures.iter().find_map(|s| Some((s.name, s.field_at(kind, offset)?.name)));
        return found.map_or_else(|| kind.to_owned(), |(name, field)| format!("{name}.{field}"));
    }
    match kind {
        "DefinedGlobal" | "PublicGlobal" => format!("{}.storage", GlobalDefinition::NAME),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_census_names_opcodes_and_fields_of_the_clif_as_it_came() {
        let text = "(module (import \"m\" \"g\" (global i32)) (memory 1) (global $g (mut i32) (i32.const 1))
            (func (export \"f\") (param i32) (result i32)
                (global.set $g (i32.add (local.get 0) (global.get 0)))
                (i32.popcnt (i32.load (local.get 0)))))";
        let wasm = wat::parse_str(text).expect("valid text");
        let census = Census::of(&frontend::translate(&wasm).expect("a program"));
        for opcode in ["popcnt", "load", "icmp", "return"] {
            assert!(census.opcodes.contains(opcode), "{:?}", census.opcodes);
        }
        assert!(!census.opcodes.contains("fadd"));
        let memory = ["VMMemoryDefinition.base", "VMMemoryDefinition.current_length"];
        for field in memory.into_iter().chain(["VMGlobalDefinition.storage", "VMGlobalImport.from"])
        {
            assert!(census.fields.contains(field), "{:?}", census.fields);
        }
        assert!(!census.fields.iter().any(|name| name.contains(['(', '+'])), "{:?}", census.fields);
    }

    #[test]
    fn opcodes_that_reveal_host_addresses_are_not_runnable() {
        let opcodes = runnable_opcodes();
        let runs = |name: &str| opcodes.iter().any(|opcode| opcode == name);
        assert!(runs("iadd") && runs("call_indirect"));
        assert!(!runs("func_addr") && !runs("get_stack_pointer"));
        assert!(Opcode::all().iter().all(|&opcode| (opcode as usize) < DISCRIMINANTS));
    }

    #[test]
    fn every_field_of_every_structure_is_listed_once() {
        let fields = fields();
        assert_eq!(BTreeSet::from_iter(&fields).len(), fields.len());
        assert!(fields.iter().any(|field| field == "VMFuncRef.wasm_call"));
    }
}

//! Numbers the sites of a program.
#![forbid(unsafe_code)]

use std::sync::Arc;

use cranelift_codegen::ir::{self, Function, Inst, InstructionData, Opcode};

use super::instructions;
use super::opcode::{Class, class};
use crate::program::FuncId;
use crate::site::{Site, SiteId, SiteKind};

/// Appends the sites of a function to `sites` and writes their ids into its source
/// locations. Every other instruction gets the default location, so that nothing else
/// is taken for a site.
pub(super) fn number(function: &mut Function, id: FuncId, sites: &mut Vec<Site>) {
    let body = instructions(function);
    let found: Vec<(Inst, SiteKind)> =
        body.into_iter().filter_map(|inst| Some((inst, kind(function, inst)?))).collect();
    let described = found.iter().zip(0..);
    let described =
        described.map(|(&(inst, kind), ordinal)| site(function, id, ordinal, inst, kind));
    let first = sites.len();
    sites.extend(described);
    forget_source_locations(function);
    for (&(inst, _), number) in found.iter().zip(first..) {
        // A program of 2^32 sites does not fit the memory of its front end.
        let number = u32::try_from(number).expect("fewer than 2^32 sites");
        function.set_srcloc(inst, SiteId(number).source_loc());
    }
}

/// Clears all source locations and what they are relative to: a location one below that
/// base would read back as the default one.
fn forget_source_locations(function: &mut Function) {
    function.srclocs.clear();
    let old = std::mem::replace(&mut function.params, ir::function::FunctionParameters::new());
    for (reference, name) in old.user_named_funcs() {
        let new = function.params.ensure_user_func_name(name.clone());
        assert_eq!(new, reference, "names are distinct");
    }
}

fn site(function: &Function, id: FuncId, ordinal: u32, inst: Inst, kind: SiteKind) -> Site {
    let loc = function.srcloc(inst);
    Site {
        function: id,
        ordinal,
        instruction: inst,
        kind,
        region: region(function, inst),
        width: width(function, inst),
        displacement: function.dfg.insts[inst].load_store_offset().unwrap_or(0),
        wasm_offset: (!loc.is_default()).then(|| loc.bits()),
    }
}

fn kind(function: &Function, inst: Inst) -> Option<SiteKind> {
    match class(function.dfg.insts[inst].opcode()) {
        Class::Load => Some(SiteKind::Load),
        Class::Store => Some(SiteKind::Store),
        Class::Atomic => Some(SiteKind::Atomic),
        Class::CallIndirect | Class::ReturnCallIndirect => Some(SiteKind::IndirectCall),
        _ => None,
    }
}

/// Description of the alias region that an access names.
fn region(function: &Function, inst: Inst) -> Arc<str> {
    let dfg = &function.dfg;
    let region = dfg.insts[inst].memflags().and_then(|flags| dfg.mem_flags[flags].alias_region());
    region.map_or_else(Arc::default, |region| dfg.alias_regions[region].description.as_ref().into())
}

/// Bytes that an access spans; 0 for a call.
pub(crate) fn width(function: &Function, inst: Inst) -> u8 {
    let dfg = &function.dfg;
    let data = &dfg.insts[inst];
    let bytes = match data.opcode() {
        Opcode::Uload8 | Opcode::Sload8 | Opcode::Istore8 => 1,
        Opcode::Uload16 | Opcode::Sload16 | Opcode::Istore16 => 2,
        Opcode::Uload32 | Opcode::Sload32 | Opcode::Istore32 => 4,
        Opcode::Uload8x8 | Opcode::Sload8x8 | Opcode::Uload16x4 | Opcode::Sload16x4 => 8,
        Opcode::Uload32x2 | Opcode::Sload32x2 => 8,
        Opcode::Load | Opcode::AtomicLoad | Opcode::AtomicRmw | Opcode::AtomicCas => {
            dfg.value_type(dfg.first_result(inst)).bytes()
        }
        _ => match *data {
            InstructionData::Store { args: [value, _], .. }
            | InstructionData::StoreNoOffset { args: [value, _], .. } => {
                dfg.value_type(value).bytes()
            }
            _ => 0,
        },
    };
    u8::try_from(bytes).unwrap_or(u8::MAX)
}

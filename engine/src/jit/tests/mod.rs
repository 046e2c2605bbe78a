//! Tests of the executor as a whole, on CLIF text.
//!
//! They number the sites themselves, so that a failure here is one of this module and
//! not of the passes. They run in process, or in a cell where the environment sets
//! `FENCEPOST_TEST_NATIVE=cell`.

mod attackers;
mod containment;
mod control_flow;
mod control_group;
mod doors;
mod escape;
mod reset;
mod residue;
mod services;
mod speed;
mod tenancy;

use std::sync::Arc;
use std::time::Duration;

use cranelift_codegen::ir::{Function, InstructionData, Opcode};

use super::*;
use crate::arena::{NULL_PAGE, PAGE};
use crate::code_table::Target;
use crate::layout::Addressing;
use crate::program::FuncId;
use crate::site::{Site, SiteId, SiteKind};
use crate::trap::Trap;

pub(super) const MODES: [Mode; 2] = [Mode::Exact, Mode::AsShipped];

pub(super) const LIMITS: Limits =
    Limits { fuel: u64::MAX, deadline: Duration::from_secs(20), depth: 10_000 };

/// Services that no test program may use.
pub(super) struct NoServices;

impl Services for NoServices {
    fn builtin(
        &mut self,
        _: &mut dyn Arena,
        b: crate::program::Builtin,
        _: &[Slot],
    ) -> Result<Slot, Trap> {
        panic!("builtin {}", b.name())
    }

    fn host(&mut self, _: &mut dyn Arena, n: u32, _: &[Slot], _: &mut [Slot]) -> Result<(), Trap> {
        panic!("host function {n}")
    }
}

/// Whether the environment asks for cells.
pub(super) fn in_cell() -> bool {
    std::env::var("FENCEPOST_TEST_NATIVE").is_ok_and(|native| native == "cell")
}

/// A program's functions in the code table, in order, from entry 1 on.
pub(super) struct Bench {
    pub(super) jit: Jit,
    pub(super) table: CodeTable,
}

impl Bench {
    /// An executor with an arena of two pages after the null page.
    pub(super) fn new(config: JitConfig) -> Bench {
        // A cell has no decoys: there is nothing that a wild access could land on.
        let choose = config.guard == GuardMode::Guard && in_cell();
        let native = if choose { Native::Cell } else { config.native };
        let mut jit = Jit::new(JitConfig { native, ..config }).expect("an executor");
        jit.reset(NULL_PAGE + 2 * PAGE).expect("memory");
        Bench { jit, table: CodeTable::default() }
    }

    /// The default executor with a program of CLIF text.
    pub(super) fn with(clif: &str, mode: Mode) -> Bench {
        let mut bench = Bench::new(JitConfig::default());
        bench.load(clif, mode).expect("a program that compiles");
        bench
    }

    pub(super) fn load(&mut self, clif: &str, mode: Mode) -> Result<(), LoadError> {
        let (functions, sites) = parse(clif);
        let functions = functions.into_iter().map(Arc::new).collect();
        let prepared = Prepared {
            mode,
            addressing: Addressing::Arena32,
            functions,
            startup: None,
            sites,
            frame_maps: Arc::default(),
        };
        self.jit.load(&prepared, &mut self.table)?;
        self.register(&prepared.functions);
        Ok(())
    }

    /// Loads native CLIF as it is: its functions take the base as their last parameter.
    pub(super) fn load_native(&mut self, clif: &str, mode: Mode) {
        let (functions, sites) = parse(clif);
        self.jit.load_lowered(functions.clone(), mode, &sites).expect("functions that compile");
        self.register(&functions.into_iter().map(Arc::new).collect::<Vec<_>>());
    }

    fn register(&mut self, functions: &[Arc<Function>]) {
        let program = u32::try_from(self.jit.programs.len() - 1).expect("few programs");
        for (function, index) in functions.iter().zip(0..) {
            let target = Target::Function { program, function: FuncId(index) };
            let signature = self.table.intern(&function.signature);
            self.table.push(target, signature).expect("room");
        }
    }

    /// Calls table entry `code`.
    pub(super) fn call(&mut self, code: u32, args: &[Slot]) -> Result<Vec<Slot>, Stop> {
        self.serve(&mut NoServices, code, args)
    }

    pub(super) fn serve(
        &mut self,
        services: &mut dyn Services,
        code: u32,
        args: &[Slot],
    ) -> Result<Vec<Slot>, Stop> {
        self.jit.call(&self.table, services, CodeIndex(code), args, LIMITS)
    }

    /// The trap that a call of entry `code` ends with, and its site.
    pub(super) fn trap(&mut self, code: u32, args: &[Slot]) -> (Trap, Option<SiteId>) {
        match self.call(code, args) {
            Err(Stop::Trap(report)) => (report.trap, report.site),
            other => panic!("expected a trap, got {other:?}"),
        }
    }

    /// The escape that a call of entry `code` ends with.
    pub(super) fn escape(&mut self, code: u32, args: &[Slot]) -> crate::executor::Escape {
        match self.call(code, args) {
            Err(Stop::Escape(escape)) => *escape,
            other => panic!("expected an escape, got {other:?}"),
        }
    }
}

fn parse(clif: &str) -> (Vec<Function>, Vec<Site>) {
    let mut functions = cranelift_reader::parse_functions(clif).expect("CLIF");
    let mut sites = Vec::new();
    for (function, id) in functions.iter_mut().zip(0..) {
        number_sites(function, FuncId(id), &mut sites);
    }
    (functions, sites)
}

fn number_sites(function: &mut Function, id: FuncId, sites: &mut Vec<Site>) {
    let blocks: Vec<_> = function.layout.blocks().collect();
    let insts = blocks.iter().flat_map(|&block| function.layout.block_insts(block));
    for inst in insts.collect::<Vec<_>>() {
        let data = function.dfg.insts[inst];
        let (kind, ty) = match data {
            InstructionData::Load { .. } => (SiteKind::Load, function.dfg.ctrl_typevar(inst)),
            InstructionData::Store { args, .. } => {
                (SiteKind::Store, function.dfg.value_type(args[0]))
            }
            InstructionData::CallIndirect { opcode: Opcode::CallIndirect, .. } => {
                (SiteKind::IndirectCall, cranelift_codegen::ir::types::INVALID)
            }
            _ => continue,
        };
        let site = SiteId(u32::try_from(sites.len()).expect("few sites"));
        sites.push(Site {
            function: id,
            ordinal: site.0,
            instruction: inst,
            kind,
            region: "".into(),
            width: if ty.is_invalid() { 0 } else { u8::try_from(ty.bytes()).expect("a width") },
            displacement: data.load_store_offset().unwrap_or(0),
            wasm_offset: None,
        });
        function.set_srcloc(inst, site.source_loc());
    }
}

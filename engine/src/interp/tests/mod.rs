//! Tests of the executor as a whole, on CLIF text.
//!
//! They number the sites themselves, so that a failure here is one of this module and
//! not of the passes.

mod control_flow;
mod frontend;
mod memory;
mod robustness;
mod services;
mod speed;
mod values;
mod vectors;

use std::sync::Arc;
use std::time::Duration;

use cranelift_codegen::ir::{Function, InstructionData, Opcode};

use super::*;
use crate::arena::PAGE;
use crate::layout::Addressing;
use crate::passes::Mode;
use crate::program::{Builtin, FuncId};
use crate::site::SiteId;
pub(super) use robustness::Arbitrary;

pub(super) const MODES: [Mode; 2] = [Mode::Exact, Mode::AsShipped];

pub(super) const LIMITS: Limits =
    Limits { fuel: 100_000_000, deadline: Duration::from_secs(20), depth: 10_000 };

/// Services that no test program may use.
pub(super) struct NoServices;

impl Services for NoServices {
    fn builtin(&mut self, _: &mut dyn Arena, b: Builtin, _: &[Slot]) -> Result<Slot, Trap> {
        panic!("builtin {}", b.name())
    }

    fn host(&mut self, _: &mut dyn Arena, n: u32, _: &[Slot], _: &mut [Slot]) -> Result<(), Trap> {
        panic!("host function {n}")
    }
}

/// An interpreter with one page after the null page and a program of CLIF text, whose
/// functions are in the code table in order, from entry 1 on.
pub(super) struct Bench {
    pub(super) interpreter: Interpreter,
    pub(super) table: CodeTable,
}

impl Bench {
    pub(super) fn empty(fault: Option<Fault>) -> Bench {
        let mut interpreter = Interpreter::new(Faults::new(fault));
        interpreter.reset(NULL_PAGE + PAGE).expect("a small arena");
        Bench { interpreter, table: CodeTable::default() }
    }

    pub(super) fn with(clif: &str, mode: Mode) -> Bench {
        let mut bench = Bench::empty(None);
        bench.load(clif, mode).expect("a program that compiles");
        bench
    }

    pub(super) fn load(&mut self, clif: &str, mode: Mode) -> Result<(), LoadError> {
        self.load_functions(parse(clif), mode)
    }

    pub(super) fn load_functions(
        &mut self,
        functions: Vec<Function>,
        mode: Mode,
    ) -> Result<(), LoadError> {
        let functions = functions.into_iter().map(Arc::new).collect();
        let prepared = Prepared {
            mode,
            addressing: Addressing::Arena32,
            functions,
            startup: None,
            sites: Vec::new(),
            frame_maps: Arc::default(),
        };
        self.interpreter.load(&prepared, &mut self.table)?;
        let program = u32::try_from(self.interpreter.code.entries.len() - 1).expect("few");
        for (function, index) in prepared.functions.iter().zip(0..) {
            let signature = self.table.intern(&function.signature);
            let target = Target::Function { program, function: FuncId(index) };
            self.table.push(target, signature).expect("room");
        }
        Ok(())
    }

    pub(super) fn call(&mut self, code: u32, args: &[Slot]) -> Result<Vec<Slot>, Stop> {
        self.serve(&mut NoServices, code, args, LIMITS)
    }

    pub(super) fn serve(
        &mut self,
        services: &mut dyn Services,
        code: u32,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        self.interpreter.call(&self.table, services, CodeIndex(code), args, limits)
    }

    /// The trap that a call ends with, and its site.
    pub(super) fn trap(&mut self, code: u32, args: &[Slot]) -> (Trap, Option<u32>) {
        match self.call(code, args) {
            Err(Stop::Trap(report)) => (report.trap, report.site.map(|site| site.0)),
            other => panic!("expected a trap, got {other:?}"),
        }
    }
}

fn parse(clif: &str) -> Vec<Function> {
    let mut functions = cranelift_reader::parse_functions(clif).expect("CLIF that parses");
    number_sites(&mut functions);
    functions
}

/// Numbers accesses and indirect calls from 0.
fn number_sites(functions: &mut [Function]) {
    let mut next = 0;
    for function in functions {
        let blocks: Vec<_> = function.layout.blocks().collect();
        for block in blocks {
            let instructions: Vec<_> = function.layout.block_insts(block).collect();
            for instruction in instructions {
                let data = &function.dfg.insts[instruction];
                let opcode = data.opcode();
                let is_call = matches!(
                    data,
                    InstructionData::CallIndirect { .. } | InstructionData::TryCallIndirect { .. }
                );
                let is_access = opcode.can_load() || opcode.can_store();
                if is_call || is_access && !matches!(opcode, Opcode::Call | Opcode::ReturnCall) {
                    function.set_srcloc(instruction, SiteId(next).source_loc());
                    next += 1;
                }
            }
        }
    }
}

//! The code of all loaded programs: one vector of instructions, and for each where it
//! comes from.
//!
//! Code addresses in the machine are op indices into that vector. They never reach
//! VM structures, which hold code indices.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::instruction::Instruction;
use crate::program::FuncId;
use crate::site::SiteId;
use crate::trap::Trap;
use crate::unwind::CallSite;

/// Where an instruction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Load order of the program, from 0.
    pub program: u32,
    /// The function.
    pub function: FuncId,
    /// The access or indirect call, if it is (part of) one.
    pub site: Option<SiteId>,
    /// The trap that the compiler lists for it.
    pub trap: Option<Trap>,
}

/// The code of all programs.
#[derive(Debug, Default)]
pub(super) struct Code {
    pub instructions: Vec<Instruction>,
    /// For each instruction, its origin.
    pub origins: Vec<Origin>,
    /// For each program, the op index of each function's first instruction.
    pub entries: Vec<Vec<u32>>,
    /// Calls with handlers of exceptions, by the op index that each returns to.
    pub handlers: HashMap<u32, CallSite>,
    /// The vector constants of all instructions.
    pub constants: Vec<u128>,
}

impl Code {
    /// The origin of an op; `None` for what is not one.
    pub(super) fn origin(&self, op: u32) -> Option<&Origin> {
        self.origins.get(op as usize)
    }

    /// The op index where a function begins.
    pub(super) fn entry(&self, program: u32, function: FuncId) -> Option<u32> {
        self.entries.get(program as usize)?.get(function.0 as usize).copied()
    }
}

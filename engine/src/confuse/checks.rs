//! The shapes in which the front end checks bounds, nulls and signatures.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Value};

use crate::passes::value::constant;
use crate::trap::Trap;

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// `trapz` or `trapnz`, of a bound or a null.
    Trap,
    /// `trapz` or `trapnz`, of the type of an indirectly called function.
    Signature,
    /// A `select` between the null page and `address`.
    Null {
        /// What is chosen where the access is in bounds.
        address: Value,
    },
    /// A sum that traps where it wraps.
    Sum([Value; 2]),
}

impl Check {
    /// The check that an instruction is, if it is one.
    pub(super) fn of(function: &Function, inst: Inst) -> Option<Check> {
        match function.dfg.insts[inst] {
            InstructionData::CondTrap { code, .. } if code == Trap::BadSignature.code() => {
                Some(Check::Signature)
            }
            InstructionData::CondTrap { .. } => Some(Check::Trap),
            InstructionData::IntAddTrap { args, .. } => Some(Check::Sum(args)),
            InstructionData::Ternary {
                opcode: opcode @ (Opcode::Select | Opcode::SelectSpectreGuard),
                args: [_, a, b],
            } if opcode == Opcode::SelectSpectreGuard || function.dfg.value_type(a) == I32 => {
                let is_null = |value| constant(&function.dfg, value) == Some(0);
                let address = match (is_null(a), is_null(b)) {
                    (true, false) => b,
                    (false, true) => a,
                    _ => return None,
                };
                Some(Check::Null { address })
            }
            _ => None,
        }
    }
}

//! From an arena offset to a native address, and the two faults planted there.
//!
//! In exact runs the displacement belongs to the offset, as `iadd.i32`, so the effective
//! address is modular like the interpreter's and lies in `[base, base + 4 GiB)`. As
//! shipped it stays on the access, which reaches `base + u32 + i32`.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    InstBuilder as _, InstructionData, MemFlagsData, Opcode, Value, ValueDef,
};

use super::{Lowering, LoweringError, native_abi};
use crate::fault::Fault;
use crate::passes::Mode;

/// How many nested sums fault 07 looks through.
const FOLD_DEPTH: u32 = 8;

impl Lowering<'_, '_> {
    /// The native address of an access at `address + displacement`; what is left of the
    /// displacement stays on the access.
    pub(super) fn native_address(
        &mut self,
        address: Value,
        displacement: &mut Offset32,
    ) -> Result<Value, LoweringError> {
        let mut offset = self.offset(address)?;
        if self.cx.mode == Mode::Exact && i32::from(*displacement) != 0 {
            let constant = u32_bits(i64::from(*displacement));
            let constant = self.pos.ins().iconst(I32, constant);
            offset = self.pos.ins().iadd(offset, constant);
            *displacement = 0.into();
        }
        let extended = self.extend(offset);
        Ok(self.pos.ins().iadd(self.base, extended))
    }

    /// The offset as 64 bits: zero-extended, unless a fault is planted here.
    fn extend(&mut self, offset: Value) -> Value {
        if self.cx.faults.has(Fault::SignExtendedOffset) {
            return self.sign_extended(offset);
        }
        if self.cx.faults.has(Fault::UnwrappedSum) {
            return self.unwrapped(offset);
        }
        self.pos.ins().uextend(I64, offset)
    }

    /// Fault 02.
    fn sign_extended(&mut self, offset: Value) -> Value {
        let extended = self.pos.ins().sextend(I64, offset);
        let negative = self.pos.ins().ushr_imm_u(extended, 63);
        self.note_trigger(negative);
        extended
    }

    /// Fault 07.
    fn unwrapped(&mut self, offset: Value) -> Value {
        let sum = self.fold(offset, FOLD_DEPTH);
        let carry = self.pos.ins().ushr_imm_u(sum, 32);
        let triggered =
            self.pos.ins().icmp_imm_u(cranelift_codegen::ir::condcodes::IntCC::NotEqual, carry, 0);
        let triggered = self.pos.ins().uextend(I64, triggered);
        self.note_trigger(triggered);
        sum
    }

    /// An i32 expression rebuilt in 64 bits: sums do not wrap, their operands are
    /// zero-extended. A bounds check selects between such expressions.
    fn fold(&mut self, value: Value, depth: u32) -> Value {
        let dfg = &self.pos.func.dfg;
        let data = match dfg.value_def(value) {
            ValueDef::Result(inst, 0) if depth > 0 => Some(dfg.insts[inst]),
            _ => None,
        };
        match data {
            Some(InstructionData::Binary { opcode: Opcode::Iadd, args: [a, b] }) => {
                let (a, b) = (self.fold(a, depth - 1), self.fold(b, depth - 1));
                self.pos.ins().iadd(a, b)
            }
            Some(InstructionData::Ternary {
                opcode: Opcode::Select | Opcode::SelectSpectreGuard,
                args: [condition, a, b],
            }) => {
                let (a, b) = (self.fold(a, depth - 1), self.fold(b, depth - 1));
                self.pos.ins().select(condition, a, b)
            }
            Some(InstructionData::UnaryImm { opcode: Opcode::Iconst, imm }) => {
                self.pos.ins().iconst(I64, u32_bits(imm.bits()))
            }
            _ => self.pos.ins().uextend(I64, value),
        }
    }

    /// Sets the control block's flag where `triggered`, an i64, is 1.
    fn note_trigger(&mut self, triggered: Value) {
        let at = native_abi::CONTROL_FAULT_TRIGGERED;
        let control = self.absolute(self.cx.control);
        let flags = MemFlagsData::trusted();
        let before = self.pos.ins().load(I64, flags, control, at);
        let after = self.pos.ins().bor(before, triggered);
        self.pos.ins().store(flags, after, control, at);
    }
}

/// The low 32 bits, as the immediate of an `i32` or zero-extended `i64` constant.
fn u32_bits(value: i64) -> i64 {
    value & i64::from(u32::MAX)
}

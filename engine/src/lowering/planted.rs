//! The planted faults of lowering: what each makes of an address, a check or a call.
//!
//! Every fault notes its trigger in the control block, at run time, when what it does
//! makes a difference. The faults of addresses are written as an *excess*: what the
//! faulty 64-bit address is more than the right one, 0 where the fault changes nothing.
//! They see through the sums and bounds checks that an address is made of, as an
//! instruction selector that folds them does.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Inst, InstBuilder as _, InstructionData, MemFlagsData, Opcode, Value};

use super::{Lowering, native_abi};
use crate::fault::Fault;
use crate::passes::value::{constant, definition};
use crate::site::SiteId;

/// How many nested sums and selects are seen through.
const DEPTH: u32 = 8;

/// The bits that a clean 32-bit offset does not have.
const UPPER_HALF: i64 = !(u32::MAX as i64);

impl Lowering<'_, '_> {
    /// The offset as 64 bits, as the planted fault makes it; `None` when none acts here.
    pub(super) fn planted_offset(&mut self, offset: Value) -> Option<Value> {
        let faults = self.cx.faults;
        if faults.has(Fault::SignExtendedOffset) {
            return Some(self.sign_extended(offset));
        }
        if faults.has(Fault::UnwrappedSum) {
            return Some(self.unwrapped(offset));
        }
        if faults.has(Fault::UncheckedAccess) {
            return self.unchecked(offset);
        }
        let excess = self.excess(offset, DEPTH)?;
        self.note_trigger_if(excess);
        let clean = self.pos.ins().uextend(I64, offset);
        Some(self.pos.ins().iadd(clean, excess))
    }

    /// The base as the planted fault leaves it.
    pub(super) fn planted_base(&mut self) -> Value {
        if !(self.called && self.cx.faults.has(Fault::BaseNotRestored)) {
            return self.base;
        }
        let always = self.pos.ins().iconst(I64, 1);
        self.note_trigger(always);
        self.pos.ins().iadd(self.base, self.base)
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
        let sum = self.fold(offset, DEPTH);
        let carry = self.pos.ins().ushr_imm_u(sum, 32);
        self.note_trigger_if(carry);
        sum
    }

    /// Fault 11: the address behind a bounds check, summed up in 64 bits.
    fn unchecked(&mut self, offset: Value) -> Option<Value> {
        let InstructionData::Ternary { args: [condition, a, b], .. } = self.definition(offset)?
        else {
            return None;
        };
        let (fails, address) = match (self.constant(a), self.constant(b)) {
            (Some(0), _) => (condition, b),
            (_, Some(0)) => (self.pos.ins().icmp_imm_u(IntCC::Equal, condition, 0), a),
            _ => return None,
        };
        self.note_trigger_if(fails);
        Some(self.fold(address, DEPTH))
    }

    /// Fault 12: the address whose bounds check counts one byte of an access of `width`.
    pub(super) fn loosened(&mut self, address: Value, width: u8) -> Value {
        let spare = i64::from(width) - 1;
        if spare < 1 || !self.cx.faults.has(Fault::FirstByteCheck) {
            return address;
        }
        self.loosen(address, spare).unwrap_or(address)
    }

    fn loosen(&mut self, address: Value, spare: i64) -> Option<Value> {
        let InstructionData::Ternary { args: [condition, a, b], .. } = self.definition(address)?
        else {
            return None;
        };
        let InstructionData::IntCompare {
            cond: cond @ IntCC::UnsignedGreaterThan,
            args: [x, y],
            ..
        } = self.definition(condition)?
        else {
            return None;
        };
        // Either `index > len - width`, or `index + offset + width > len`.
        let bound = match self.definition(y) {
            Some(InstructionData::Binary { opcode: Opcode::Isub, args: [_, less] }) => {
                self.constant(less)
            }
            _ => None,
        };
        let loose = if bound.is_some() {
            let last = self.pos.ins().iadd_imm_s(y, spare);
            self.pos.ins().icmp(cond, x, last)
        } else {
            let end = self.pos.ins().iadd_imm_s(x, -spare);
            self.pos.ins().icmp(cond, end, y)
        };
        let triggered = self.pos.ins().bxor(condition, loose);
        self.note_trigger_if(triggered);
        Some(self.pos.ins().select(loose, a, b))
    }

    /// An i32 expression rebuilt in 64 bits: sums do not wrap, their operands are
    /// zero-extended. A bounds check selects between such expressions.
    fn fold(&mut self, value: Value, depth: u32) -> Value {
        match self.definition(value).filter(|_| depth > 0) {
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
                self.pos.ins().iconst(I64, imm.bits() & i64::from(u32::MAX))
            }
            _ => self.pos.ins().uextend(I64, value),
        }
    }

    /// What the faulty value of an i32 expression is more than the right one, where that
    /// can be anything but 0.
    fn excess(&mut self, value: Value, depth: u32) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        match self.definition(value)? {
            InstructionData::Binary { opcode: Opcode::Iadd, args: [a, b] } => {
                let operands = (self.excess(a, depth), self.excess(b, depth));
                let inner = match operands {
                    (Some(a), Some(b)) => Some(self.pos.ins().iadd(a, b)),
                    (a, b) => a.or(b),
                };
                inner.or_else(|| self.signed_displacement(value, a, b))
            }
            InstructionData::Ternary {
                opcode: Opcode::Select | Opcode::SelectSpectreGuard,
                args: [condition, a, b],
            } => {
                let (a, b) = (self.excess(a, depth), self.excess(b, depth));
                a.or(b)?;
                let nothing = self.pos.ins().iconst(I64, 0);
                let (a, b) = (a.unwrap_or(nothing), b.unwrap_or(nothing));
                Some(self.pos.ins().select(condition, a, b))
            }
            InstructionData::Unary { opcode: Opcode::Ireduce, arg } => self.dirty(arg),
            InstructionData::Binary { opcode: Opcode::Ishl, args: [index, shift] } => {
                self.scaled(index, shift)
            }
            _ => None,
        }
    }

    /// Fault 01: the upper half of the 64-bit value that an offset was taken from.
    fn dirty(&mut self, whole: Value) -> Option<Value> {
        let here = self.cx.faults.has(Fault::DirtyUpperHalf);
        let wide = self.pos.func.dfg.value_type(whole) == I64;
        (here && wide).then(|| self.pos.ins().band_imm_s(whole, UPPER_HALF))
    }

    /// Fault 06: the bits that a scaled index loses.
    fn scaled(&mut self, index: Value, shift: Value) -> Option<Value> {
        let shift = self.constant(shift).filter(|shift| (1..=3).contains(shift))?;
        if !self.cx.faults.has(Fault::ScaledIndex) {
            return None;
        }
        let index = self.pos.ins().uextend(I64, index);
        let scaled = self.pos.ins().ishl_imm_u(index, shift);
        Some(self.pos.ins().band_imm_s(scaled, UPPER_HALF))
    }

    /// Fault 09: a constant from 2^31 on, added as if it were negative.
    fn signed_displacement(&mut self, sum: Value, a: Value, b: Value) -> Option<Value> {
        if !self.cx.faults.has(Fault::SignedDisplacement) {
            return None;
        }
        let (other, constant) = match (self.constant(a), self.constant(b)) {
            (_, Some(constant)) => (a, constant),
            (Some(constant), None) => (b, constant),
            (None, None) => return None,
        };
        #[expect(clippy::cast_possible_truncation, reason = "an i32 constant")]
        let constant = Some(constant as i32).filter(|&constant| constant < 0)?;
        let right = self.pos.ins().uextend(I64, sum);
        let other = self.pos.ins().uextend(I64, other);
        let wrong = self.pos.ins().iadd_imm_s(other, i64::from(constant));
        Some(self.pos.ins().isub(wrong, right))
    }

    /// Fault 14: a field that lies at a fixed distance from vmctx is loaded where the function
    /// begins, and every later load gives that value. `address` is the arena offset that the
    /// lowered load `inst` goes through.
    pub(super) fn keep_length(&mut self, inst: Inst, address: Value) {
        let site = SiteId::from_source_loc(self.pos.func.srcloc(inst));
        let kept = site.and_then(|site| self.cx.lengths.get(site.0 as usize)).copied();
        let data = self.pos.func.dfg.insts[inst];
        let InstructionData::Load { opcode: Opcode::Load, arg, flags, offset } = data else {
            return;
        };
        let Some(entry) = self.pos.layout().entry_block().filter(|_| kept == Some(true)) else {
            return;
        };
        let dfg = &self.pos.func.dfg;
        let vmctx = dfg.block_params(entry).first().copied();
        if vmctx != Some(dfg.resolve_aliases(address)) || dfg.ctrl_typevar(inst) != I32 {
            return;
        }
        // In exact runs the distance is part of the address.
        let distance = match self.definition(arg) {
            Some(InstructionData::Binary { opcode: Opcode::Iadd, args: [_, extended] }) => {
                self.distance(extended)
            }
            _ => 0,
        };
        let flags = self.pos.func.dfg.mem_flags[flags];
        let base = self.base;
        let mut first = FuncCursor::new(self.pos.func).at_first_insertion_point(entry);
        let context = first.ins().uextend(I64, address);
        let context = first.ins().iadd(base, context);
        let context = first.ins().iadd_imm_s(context, distance);
        let kept = first.ins().load(I32, flags, context, offset);
        let now = self.pos.ins().load(I32, flags, arg, offset);
        let differs = self.pos.ins().bxor(now, kept);
        self.note_trigger_if(differs);
        self.pos.func.replace(inst).bor(kept, kept);
    }

    /// The constant in `uextend(iadd(vmctx, constant))`, 0 if there is none.
    fn distance(&self, extended: Value) -> i64 {
        let Some(InstructionData::Unary { opcode: Opcode::Uextend, arg }) =
            self.definition(extended)
        else {
            return 0;
        };
        match self.definition(arg) {
            Some(InstructionData::Binary { opcode: Opcode::Iadd, args: [_, constant] }) => {
                self.constant(constant).unwrap_or(0) & i64::from(u32::MAX)
            }
            _ => 0,
        }
    }

    /// Fault 18: whether an indirect call goes on although the entry of `index` has another
    /// signature than the expected one. Entry 0 traps by itself; reaching it is no difference.
    pub(super) fn skips_signature(&mut self, index: Value, other: Value) -> bool {
        let skips = self.cx.faults.has(Fault::AnySignature);
        if skips {
            let entered = self.pos.ins().icmp_imm_u(IntCC::NotEqual, index, 0);
            let wrong = self.pos.ins().band(entered, other);
            self.note_trigger_if(wrong);
        }
        skips
    }

    fn definition(&self, value: Value) -> Option<InstructionData> {
        definition(&self.pos.func.dfg, value)
    }

    fn constant(&self, value: Value) -> Option<i64> {
        constant(&self.pos.func.dfg, value)
    }

    /// Sets the control block's flag where a condition holds.
    fn note_trigger_if(&mut self, condition: Value) {
        let holds = self.pos.ins().icmp_imm_u(IntCC::NotEqual, condition, 0);
        let triggered = self.pos.ins().uextend(I64, holds);
        self.note_trigger(triggered);
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

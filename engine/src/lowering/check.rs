//! The checker of lowered functions: a second, independent opinion on containment.
//!
//! The idea: a lowered function deals in *ordinary* values, which guest code may do
//! anything with, and in few kinds of *native* values, which it may not. What a value is
//! follows from the instruction that defines it ([`Native`]); where each kind may stand
//! is a short list. One walk over the function decides:
//!
//! 1. Every access goes to `iadd(base, uextend.i64(x))` with an `i32` x, to the code
//!    table's loads of an entry's address and signature, or to a word of the control block.
//! 2. A base, address, entry, code address or stack pointer stands only where the list in
//!    `Checker::may_stand` says: so none is stored, returned, passed on, compared
//!    with or computed with as an ordinary value.
//! 3. Every call hands the base on, and an indirect call takes its target from a clamped
//!    entry, right behind the trap on a signature other than the call site's.
//! 4. No opcode makes or reveals a native address; the stack pointer is read only in the
//!    entry block.
//!
//! It relies on CLIF's own typing and dominance (Cranelift's verifier), on the reservation
//! to reach `base + u32 + i32`, and on nothing in the rest of `lowering`.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    ArgumentPurpose, Block, DataFlowGraph, Function, Inst, InstructionData, MemFlags, Opcode,
    SigRef, Signature, Value, ValueDef,
};

use super::{Context, native_abi};
use crate::code_table::{MAX_ENTRIES, SignatureId};
use crate::passes::Mode;
use crate::passes::opcode::{Class, class};
use crate::trap::Trap;

/// What a lowered function did that it must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Its signature, or one it calls with, does not end in the only base.
    #[error("a signature whose last parameter is not the only base")]
    Signature,
    /// An access whose address has none of the allowed shapes.
    #[error("{0} accesses something other than base + u32")]
    Address(Inst),
    /// An access of an exact run with a displacement.
    #[error("{0} has a displacement that does not wrap")]
    Displacement(Inst),
    /// An access to trusted memory other than the listed ones.
    #[error("{0} is not one of the trusted accesses")]
    TrustedAccess(Inst),
    /// A native value used as an ordinary one.
    #[error("{0} uses a native value as an ordinary one")]
    NativeValue(Inst),
    /// A call without the base as its last argument.
    #[error("{0} calls without handing the base on")]
    CallWithoutBase(Inst),
    /// An indirect call whose target is not checked right before it.
    #[error("{0} calls an unchecked target")]
    UncheckedCall(Inst),
    /// An opcode that makes or reveals a native address.
    #[error("{0} makes or reveals a native address")]
    Opcode(Inst),
}

/// Checks a lowered function. `expected` gives the id of the signature that a call site
/// had before lowering.
///
/// # Errors
/// The first [`Violation`] in layout order.
pub fn check(
    func: &Function,
    cx: &Context<'_>,
    expected: &mut dyn FnMut(SigRef) -> SignatureId,
) -> Result<(), Violation> {
    let dfg = &func.dfg;
    let entry = func.layout.entry_block().ok_or(Violation::Signature)?;
    let signatures = dfg.signatures.values().chain([&func.signature]);
    let base = dfg.block_params(entry).len().checked_sub(1).ok_or(Violation::Signature)?;
    if !signatures.into_iter().all(ends_in_base) {
        return Err(Violation::Signature);
    }
    let checker = Checker { func, dfg, cx, base: ValueDef::Param(entry, base), entry };
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            checker.instruction(block, inst, expected)?;
        }
    }
    Ok(())
}

/// Whether the last parameter, and no other, is the base.
fn ends_in_base(signature: &Signature) -> bool {
    let is_base = |param: &cranelift_codegen::ir::AbiParam| {
        (param.value_type, param.purpose) == (I64, ArgumentPurpose::VMContext)
    };
    let special = signature.params.iter().filter(|p| p.purpose != ArgumentPurpose::Normal);
    signature.params.last().is_some_and(is_base) && special.count() == 1
}

/// The kinds of native value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Native {
    /// The arena's base.
    Base,
    /// `base + u32`.
    Address,
    /// The address of an entry of the code table.
    Entry,
    /// A code address out of the table.
    Code,
    /// The stack pointer.
    Stack,
}

/// One function under check.
struct Checker<'a> {
    func: &'a Function,
    dfg: &'a DataFlowGraph,
    cx: &'a Context<'a>,
    base: ValueDef,
    entry: Block,
}

/// An access: its address and where among the operands that stands, its displacement
/// and flags.
struct Access {
    address: Value,
    position: usize,
    displacement: i32,
    flags: MemFlags,
}

impl Checker<'_> {
    fn instruction(
        &self,
        block: Block,
        inst: Inst,
        expected: &mut dyn FnMut(SigRef) -> SignatureId,
    ) -> Result<(), Violation> {
        let opcode = self.dfg.insts[inst].opcode();
        match class(opcode) {
            Class::Load | Class::Store | Class::Atomic => self.access(inst)?,
            Class::Call | Class::ReturnCall => self.hands_base_on(inst)?,
            Class::CallIndirect | Class::ReturnCallIndirect => {
                self.hands_base_on(inst)?;
                self.checked_target(inst, expected).ok_or(Violation::UncheckedCall(inst))?;
            }
            Class::HostAddress if opcode == Opcode::GetStackPointer && block == self.entry => {}
            Class::HostAddress | Class::StackSlot => return Err(Violation::Opcode(inst)),
            Class::Value
            | Class::Control
            | Class::Trap
            | Class::Return
            | Class::TargetDependent => {}
        }
        for (position, value) in self.dfg.inst_values(inst).enumerate() {
            if let Some(native) = self.native(value)
                && !self.may_stand(native, inst, position)
            {
                return Err(Violation::NativeValue(inst));
            }
        }
        Ok(())
    }

    /// The instruction that defines a value as its first result. Not that of `passes::value`: a
    /// second opinion reads for itself.
    fn definition(&self, value: Value) -> Option<&InstructionData> {
        match self.dfg.value_def(value) {
            ValueDef::Result(inst, 0) => Some(&self.dfg.insts[inst]),
            _ => None,
        }
    }

    /// What kind of native value this is; `None` for ordinary ones.
    fn native(&self, value: Value) -> Option<Native> {
        if self.dfg.value_def(value) == self.base {
            return Some(Native::Base);
        }
        match *self.definition(value)? {
            InstructionData::Binary { opcode: Opcode::Iadd, args: [a, b] } => self.sum(a, b),
            InstructionData::NullAry { opcode: Opcode::GetStackPointer } => Some(Native::Stack),
            InstructionData::Load { opcode: Opcode::Load, arg, .. } => {
                let code = self.dfg.value_type(value) == I64;
                (code && self.native(arg) == Some(Native::Entry)).then_some(Native::Code)
            }
            _ => None,
        }
    }

    fn sum(&self, a: Value, b: Value) -> Option<Native> {
        if self.dfg.value_def(a) == self.base {
            return self.extended_u32(b).map(|_| Native::Address);
        }
        let in_table = self.constant(a)? == self.cx.table.cast_signed();
        (in_table && self.clamped_entry(b).is_some()).then_some(Native::Entry)
    }

    /// The operand of `uextend.i64` on an `i32`.
    fn extended_u32(&self, value: Value) -> Option<Value> {
        match *self.definition(value)? {
            InstructionData::Unary { opcode: Opcode::Uextend, arg } => {
                let types = (self.dfg.value_type(value), self.dfg.value_type(arg));
                (types == (I64, I32)).then_some(arg)
            }
            _ => None,
        }
    }

    fn constant(&self, value: Value) -> Option<i64> {
        match *self.definition(value)? {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits()),
            _ => None,
        }
    }

    /// Whether `offset` is a code index, clamped to the table, times the entry size.
    fn clamped_entry(&self, offset: Value) -> Option<()> {
        let InstructionData::Binary { opcode: Opcode::Ishl, args: [index, shift] } =
            *self.definition(offset)?
        else {
            return None;
        };
        let clamped = self.extended_u32(index)?;
        let InstructionData::Ternary { opcode: Opcode::SelectSpectreGuard, args } =
            *self.definition(clamped)?
        else {
            return None;
        };
        let [outside, trap_entry, index] = args;
        let InstructionData::IntCompare { cond, args: [compared, len], .. } =
            *self.definition(outside)?
        else {
            return None;
        };
        let clamps = cond == IntCC::UnsignedGreaterThanOrEqual
            && compared == index
            && self.constant(len)? == i64::from(MAX_ENTRIES)
            && self.constant(trap_entry)? == 0
            && self.constant(shift)? == native_abi::TABLE_ENTRY_SHIFT;
        clamps.then_some(())
    }

    /// Where each kind of native value may stand: the whole list.
    fn may_stand(&self, native: Native, inst: Inst, position: usize) -> bool {
        let data = &self.dfg.insts[inst];
        let arguments = self.dfg.inst_args(inst).len();
        match (native, data.opcode()) {
            (Native::Base, Opcode::Iadd) => {
                position == 0 && self.native(self.dfg.first_result(inst)).is_some()
            }
            (Native::Base, opcode) => opcode.is_call() && position + 1 == arguments,
            (Native::Address | Native::Entry, _) => {
                access_of(data).is_some_and(|access| access.position == position)
            }
            (Native::Code, opcode) => {
                position == 0
                    && matches!(class(opcode), Class::CallIndirect | Class::ReturnCallIndirect)
            }
            (Native::Stack, opcode) => opcode == Opcode::Icmp,
        }
    }

    fn access(&self, inst: Inst) -> Result<(), Violation> {
        let data = &self.dfg.insts[inst];
        let access = access_of(data).ok_or(Violation::Address(inst))?;
        match self.native(access.address) {
            Some(Native::Address) => {
                let stays = self.cx.mode == Mode::Exact && access.displacement != 0;
                if stays { Err(Violation::Displacement(inst)) } else { Ok(()) }
            }
            Some(Native::Entry) => self.trusted(inst, &access, self.reads_entry(inst, &access)),
            Some(_) => Err(Violation::Address(inst)),
            None if self.constant(access.address) == Some(self.cx.control.cast_signed()) => {
                self.trusted(inst, &access, self.reaches_control(inst, &access))
            }
            None => Err(Violation::Address(inst)),
        }
    }

    /// A trusted access must be a listed one, and must stay where it is.
    fn trusted(&self, inst: Inst, access: &Access, listed: bool) -> Result<(), Violation> {
        let flags = self.dfg.mem_flags[access.flags];
        let stays = !flags.readonly() && !flags.can_move();
        if listed && stays { Ok(()) } else { Err(Violation::TrustedAccess(inst)) }
    }

    fn reads_entry(&self, inst: Inst, access: &Access) -> bool {
        self.dfg.insts[inst].opcode() == Opcode::Load
            && matches!(
                (self.dfg.value_type(self.dfg.first_result(inst)), access.displacement),
                (I64, native_abi::ENTRY_ADDRESS) | (I32, native_abi::ENTRY_SIGNATURE)
            )
    }

    fn reaches_control(&self, inst: Inst, access: &Access) -> bool {
        use native_abi::{
            CONTROL_DEPTH, CONTROL_FAULT_TRIGGERED, CONTROL_INDIRECT_CALLS, CONTROL_STACK_LIMIT,
            CONTROL_WRONG_ENTRY,
        };
        let word = access.displacement;
        let counted = matches!(
            word,
            CONTROL_DEPTH | CONTROL_FAULT_TRIGGERED | CONTROL_INDIRECT_CALLS | CONTROL_WRONG_ENTRY
        );
        let data = &self.dfg.insts[inst];
        match (data.opcode(), stored(data)) {
            (Opcode::Load, None) => {
                let wide = self.dfg.value_type(self.dfg.first_result(inst)) == I64;
                wide && (counted || word == CONTROL_STACK_LIMIT)
            }
            (Opcode::Store, Some(value)) => counted && self.dfg.value_type(value) == I64,
            _ => false,
        }
    }

    fn hands_base_on(&self, inst: Inst) -> Result<(), Violation> {
        let last = self.dfg.inst_args(inst).last();
        match last.and_then(|&value| self.native(value)) {
            Some(Native::Base) => Ok(()),
            _ => Err(Violation::CallWithoutBase(inst)),
        }
    }

    /// Whether the two instructions before an indirect call are the trap on another
    /// signature and the load of the target, both from one clamped entry.
    fn checked_target(
        &self,
        inst: Inst,
        expected: &mut dyn FnMut(SigRef) -> SignatureId,
    ) -> Option<()> {
        let layout = &self.func.layout;
        let signature = self.dfg.call_signature(inst)?;
        let target = *self.dfg.inst_args(inst).first()?;
        let load = layout.prev_inst(inst)?;
        let trap = layout.prev_inst(load)?;
        let entry = access_of(&self.dfg.insts[load])?.address;
        let InstructionData::CondTrap { opcode: Opcode::Trapnz, arg, code } = self.dfg.insts[trap]
        else {
            return None;
        };
        let InstructionData::IntCompare { cond: IntCC::NotEqual, args: [actual, wanted], .. } =
            *self.definition(arg)?
        else {
            return None;
        };
        let checked = self.native(target) == Some(Native::Code)
            && self.dfg.value_def(target) == ValueDef::Result(load, 0)
            && code == Trap::BadCodeReference.code()
            && self.constant(wanted)? == i64::from(expected(signature).0)
            && self.reads_signature(actual, entry);
        checked.then_some(())
    }

    fn reads_signature(&self, value: Value, entry: Value) -> bool {
        let Some(data) = self.definition(value) else { return false };
        data.opcode() == Opcode::Load
            && access_of(data).is_some_and(|access| {
                (access.address, access.displacement) == (entry, native_abi::ENTRY_SIGNATURE)
            })
    }
}

/// The address of a memory instruction, whatever its format.
fn access_of(data: &InstructionData) -> Option<Access> {
    if !matches!(class(data.opcode()), Class::Load | Class::Store | Class::Atomic) {
        return None;
    }
    let (address, position, displacement, flags) = match *data {
        InstructionData::Load { arg, offset, flags, .. } => (arg, 0, offset.into(), flags),
        InstructionData::Store { args, offset, flags, .. } => (args[1], 1, offset.into(), flags),
        InstructionData::LoadNoOffset { arg, flags, .. } => (arg, 0, 0, flags),
        InstructionData::StoreNoOffset { args, flags, .. } => (args[1], 1, 0, flags),
        InstructionData::AtomicRmw { args, flags, .. } => (args[0], 0, 0, flags),
        InstructionData::AtomicCas { args, flags, .. } => (args[0], 0, 0, flags),
        _ => return None,
    };
    Some(Access { address, position, displacement, flags })
}

/// The value that a plain store writes.
fn stored(data: &InstructionData) -> Option<Value> {
    match *data {
        InstructionData::Store { args, .. } | InstructionData::StoreNoOffset { args, .. } => {
            Some(args[0])
        }
        _ => None,
    }
}

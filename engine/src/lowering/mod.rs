//! Lowering: arena CLIF to native CLIF.
//!
//! A prepared function addresses memory by `i32` arena offsets and calls through code
//! indices. Native code needs addresses. Lowering gives each function the arena's base
//! as a hidden last parameter and rewrites, in place:
//!
//! | arena CLIF | native CLIF |
//! |---|---|
//! | address `p` of an access | `iadd(base, uextend.i64(p))` (module `address`) |
//! | a call's arguments | the same and `base` |
//! | `call_indirect index` | a checked load from the native code table (module `indirect`) |
//! | an exception's payload | an `i64` of which the low half goes on |
//! | function entry | stack limit, where calls follow; call depth in exact runs (module `entry`) |
//!
//! The promise: whatever the input does, the output reads and writes only
//! `base + u32 + i32`, the code table and the control block, and calls only functions
//! of the program, builtins and table entries of the expected signature. Opcodes that
//! could break it are refused with [`LoweringError`]; [`check`] proves it of each output.
//! A displacement is part of the `u32` in exact runs and stays on the access as shipped.
//!
//! Where VM data holds raw pointers (`Addressing::Raw64`, the positive control) there is
//! nothing to promise: accesses and indirect calls stay as they are. The base is handed on
//! all the same, unused, so that gateways and entries are those of the arena.
//!
//! Lowering does not verify CLIF: an executor that doubts its input turns on
//! Cranelift's own `enable_verifier`.
#![forbid(unsafe_code)]

mod address;
pub mod check;
mod entry;
mod indirect;
pub mod native_abi;
mod planted;
pub(crate) mod record;

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    self, AbiParam, ArgumentPurpose, Inst, InstBuilder as _, InstructionData, Opcode, Value,
    ValueList,
};

use crate::code_table::SignatureId;
use crate::fault::{Fault, Faults};
use crate::layout::Addressing;
use crate::passes::Mode;
use crate::passes::bounds;
use crate::passes::handlers::{split_edges, throwing_calls};
use crate::passes::opcode::{Class, class};
use crate::passes::width;

/// What lowering must know about the run and about the process it compiles for.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The kind of run.
    pub mode: Mode,
    /// How the program names memory and code.
    pub addressing: Addressing,
    /// Absolute address of the native code table.
    pub table: u64,
    /// Absolute address of the control block.
    pub control: u64,
    /// The planted faults of the run.
    pub faults: &'a Faults,
    /// For each site whether it loads a field that [`Fault::LengthKept`] keeps; empty in runs
    /// without that fault.
    pub lengths: &'a [bool],
    /// Whether indirect calls are counted in the control block.
    pub count_calls: bool,
    /// Whether indirect calls note in the control block that they found an entry of
    /// another signature: a second opinion on the check behind it.
    pub monitor: bool,
    /// Whether bounds checks may be merged (`passes::bounds`): as shipped, and where nobody
    /// looks at each access.
    pub merges_checks: bool,
}

/// Why a function cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoweringError {
    /// It contains an opcode that could make or reveal a native address.
    #[error("opcode {0}")]
    Opcode(Opcode),
    /// It contains an access or a code index whose operand is not an `i32`.
    #[error("an address or code index of type {0}")]
    AddressType(ir::Type),
    /// It has no body.
    #[error("a function without a body")]
    NoBody,
    /// It refers to native state: global values, stack slots or a stack limit.
    #[error("a function with {0}")]
    NativeState(&'static str),
    /// The output did not pass the checker: a bug of lowering.
    #[error("lowered code failed its check: {0}")]
    Check(#[from] check::Violation),
}

/// Lowers one prepared function. `signature_id` interns the signatures, as the prepared
/// program states them, that its indirect calls expect.
///
/// # Errors
/// [`LoweringError`].
pub fn lower(
    func: &ir::Function,
    cx: &Context<'_>,
    signature_id: &mut dyn FnMut(&ir::Signature) -> SignatureId,
) -> Result<ir::Function, LoweringError> {
    admit(func)?;
    let mut lowered = func.clone();
    if cx.merges_checks {
        bounds::merge(&mut lowered);
    }
    let base = add_base(&mut lowered)?;
    if cx.addressing == Addressing::Arena32 {
        narrow_payloads(&mut lowered);
    }
    let mut expected = |sig| signature_id(&func.dfg.signatures[sig]);
    let mut lowering = Lowering { pos: FuncCursor::new(&mut lowered), base, called: false, cx };
    while lowering.pos.next_block().is_some() {
        lowering.called = false;
        while let Some(inst) = lowering.pos.next_inst() {
            lowering.instruction(inst, &mut expected)?;
        }
    }
    lowering.enter();
    // A planted fault stands for a bug below this layer, so the proof of this layer must
    // not be what finds it.
    if !cx.faults.any() && cx.addressing == Addressing::Arena32 {
        check::check(&lowered, cx, &mut expected)?;
    }
    Ok(lowered)
}

/// Refuses functions that hold more than code over the arena.
fn admit(func: &ir::Function) -> Result<(), LoweringError> {
    let native = [
        (func.stack_limit.is_some(), "a stack limit"),
        (!func.global_values.is_empty(), "global values"),
        (!func.sized_stack_slots.is_empty(), "stack slots"),
        (!func.dynamic_stack_slots.is_empty(), "dynamic stack slots"),
    ];
    match native.iter().find(|(present, _)| *present) {
        Some((_, what)) => Err(LoweringError::NativeState(what)),
        None => Ok(()),
    }
}

/// Adds the base to the function's signature, its entry block and every signature that
/// it calls with. No other parameter keeps a special purpose.
fn add_base(func: &mut ir::Function) -> Result<Value, LoweringError> {
    let entry = func.layout.entry_block().ok_or(LoweringError::NoBody)?;
    let stencil = &mut func.stencil;
    for signature in stencil.dfg.signatures.values_mut().chain([&mut stencil.signature]) {
        for param in &mut signature.params {
            param.purpose = ArgumentPurpose::Normal;
        }
        signature.params.push(AbiParam::special(I64, ArgumentPurpose::VMContext));
    }
    for callee in stencil.dfg.ext_funcs.values_mut() {
        // All code of a process lies within the reach of a near call.
        callee.colocated = true;
    }
    Ok(func.dfg.append_block_param(entry, I64))
}

/// An exception comes in a register of the machine's width; the program takes an `i32`.
fn narrow_payloads(func: &mut ir::Function) {
    for (call, table) in throwing_calls(func) {
        split_edges(func, call, table, I64, &mut |pos, payloads| {
            payloads.iter().map(|&payload| pos.ins().ireduce(I32, payload)).collect()
        });
    }
}

/// The function being rewritten, and what is the same for all of it.
struct Lowering<'f, 'c> {
    /// Where instructions are inserted.
    pos: FuncCursor<'f>,
    /// The arena's base.
    base: Value,
    /// Whether a call stands before, in this block.
    called: bool,
    cx: &'c Context<'c>,
}

impl Lowering<'_, '_> {
    /// Rewrites one instruction. What it inserts has the instruction's site.
    fn instruction(
        &mut self,
        inst: Inst,
        expected: &mut dyn FnMut(ir::SigRef) -> SignatureId,
    ) -> Result<(), LoweringError> {
        let opcode = self.pos.func.dfg.insts[inst].opcode();
        self.pos.use_srcloc(inst);
        match class(opcode) {
            Class::Value | Class::Control | Class::Trap | Class::TargetDependent => {}
            Class::Return => self.leave(),
            Class::Load | Class::Store | Class::Atomic if self.is_raw() => {}
            Class::Load | Class::Store | Class::Atomic => self.access(inst)?,
            Class::Call => {
                self.pass_base(inst);
                self.called = true;
            }
            Class::CallIndirect => {
                self.call_indirect(inst, expected)?;
                self.called = true;
            }
            Class::ReturnCall => {
                self.leave();
                self.pass_base(inst);
            }
            Class::ReturnCallIndirect => {
                // First, since the call must stand right behind its check.
                self.leave();
                self.call_indirect(inst, expected)?;
            }
            Class::StackSlot | Class::HostAddress => return Err(LoweringError::Opcode(opcode)),
        }
        Ok(())
    }

    /// Rewrites the address of an access.
    fn access(&mut self, inst: Inst) -> Result<(), LoweringError> {
        let mut data = self.pos.func.dfg.insts[inst];
        let width = width(self.pos.func, inst);
        let mut none = 0.into();
        let (address, displacement) = match &mut data {
            InstructionData::Load { arg, offset, .. } => (arg, offset),
            InstructionData::Store { args: [_, address], offset, .. } => (address, offset),
            InstructionData::LoadNoOffset { arg, .. } => (arg, &mut none),
            InstructionData::StoreNoOffset { args: [_, address], .. } => (address, &mut none),
            InstructionData::AtomicRmw { args: [address, _], .. } => (address, &mut none),
            InstructionData::AtomicCas { args: [address, ..], .. } => (address, &mut none),
            _ => return Err(LoweringError::Opcode(data.opcode())),
        };
        let checked = self.loosened(*address, width);
        *address = self.native_address(checked, displacement)?;
        self.pos.func.dfg.insts[inst] = data;
        if self.cx.faults.has(Fault::LengthKept) {
            self.keep_length(inst, checked);
        }
        Ok(())
    }

    fn is_raw(&self) -> bool {
        self.cx.addressing == Addressing::Raw64
    }

    /// Hands the base on to a callee.
    fn pass_base(&mut self, inst: Inst) {
        let base = self.base;
        self.edit_arguments(inst, |args| args.push(base));
    }

    /// Changes the argument list of a call; the first argument of an indirect call is
    /// its callee.
    fn edit_arguments(&mut self, inst: Inst, edit: impl FnOnce(&mut Vec<Value>)) {
        let dfg = &mut self.pos.func.dfg;
        let mut values = dfg.inst_args(inst).to_vec();
        edit(&mut values);
        let list = ValueList::from_slice(&values, &mut dfg.value_lists);
        match &mut dfg.insts[inst] {
            InstructionData::Call { args, .. }
            | InstructionData::CallIndirect { args, .. }
            | InstructionData::TryCall { args, .. }
            | InstructionData::TryCallIndirect { args, .. } => *args = list,
            data => unreachable!("{} is no call", data.opcode()),
        }
    }

    /// The value, if it is what the engine's addresses and code indices are: an `i32`.
    fn offset(&self, value: Value) -> Result<Value, LoweringError> {
        match self.pos.func.dfg.value_type(value) {
            I32 => Ok(value),
            ty => Err(LoweringError::AddressType(ty)),
        }
    }

    /// An absolute address as a constant.
    fn absolute(&mut self, address: u64) -> Value {
        self.pos.ins().iconst(I64, address.cast_signed())
    }
}

//! Return areas: results that do not fit registers, made explicit.
//!
//! Both backends would return such results through a hidden pointer to the caller's
//! native frame, in an ordinary register: an address of the host in guest hands.
//! Instead the function takes one more `i32` parameter, last: the arena offset of its
//! *return area*. It stores result *n* at `area + 16 * n`, in the low bytes of the slot,
//! and returns nothing.
//!
//! | caller | where the area is |
//! |---|---|
//! | a call in the program | the caller's shadow frame; the results are loaded right after |
//! | the same with handlers for exceptions | the same, loaded on the edge of the normal return |
//! | a tail call | the caller's own area, which has the same results |
//! | the host, calling a function | made by the runtime, for instance at the top of the shadow stack, and passed as the last argument |
//! | a call to a host function | the guest's; the host finds its offset, untrusted, in the last argument |
//!
//! The offset is an ordinary untrusted `i32`: a wrong one reaches the arena or traps.
//! [`explicit`] also settles what else may differ between statements of one signature:
//! the tail calling convention, and no parameter with a special purpose.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{
    self, AbiParam, ArgumentPurpose, BlockArg, BlockCall, ExceptionTable, Function, Inst,
    InstBuilder as _, InstructionData, MemFlagsData, StackSlot, StackSlotData, StackSlotKind,
    Value,
};
use cranelift_codegen::isa::CallConv;

use super::handlers::block_behind;
use super::opcode::{Class, class};
use super::{OwnRegion, instructions};
use crate::trap::Trap;

/// Distance of the results in a return area, in bytes.
pub const SLOT_BYTES: u32 = 16;

/// Registers of each kind that every backend can return results in: x86-64 has 8 general
/// and 8 vector registers in the tail convention, Pulley 15 general ones and 16 each for
/// floats and vectors.
const REGISTERS: u32 = 8;

/// Whether functions of this signature return through an area. The rule is the same on
/// every target: more than 8 results, or halves of `i128`, in general registers, or more
/// than 8 floats and vectors together.
#[must_use]
pub fn needed(signature: &ir::Signature) -> bool {
    let (mut general, mut vector) = (0, 0);
    for result in &signature.returns {
        if result.value_type.is_int() {
            general += result.value_type.bits().div_ceil(64);
        } else {
            vector += 1;
        }
    }
    general > REGISTERS || vector > REGISTERS
}

/// The signature as prepared functions, their calls and the code table state it. Applying
/// it twice changes nothing more.
#[must_use]
pub fn explicit(signature: &ir::Signature) -> ir::Signature {
    let mut signature = signature.clone();
    rewrite(&mut signature);
    signature
}

/// The signature of a function that returns in its target's own way: what [`explicit`]
/// settles besides.
#[must_use]
pub fn native(signature: &ir::Signature) -> ir::Signature {
    let mut signature = signature.clone();
    settle(&mut signature);
    signature
}

fn settle(signature: &mut ir::Signature) {
    signature.call_conv = CallConv::Tail;
    for param in &mut signature.params {
        param.purpose = ArgumentPurpose::Normal;
    }
}

fn rewrite(signature: &mut ir::Signature) {
    let area = needed(signature);
    settle(signature);
    if area {
        signature.params.push(AbiParam::new(I32));
        signature.returns.clear();
    }
}

/// Arena offsets of the slots of an area with `count` results.
pub fn slots(area: u32, count: usize) -> impl Iterator<Item = u32> {
    (0_u32..).map(move |n| area.wrapping_add(SLOT_BYTES.wrapping_mul(n))).take(count)
}

/// Gives a function and its calls [`native`] signatures.
pub(super) fn normalise(function: &mut Function) {
    let stencil = &mut function.stencil;
    stencil.dfg.signatures.values_mut().chain([&mut stencil.signature]).for_each(settle);
}

/// Rewrites a function, its returns and its calls to explicit signatures.
pub(super) fn make_explicit(function: &mut Function) {
    let area = own_area(function);
    if area.is_some() || function.dfg.signatures.values().any(needed) {
        Rewriter { area, frame: None, flags: flags(function) }.run(function);
    }
    // The calls were rewritten by the signatures as the program states them.
    for signature in function.dfg.signatures.values_mut() {
        rewrite(signature);
    }
}

/// Rewrites the function's own signature; gives its area parameter, if it needs one.
fn own_area(function: &mut Function) -> Option<Value> {
    let area = needed(&function.signature);
    rewrite(&mut function.signature);
    let entry = function.layout.entry_block()?;
    area.then(|| function.dfg.append_block_param(entry, I32))
}

fn flags(function: &mut Function) -> MemFlagsData {
    MemFlagsData::new()
        .with_trap_code(Some(Trap::ArenaOutOfBounds.code()))
        .with_alias_region(Some(OwnRegion::ReturnArea.of(function)))
}

/// Displacement of a slot, and the size of an area of so many. Cranelift limits the
/// number of values in a signature far below where this wraps.
fn displacement(slot: usize) -> i32 {
    i32::try_from(slot).unwrap_or(i32::MAX).wrapping_mul(SLOT_BYTES.cast_signed())
}

/// The rewriting of one function.
struct Rewriter {
    /// The function's own area.
    area: Option<Value>,
    /// The area that its calls share, since results are loaded right after each.
    frame: Option<StackSlot>,
    flags: MemFlagsData,
}

impl Rewriter {
    fn run(mut self, function: &mut Function) {
        for inst in instructions(function) {
            match class(function.dfg.insts[inst].opcode()) {
                Class::Return => self.store_results(function, inst),
                Class::Call | Class::CallIndirect => self.call(function, inst),
                Class::ReturnCall | Class::ReturnCallIndirect => {
                    // The callee has the results of this function.
                    if let Some(area) = self.area {
                        push_argument(function, inst, area);
                    }
                }
                _ => {}
            }
        }
    }

    fn store_results(&self, function: &mut Function, inst: Inst) {
        let Some(area) = self.area else { return };
        let values = function.dfg.inst_args(inst).to_vec();
        let mut pos = FuncCursor::new(function).at_inst(inst);
        pos.use_srcloc(inst);
        for (slot, value) in values.into_iter().enumerate() {
            pos.ins().store(self.flags, value, area, displacement(slot));
        }
        pos.func.replace(inst).return_(&[]);
    }

    fn call(&mut self, function: &mut Function, inst: Inst) {
        if !called_signature(function, inst).is_some_and(needed) {
            return;
        }
        if let Some(table) = function.dfg.insts[inst].exception_table() {
            return self.throwing_call(function, inst, table);
        }
        let results = function.dfg.inst_results(inst).to_vec();
        let frame = self.frame(function, results.len());
        let mut pos = FuncCursor::new(function).at_inst(inst);
        pos.use_srcloc(inst);
        let area = pos.ins().stack_addr(I32, frame, 0);
        push_argument(pos.func, inst, area);
        pos.func.dfg.clear_results(inst);
        pos.next_inst();
        for (slot, result) in results.into_iter().enumerate() {
            let ty = pos.func.dfg.value_type(result);
            let at = displacement(slot);
            pos.ins().with_result(result).load(ty, self.flags, area, at);
        }
    }

    /// A call with handlers ends its block: its results are arguments of the block where it
    /// returns to.
    fn throwing_call(&mut self, function: &mut Function, inst: Inst, table: ExceptionTable) {
        let signature = function.dfg.exception_tables[table].signature();
        let types: Vec<_> =
            function.dfg.signatures[signature].returns.iter().map(|r| r.value_type).collect();
        let frame = self.frame(function, types.len());
        let mut pos = FuncCursor::new(function).at_inst(inst);
        pos.use_srcloc(inst);
        let area = pos.ins().stack_addr(I32, frame, 0);
        push_argument(pos.func, inst, area);
        let old = *function.dfg.exception_tables[table].normal_return();
        let block = block_behind(function, inst);
        let mut pos = FuncCursor::new(function).at_bottom(block);
        pos.use_srcloc(inst);
        let results: Vec<Value> = (0..)
            .zip(types)
            .map(|(slot, ty)| pos.ins().load(ty, self.flags, area, displacement(slot)))
            .collect();
        let args: Vec<BlockArg> = old.args(&pos.func.dfg.value_lists).collect();
        let args = args.into_iter().map(|arg| match arg {
            BlockArg::TryCallRet(nth) => BlockArg::Value(results[nth as usize]),
            other => other,
        });
        let (target, args) = (old.block(&pos.func.dfg.value_lists), args.collect::<Vec<_>>());
        pos.ins().jump(target, &args);
        let new = BlockCall::new(block, [], &mut function.dfg.value_lists);
        *function.dfg.exception_tables[table].normal_return_mut() = new;
    }

    /// The stack slot of the shared area, large enough for so many results.
    fn frame(&mut self, function: &mut Function, results: usize) -> StackSlot {
        let size = displacement(results).cast_unsigned();
        let slot = *self.frame.get_or_insert_with(|| {
            let align_shift = 4;
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, align_shift);
            function.create_sized_stack_slot(data)
        });
        let data = &mut function.sized_stack_slots[slot];
        data.size = data.size.max(size);
        slot
    }
}

fn called_signature(function: &Function, inst: Inst) -> Option<&ir::Signature> {
    let signature = function.dfg.call_signature(inst)?;
    Some(&function.dfg.signatures[signature])
}

fn push_argument(function: &mut Function, inst: Inst, value: Value) {
    let dfg = &mut function.dfg;
    if let InstructionData::Call { args, .. }
    | InstructionData::CallIndirect { args, .. }
    | InstructionData::TryCall { args, .. }
    | InstructionData::TryCallIndirect { args, .. } = &mut dfg.insts[inst]
    {
        args.push(value, &mut dfg.value_lists);
    }
}

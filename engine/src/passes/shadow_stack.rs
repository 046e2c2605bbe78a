//! The shadow stack: stack slots in an area of the arena.
//!
//! A stack slot in the native frame would have an address of the host. Instead each
//! function that has slots takes a frame from the shadow stack, which grows down in an
//! area that the runtime sets up. Two words at fixed arena offsets say where it is:
//! [`POINTER`] and [`LIMIT`]. Guest code may corrupt them: what it reads back is an
//! offset, so every access stays in the arena whatever it is.
//!
//! A function loads the pointer, checks that its frame fits above the limit (else it
//! traps `stack_overflow`), stores the new pointer, and stores the old one back before
//! it returns or makes a tail call. A function that catches exceptions stores its own
//! pointer before a handler runs, since the frames in between did not. A trap leaves the pointer where it is, so the
//! runtime sets both words before each call from outside.
//!
//! In a program with an instance each frame begins with a header (`frame_map`) for the
//! collector, and calls lose their stack maps, which name slots that are gone.
#![forbid(unsafe_code)]

use std::sync::Arc;

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    self, BlockArg, ExceptionTable, Function, Inst, InstBuilder as _, InstructionData,
    MemFlagsData, StackSlot, Value,
};

use super::frame_map::{FrameMap, HEADER_BYTES, HeaderWriter};
use super::handlers::{split_edges, throwing_calls};
use super::opcode::{Class, class};
use super::{Mode, OwnRegion, Refusal, instructions, replace};
use crate::arena::NULL_PAGE;
use crate::trap::Trap;

/// Arena offset of the word that holds the shadow-stack pointer. The runtime keeps it a
/// multiple of 16.
pub const POINTER: u32 = NULL_PAGE;

/// Arena offset of the word that holds the lowest value that the pointer may take.
pub const LIMIT: u32 = NULL_PAGE + 4;

/// Arena offset behind these words.
pub const WORDS_END: u32 = NULL_PAGE + 8;

/// Largest frame of one function, in bytes.
pub const MAX_FRAME: u32 = 1 << 20;

/// log2 of the alignment of frames, and the largest of a slot.
const ALIGNMENT_LOG2: u8 = 4;

/// Largest frame that is zeroed without a loop, in bytes.
const UNROLLED: u32 = 256;

/// Moves the stack slots of a function to the shadow stack. In exact runs they begin as
/// zeroes. With `maps` frames get headers; their maps are added to those.
pub(super) fn move_slots(
    function: &mut Function,
    mode: Mode,
    maps: Option<&mut Arc<Vec<FrameMap>>>,
) -> Result<(), Refusal> {
    let calls = throwing_calls(function);
    if function.sized_stack_slots.is_empty() {
        if !calls.is_empty() {
            let flags = flags(function);
            let pointer = own_pointer(function, flags);
            restore_in_handlers(function, &calls, flags, pointer);
        }
        return Ok(());
    }
    let frame = Frame::of(function, if maps.is_some() { HEADER_BYTES } else { 0 })?;
    let flags = flags(function);
    let body = instructions(function);
    let (old, new) = frame.enter(function, flags);
    if mode == Mode::Exact {
        frame.zero(function, flags, new, body[0]);
    }
    let mut header = maps.map(|maps| {
        HeaderWriter::begin(function, Arc::make_mut(maps), &frame, new, flags, body[0])
    });
    for inst in body {
        match class(function.dfg.insts[inst].opcode()) {
            Class::StackSlot => frame.address(function, inst, new),
            Class::Call | Class::CallIndirect => {
                if let Some(header) = &mut header {
                    header.before_call(function, inst);
                }
                drop_stack_map(function, inst);
            }
            Class::Return | Class::ReturnCall | Class::ReturnCallIndirect => {
                let mut pos = FuncCursor::new(function).at_inst(inst);
                let pointer = constant(&mut pos, POINTER);
                pos.ins().store(flags, old, pointer, 0);
            }
            _ => {}
        }
    }
    function.sized_stack_slots.clear();
    restore_in_handlers(function, &throwing_calls(function), flags, new);
    Ok(())
}

/// The pointer as a function without a frame finds it.
fn own_pointer(function: &mut Function, flags: MemFlagsData) -> Value {
    let mut pos = FuncCursor::new(function);
    let entry = pos.layout().entry_block().expect("`admit` refuses empty functions");
    pos.goto_first_insertion_point(entry);
    let words = constant(&mut pos, POINTER);
    pos.ins().load(I32, flags, words, 0)
}

/// Stores the function's own pointer on the way to each handler.
fn restore_in_handlers(
    function: &mut Function,
    calls: &[(Inst, ExceptionTable)],
    flags: MemFlagsData,
    pointer: Value,
) {
    for &(call, table) in calls {
        split_edges(function, call, table, I32, &mut |pos, payloads| {
            let words = constant(pos, POINTER);
            pos.ins().store(flags, pointer, words, 0);
            payloads.to_vec()
        });
    }
}

/// Makes a call anew if it has a stack map, which would name slots of the native frame.
fn drop_stack_map(function: &mut Function, call: Inst) {
    if function.dfg.user_stack_map_entries(call).is_none() {
        return;
    }
    let data = function.dfg.insts[call];
    let new = function.dfg.make_inst(data);
    function.dfg.make_inst_results(new, ir::types::INVALID);
    function.layout.insert_inst(new, call);
    let loc = function.srcloc(call);
    if !loc.is_default() {
        function.set_srcloc(new, loc);
    }
    let results = function.dfg.inst_results(new).to_vec();
    replace(function, call, &results);
}

fn flags(function: &mut Function) -> MemFlagsData {
    MemFlagsData::new()
        .with_trap_code(Some(Trap::ArenaOutOfBounds.code()))
        .with_alias_region(Some(OwnRegion::ShadowStack.of(function)))
}

fn constant(pos: &mut FuncCursor<'_>, value: u32) -> Value {
    pos.ins().iconst(I32, i64::from(value))
}

/// The frame of one function.
pub(super) struct Frame {
    /// Offset of each slot in the frame.
    pub(super) slots: SecondaryMap<StackSlot, u32>,
    /// Bytes of the whole, a multiple of its alignment.
    pub(super) size: u32,
}

impl Frame {
    fn of(function: &Function, header: u32) -> Result<Frame, Refusal> {
        let mut slots = SecondaryMap::new();
        let mut size = header;
        for (slot, data) in &function.sized_stack_slots {
            if data.align_shift > ALIGNMENT_LOG2 {
                return Err(Refusal::Feature("a stack slot aligned to more than 16 bytes"));
            }
            let offset = size.next_multiple_of(1 << data.align_shift);
            slots[slot] = offset;
            let end = offset.checked_add(data.size).filter(|&end| end <= MAX_FRAME);
            size = end.ok_or(Refusal::Frame)?;
        }
        Ok(Frame { slots, size: size.next_multiple_of(1 << ALIGNMENT_LOG2) })
    }

    /// Takes the frame at the function's entry; gives the pointer before and after.
    fn enter(&self, function: &mut Function, flags: MemFlagsData) -> (Value, Value) {
        let mut pos = FuncCursor::new(function);
        let entry = pos.layout().entry_block().expect("`admit` refuses empty functions");
        pos.goto_first_insertion_point(entry);
        let words = constant(&mut pos, POINTER);
        let old = pos.ins().load(I32, flags, words, 0);
        let limit = pos.ins().load(I32, flags, words, (LIMIT - POINTER).cast_signed());
        // old < limit + size, in 64 bits so that nothing wraps.
        let wide_old = pos.ins().uextend(I64, old);
        let wide_limit = pos.ins().uextend(I64, limit);
        let lowest = pos.ins().iadd_imm_u(wide_limit, i64::from(self.size));
        let full = pos.ins().icmp(IntCC::UnsignedLessThan, wide_old, lowest);
        pos.ins().trapnz(full, Trap::StackOverflow.code());
        let size = constant(&mut pos, self.size);
        let new = pos.ins().isub(old, size);
        pos.ins().store(flags, new, words, 0);
        (old, new)
    }

    /// Zeroes the frame before `body`, the first instruction of the function proper.
    fn zero(&self, function: &mut Function, flags: MemFlagsData, frame: Value, body: Inst) {
        if self.size > UNROLLED {
            return self.zero_in_loop(function, flags, frame, body);
        }
        let mut pos = FuncCursor::new(function).at_inst(body);
        let zero = pos.ins().iconst(I64, 0);
        for at in (0..self.size.cast_signed()).step_by(8) {
            pos.ins().store(flags, zero, frame, at);
        }
    }

    fn zero_in_loop(&self, function: &mut Function, flags: MemFlagsData, frame: Value, body: Inst) {
        let (header, rest) = (function.dfg.make_block(), function.dfg.make_block());
        function.layout.split_block(rest, body);
        function.layout.insert_block(header, rest);
        let entry = function.layout.entry_block().expect("just split");
        let at = function.dfg.append_block_param(header, I32);
        let mut pos = FuncCursor::new(function).at_bottom(entry);
        let first = constant(&mut pos, 0);
        pos.ins().jump(header, &[BlockArg::Value(first)]);
        pos.goto_bottom(header);
        let zero = pos.ins().iconst(I64, 0);
        let address = pos.ins().iadd(frame, at);
        pos.ins().store(flags, zero, address, 0);
        let next = pos.ins().iadd_imm_u(at, 8);
        let more = pos.ins().icmp_imm_u(IntCC::UnsignedLessThan, next, i64::from(self.size));
        pos.ins().brif(more, header, &[BlockArg::Value(next)], rest, &[]);
    }

    /// Replaces a `stack_addr` by an offset from the frame.
    fn address(&self, function: &mut Function, inst: ir::Inst, frame: Value) {
        let InstructionData::StackAddr { stack_slot, offset, .. } = function.dfg.insts[inst] else {
            return;
        };
        let at = self.slots[stack_slot].wrapping_add_signed(offset.into());
        let mut pos = FuncCursor::new(function).at_inst(inst);
        let at = constant(&mut pos, at);
        let address = pos.ins().iadd(frame, at);
        replace(function, inst, &[address]);
    }
}

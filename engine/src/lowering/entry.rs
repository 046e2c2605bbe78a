//! What a function does when it is entered and left: the stack limit, and in exact runs
//! the call depth.
//!
//! The depth makes a stack overflow fall on the same call in every executor. Only guest
//! functions count, the first included: entering takes one of [`native_abi::CONTROL_DEPTH`]
//! or traps when none is left, returning gives it back, and a tail call gives it back
//! before its callee takes it. The check comes before anything else that the function
//! does, so no executor sees an effect of a call that did not happen.
//!
//! As shipped, a function that calls nothing checks nothing: below the limit there is room
//! for one more frame.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder as _, MemFlagsData, TrapCode};

use super::{Lowering, native_abi};
use crate::passes::{Mode, OwnRegion};

impl Lowering<'_, '_> {
    /// Inserts the checks at function entry. It takes the cursor there for good, so it
    /// comes last.
    pub(super) fn enter(&mut self) {
        if self.cx.mode == Mode::AsShipped && !self.has_calls() {
            return;
        }
        let Some(entry) = self.pos.layout().entry_block() else { return };
        let flags = self.control_flags();
        let mut pos = FuncCursor::new(self.pos.func);
        pos.goto_first_insertion_point(entry);
        let control = pos.ins().iconst(I64, self.cx.control.cast_signed());
        let limit = pos.ins().load(I64, flags, control, native_abi::CONTROL_STACK_LIMIT);
        let stack = pos.ins().get_stack_pointer(I64);
        let below = pos.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
        pos.ins().trapnz(below, TrapCode::STACK_OVERFLOW);
        if self.cx.mode == Mode::Exact {
            let depth = pos.ins().load(I64, flags, control, native_abi::CONTROL_DEPTH);
            pos.ins().trapz(depth, TrapCode::STACK_OVERFLOW);
            let left = pos.ins().iadd_imm_s(depth, -1);
            pos.ins().store(flags, left, control, native_abi::CONTROL_DEPTH);
        }
    }

    fn has_calls(&self) -> bool {
        let func = &self.pos.func;
        let mut insts = func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
        insts.any(|inst| func.dfg.insts[inst].opcode().is_call())
    }

    /// Inserts, before a return or tail call, what gives the call depth back.
    pub(super) fn leave(&mut self) {
        if self.cx.mode == Mode::Exact {
            self.add_to_control(native_abi::CONTROL_DEPTH);
        }
    }

    /// Adds 1 to a word of the control block.
    pub(super) fn add_to_control(&mut self, word: i32) {
        let flags = self.control_flags();
        let control = self.absolute(self.cx.control);
        let before = self.pos.ins().load(I64, flags, control, word);
        let after = self.pos.ins().iadd_imm_s(before, 1);
        self.pos.ins().store(flags, after, control, word);
    }

    pub(super) fn control_flags(&mut self) -> MemFlagsData {
        let region = OwnRegion::Control.of(self.pos.func);
        MemFlagsData::trusted().with_alias_region(Some(region))
    }
}

//! Calls through a code index.
//!
//! The index comes from the arena and may be anything. It is clamped to entry 0 of the
//! native code table, which traps; then the entry's signature must be the one that the
//! call site expects. The loads of an entry are never `readonly` or `can_move`, so no
//! pass lifts the entry's address over the check.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::Cursor as _;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, Inst, InstBuilder as _, MemFlagsData, Value};

use super::{Lowering, LoweringError, native_abi};
use crate::code_table::{MAX_ENTRIES, SignatureId};
use crate::passes::OwnRegion;
use crate::site::SiteId;
use crate::trap::Trap;

impl Lowering<'_, '_> {
    /// Rewrites an indirect call, whether it returns here or not.
    pub(super) fn call_indirect(
        &mut self,
        inst: Inst,
        expected: &mut dyn FnMut(ir::SigRef) -> SignatureId,
    ) -> Result<(), LoweringError> {
        if self.is_raw() {
            self.pass_base(inst);
            return Ok(());
        }
        let dfg = &self.pos.func.dfg;
        let opcode = dfg.insts[inst].opcode();
        let signature = dfg.call_signature(inst).ok_or(LoweringError::Opcode(opcode))?;
        let index = self.offset(dfg.inst_args(inst)[0])?;
        if self.cx.count_calls {
            self.add_to_control(native_abi::CONTROL_INDIRECT_CALLS);
        }
        let code = self.checked_entry(index, expected(signature));
        let base = self.base;
        self.edit_arguments(inst, |args| {
            args[0] = code;
            args.push(base);
        });
        Ok(())
    }

    /// Leaves this call's site in the control block where its entry can be called and has
    /// `other` than the expected signature.
    fn note_wrong_entry(&mut self, actual: Value, other: Value) {
        let callable = self.pos.ins().icmp_imm_u(IntCC::NotEqual, actual, 0);
        let wrong = self.pos.ins().band(callable, other);
        let site = SiteId::from_source_loc(self.pos.srcloc()).map_or(0, |site| site.0);
        let here = self.pos.ins().iconst(I64, 1 + i64::from(site));
        let control = self.absolute(self.cx.control);
        let flags = self.control_flags();
        let word = native_abi::CONTROL_WRONG_ENTRY;
        let before = self.pos.ins().load(I64, flags, control, word);
        let after = self.pos.ins().select(wrong, here, before);
        self.pos.ins().store(flags, after, control, word);
    }

    /// The native address of the entry that `index` selects, if it has the signature.
    fn checked_entry(&mut self, index: Value, expected: SignatureId) -> Value {
        let region = OwnRegion::CodeTable.of(self.pos.func);
        let flags = MemFlagsData::trusted().with_alias_region(Some(region));
        let table = self.absolute(self.cx.table);
        let len = self.pos.ins().iconst(I32, i64::from(MAX_ENTRIES));
        let trap_entry = self.pos.ins().iconst(I32, 0);
        let outside = self.pos.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        let index = self.pos.ins().select_spectre_guard(outside, trap_entry, index);
        let index = self.pos.ins().uextend(I64, index);
        let offset = self.pos.ins().ishl_imm_u(index, native_abi::TABLE_ENTRY_SHIFT);
        let entry = self.pos.ins().iadd(table, offset);
        let actual = self.pos.ins().load(I32, flags, entry, native_abi::ENTRY_SIGNATURE);
        let expected = self.pos.ins().iconst(I32, i64::from(expected.0));
        let other = self.pos.ins().icmp(IntCC::NotEqual, actual, expected);
        if self.cx.monitor {
            self.note_wrong_entry(actual, other);
        }
        if !self.skips_signature(index, other) {
            self.pos.ins().trapnz(other, Trap::BadCodeReference.code());
        }
        self.pos.ins().load(I64, flags, entry, native_abi::ENTRY_ADDRESS)
    }
}

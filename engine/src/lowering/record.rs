//! Recording: where each access and each indirect call of a lowered function goes.
//!
//! Faults show only what hits nothing, so a comparison of layouts needs every effective
//! address. This pass comes after the lowering of either layout, and after its checker: it
//! puts code before each site that appends the native address, the site and, of a call,
//! the signature that it expects to a *log* in memory outside the arena, which the host
//! reads when it has its turn. A record costs some ten instructions and no call, so a
//! recorded run is about as fast as any.
//!
//! | bytes of the log | |
//! |---|---|
//! | 0 to 8 | how many records there were since the host read it |
//! | [`RECORDS`] + [`RECORD_BYTES`] * n | record n: address, 8 bytes; site, 4; signature or 0, 4 |
//!
//! The last record's place is used again and again once the log is full: what it holds then
//! is the latest record, and the count tells how many are lost.
//!
//! It records what CLIF says. That an optimiser may leave out a load, because it knows the
//! value, takes nothing from where the program asked to go.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{
    Function, Inst, InstBuilder as _, InstructionData, MemFlagsData, SigRef, Value,
};

use crate::code_table::SignatureId;
use crate::passes::OwnRegion;
use crate::passes::opcode::{Class, class};
use crate::site::SiteId;

/// Where the records begin.
pub(crate) const RECORDS: u32 = 64;

/// Bytes of a record.
pub(crate) const RECORD_BYTES: u32 = 16;

/// How many records a log holds.
pub(crate) const CAPACITY: u32 = 1 << 16;

/// Bytes of a log: a whole number of pages.
pub(crate) const LOG_BYTES: usize =
    (RECORDS as usize + CAPACITY as usize * RECORD_BYTES as usize).next_multiple_of(4096);

/// Makes a lowered function keep the log at an absolute address. `signature_id` is that of
/// a signature as the prepared function states it.
pub(crate) fn record(
    function: &mut Function,
    log: u64,
    signature_id: &mut dyn FnMut(SigRef) -> SignatureId,
) {
    let own = [OwnRegion::CodeTable, OwnRegion::Control].map(|region| region.of(function));
    let region = OwnRegion::Log.of(function);
    let flags = MemFlagsData::trusted().with_alias_region(Some(region));
    let layout = &function.layout;
    let sites: Vec<Inst> = layout.blocks().flat_map(|block| layout.block_insts(block)).collect();
    for inst in sites {
        let Some(site) = SiteId::from_source_loc(function.srcloc(inst)) else { continue };
        let data = function.dfg.insts[inst];
        let target = match class(data.opcode()) {
            Class::Load | Class::Store | Class::Atomic => {
                let of = data.memflags().and_then(|of| function.dfg.mem_flags[of].alias_region());
                match of.is_some_and(|of| own.contains(&of)) {
                    true => None,
                    false => accessed(&data).map(|(address, offset)| (address, offset, 0)),
                }
            }
            Class::CallIndirect | Class::ReturnCallIndirect => {
                let signature = function.dfg.call_signature(inst);
                let expected = signature.map_or(0, |signature| signature_id(signature).0);
                Some((function.dfg.inst_args(inst)[0], 0, expected))
            }
            _ => None,
        };
        let Some((address, offset, signature)) = target else { continue };
        let mut pos = FuncCursor::new(function).at_inst(inst);
        let address = match offset {
            0 => address,
            offset => pos.ins().iadd_imm_s(address, i64::from(offset)),
        };
        Writer { pos, log, flags }.write(address, site, signature);
    }
}

/// The address of an access and its displacement.
fn accessed(data: &InstructionData) -> Option<(Value, i32)> {
    Some(match *data {
        InstructionData::Load { arg, offset, .. } => (arg, offset.into()),
        InstructionData::Store { args: [_, address], offset, .. } => (address, offset.into()),
        InstructionData::LoadNoOffset { arg, .. } => (arg, 0),
        InstructionData::StoreNoOffset { args: [_, address], .. } => (address, 0),
        InstructionData::AtomicRmw { args: [address, _], .. } => (address, 0),
        InstructionData::AtomicCas { args: [address, ..], .. } => (address, 0),
        _ => return None,
    })
}

/// Writes one record before an instruction.
struct Writer<'f> {
    pos: FuncCursor<'f>,
    log: u64,
    flags: MemFlagsData,
}

impl Writer<'_> {
    fn write(mut self, address: Value, site: SiteId, signature: u32) {
        let flags = self.flags;
        let log = self.pos.ins().iconst(I64, self.log.cast_signed());
        let count = self.pos.ins().load(I64, flags, log, 0);
        let last = self.pos.ins().iconst(I64, i64::from(CAPACITY - 1));
        let number = self.pos.ins().umin(count, last);
        let offset = self.pos.ins().ishl_imm_u(number, i64::from(RECORD_BYTES.ilog2()));
        let place = self.pos.ins().iadd(log, offset);
        let first = RECORDS.cast_signed();
        self.pos.ins().store(flags, address, place, first);
        let site = self.pos.ins().iconst(I32, i64::from(site.0));
        self.pos.ins().store(flags, site, place, first + 8);
        let signature = self.pos.ins().iconst(I32, i64::from(signature));
        self.pos.ins().store(flags, signature, place, first + 12);
        let more = self.pos.ins().iadd_imm_s(count, 1);
        self.pos.ins().store(flags, more, log, 0);
    }
}

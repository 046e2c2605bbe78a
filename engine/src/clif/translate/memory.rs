//! Loads and stores: the offset, the check, the access.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::{F32, F64, I8, I16, I32, I64};
use cranelift_codegen::ir::{Inst, InstructionData, MemFlags, Opcode, Type, Value};
use wasm_encoder::{BlockType, Instruction, MemArg, ValType};

use super::Refused;
use super::body::{ADD, Body, GT_U, SUB};
use super::instruction::refused;
use super::module::at_offset;
use crate::arena::NULL_PAGE;
use crate::clif::LEN;

/// Where an access goes: an address and a displacement.
pub(super) struct Place {
    pub(super) address: Value,
    pub(super) displacement: i32,
    pub(super) flags: MemFlags,
}

impl Place {
    /// Computes the offset, checks that `width` bytes there are accessible, and gives the
    /// local that the offset is in.
    pub(super) fn checked(&self, body: &mut Body<'_>, width: u32) -> Result<u32, Refused> {
        let code = body.function.dfg.mem_flags[self.flags].trap_code();
        let code = code.ok_or_else(|| Refused("an access without a trap code".to_owned()))?;
        let offset = body.temp(ValType::I32);
        body.get(self.address)?;
        if body.ty(self.address) != I32 {
            return Err(Refused("an address that is no i32".to_owned()));
        }
        if self.displacement != 0 {
            body.i32(self.displacement).form(false, ADD);
        }
        body.tee(offset).i32(NULL_PAGE.cast_signed()).form(false, SUB);
        body.i32((LEN - NULL_PAGE - width).cast_signed()).form(false, GT_U);
        body.op(Instruction::If(BlockType::Empty)).trap_code(code)?.op(Instruction::End);
        Ok(offset)
    }
}

pub(super) fn load(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::Load { opcode, arg: address, flags, offset } =
        body.function.dfg.insts[inst]
    else {
        return Err(refused(body, inst));
    };
    let (result, ty) = body.result(inst);
    let (instruction, width) =
        loading(opcode, ty).ok_or_else(|| Refused(format!("{opcode}.{ty}")))?;
    let place = Place { address, displacement: offset.into(), flags };
    let offset = place.checked(body, width)?;
    body.local(offset).op(instruction(at_offset(0)));
    if ty == I16 && opcode == Opcode::Sload8 {
        body.mask(ty);
    }
    body.set(result)
}

pub(super) fn store(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::Store { opcode, args: [value, address], flags, offset } =
        body.function.dfg.insts[inst]
    else {
        return Err(refused(body, inst));
    };
    let ty = body.ty(value);
    let (instruction, width) =
        storing(opcode, ty).ok_or_else(|| Refused(format!("{opcode}.{ty}")))?;
    let place = Place { address, displacement: offset.into(), flags };
    let offset = place.checked(body, width)?;
    body.local(offset).get(value)?.op(instruction(at_offset(0)));
    Ok(())
}

/// An access, given where it goes.
pub(super) type Access = fn(MemArg) -> Instruction<'static>;

/// The load of an opcode and its result's type, and how many bytes it reads.
pub(super) fn loading(opcode: Opcode, ty: Type) -> Option<(Access, u32)> {
    use Instruction as I;
    let wide = ty == I64;
    Some(match opcode {
        Opcode::Load | Opcode::AtomicLoad => match ty {
            I8 => (I::I32Load8U, 1),
            I16 => (I::I32Load16U, 2),
            I32 => (I::I32Load, 4),
            I64 => (I::I64Load, 8),
            F32 => (I::F32Load, 4),
            F64 => (I::F64Load, 8),
            _ if ty.is_vector() && ty.bits() == 128 => (I::V128Load, 16),
            _ => return None,
        },
        Opcode::Uload8 if wide => (I::I64Load8U, 1),
        Opcode::Uload8 => (I::I32Load8U, 1),
        Opcode::Sload8 if wide => (I::I64Load8S, 1),
        Opcode::Sload8 => (I::I32Load8S, 1),
        Opcode::Uload16 if wide => (I::I64Load16U, 2),
        Opcode::Uload16 => (I::I32Load16U, 2),
        Opcode::Sload16 if wide => (I::I64Load16S, 2),
        Opcode::Sload16 => (I::I32Load16S, 2),
        Opcode::Uload32 => (I::I64Load32U, 4),
        Opcode::Sload32 => (I::I64Load32S, 4),
        Opcode::Uload8x8 => (I::V128Load8x8U, 8),
        Opcode::Sload8x8 => (I::V128Load8x8S, 8),
        Opcode::Uload16x4 => (I::V128Load16x4U, 8),
        Opcode::Sload16x4 => (I::V128Load16x4S, 8),
        Opcode::Uload32x2 => (I::V128Load32x2U, 8),
        Opcode::Sload32x2 => (I::V128Load32x2S, 8),
        _ => return None,
    })
}

/// The store of an opcode and its operand's type, and how many bytes it writes.
pub(super) fn storing(opcode: Opcode, ty: Type) -> Option<(Access, u32)> {
    use Instruction as I;
    let wide = ty == I64;
    Some(match opcode {
        Opcode::Store | Opcode::AtomicStore => match ty {
            I8 => (I::I32Store8, 1),
            I16 => (I::I32Store16, 2),
            I32 => (I::I32Store, 4),
            I64 => (I::I64Store, 8),
            F32 => (I::F32Store, 4),
            F64 => (I::F64Store, 8),
            _ if ty.is_vector() && ty.bits() == 128 => (I::V128Store, 16),
            _ => return None,
        },
        Opcode::Istore8 if wide => (I::I64Store8, 1),
        Opcode::Istore8 => (I::I32Store8, 1),
        Opcode::Istore16 if wide => (I::I64Store16, 2),
        Opcode::Istore16 => (I::I32Store16, 2),
        Opcode::Istore32 => (I::I64Store32, 4),
        _ => return None,
    })
}

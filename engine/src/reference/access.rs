//! Loads and stores: what they move, and what becomes of it.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Type, types};
use cranelift_interpreter::value::{DataValueExt as _, ValueConversionKind};

use super::machine::{Halt, Machine};
use super::memory::effective;
use super::value;
use crate::executor::Slot;

impl Machine<'_> {
    pub(super) fn load(&mut self, inst: Inst) -> Result<(), Halt> {
        let top = self.top();
        let dfg = &top.function.dfg;
        let InstructionData::Load { opcode, arg, flags, offset } = dfg.insts[inst] else {
            return Err(Halt::Refused("a load of an unknown form".to_owned()));
        };
        let ty = dfg.value_type(dfg.first_result(inst));
        let flags = dfg.mem_flags[flags];
        let at = effective(top.frame.get(arg), offset.into());
        let (unit, signed) = unit(opcode, ty);
        let loaded = self.memory.load(at, unit, flags)?;
        let loaded = extend(loaded, unit, ty, signed).map_err(Halt::Refused)?;
        self.top().finish(inst, [loaded]);
        Ok(())
    }

    pub(super) fn store(&mut self, inst: Inst) -> Result<(), Halt> {
        let top = self.top();
        let dfg = &top.function.dfg;
        let InstructionData::Store { opcode, args: [stored, address], flags, offset } =
            dfg.insts[inst]
        else {
            return Err(Halt::Refused("a store of an unknown form".to_owned()));
        };
        let flags = dfg.mem_flags[flags];
        let ty = dfg.value_type(stored);
        let at = effective(top.frame.get(address), offset.into());
        let (unit, _) = unit(opcode, ty);
        let stored = value::from_slot(value::to_slot(top.frame.get(stored)), unit);
        self.memory.store(at, &stored, flags)?;
        self.top().finish(inst, []);
        Ok(())
    }
}

/// The type that a load or store moves, and whether a load extends its sign.
fn unit(opcode: Opcode, ty: Type) -> (Type, bool) {
    use Opcode as O;
    match opcode {
        O::Uload8 | O::Istore8 => (types::I8, false),
        O::Sload8 => (types::I8, true),
        O::Uload16 | O::Istore16 => (types::I16, false),
        O::Sload16 => (types::I16, true),
        O::Uload32 | O::Istore32 => (types::I32, false),
        O::Sload32 => (types::I32, true),
        O::Uload8x8 | O::Uload16x4 | O::Uload32x2 => (types::I64, false),
        O::Sload8x8 | O::Sload16x4 | O::Sload32x2 => (types::I64, true),
        _ => (ty, false),
    }
}

/// A loaded unit as a value of the load's type.
fn extend(loaded: DataValue, unit: Type, ty: Type, signed: bool) -> Result<DataValue, String> {
    if ty == unit {
        return Ok(loaded);
    }
    if ty.is_vector() {
        return Ok(widen(value::to_slot(&loaded), ty, signed));
    }
    let kind = if signed {
        ValueConversionKind::SignExtend(ty)
    } else {
        ValueConversionKind::ZeroExtend(ty)
    };
    loaded.convert(kind).map_err(|error| error.to_string())
}

/// The lanes of half a vector, each extended to a lane of `ty`.
fn widen(half: Slot, ty: Type, signed: bool) -> DataValue {
    let (bits, lanes) = (ty.lane_bits(), ty.lane_count());
    let narrow = bits / 2;
    let lane = |n: u32| {
        let unused = 128 - narrow;
        let top = half >> (n * narrow) << unused;
        let wide =
            if signed { (top.cast_signed() >> unused).cast_unsigned() } else { top >> unused };
        (wide & (Slot::MAX >> (128 - bits))) << (n * bits)
    };
    value::from_slot((0..lanes).map(lane).fold(0, |all, lane| all | lane), ty)
}

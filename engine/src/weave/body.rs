//! Function bodies, rewritten instruction by instruction.
#![forbid(unsafe_code)]

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Function, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

use super::WeaveError;
use super::draw::Draw;
use super::fuel::Fuel;
use super::indirect::Slots;
use super::parts::Parts;

/// How many of 100 `unreachable` of a softened module become a return of zeros and nulls.
const SOFTENED_PERCENT: u8 = 80;

/// What bodies are rewritten with.
pub(super) struct Rewriter<'a> {
    pub(super) slots: Slots,
    pub(super) fuel: Option<Fuel>,
    pub(super) soften: bool,
    pub(super) draw: &'a mut Draw,
}

impl Rewriter<'_> {
    /// Writes the module's own functions to the code section.
    pub(super) fn rewrite(&mut self, parts: &mut Parts<'_>) -> Result<(), WeaveError> {
        for (body, index) in
            std::mem::take(&mut parts.bodies).iter().zip(parts.imported_functions..)
        {
            let function = self.function(parts, body, index)?;
            parts.sections.code.function(&function);
        }
        Ok(())
    }

    fn function(
        &mut self,
        parts: &Parts<'_>,
        body: &FunctionBody<'_>,
        index: u32,
    ) -> Result<Function, WeaveError> {
        let (mut function, scratch) = self.with_locals(parts, body, index)?;
        let stop = self.stop(parts, index);
        let step = self.fuel.map(|fuel| fuel.step(&stop)).unwrap_or_default();
        let mut emit = |instructions: &[Instruction<'_>]| {
            instructions.iter().for_each(|instruction| {
                function.instruction(instruction);
            });
        };
        emit(&step);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            match (self.fuel, length_is_64(parts, &operator)) {
                (Some(fuel), Some(false)) => emit(&fuel.bulk(scratch, &stop)),
                (Some(fuel), Some(true)) => emit(&fuel.bulk_64(scratch + 1, &stop)),
                _ => (),
            }
            emit(&self.guide(parts, &operator));
            match self.instead(parts, &operator, index) {
                Some(replaced) => emit(&replaced),
                None => emit(&[RoundtripReencoder.instruction(operator.clone())?]),
            }
            if matches!(operator, Operator::Loop { .. }) {
                emit(&step);
            }
        }
        Ok(function)
    }

    /// The function with its locals and two more, an `i32` and an `i64`, of which the
    /// first one's index is the second result.
    fn with_locals(
        &self,
        parts: &Parts<'_>,
        body: &FunctionBody<'_>,
        index: u32,
    ) -> Result<(Function, u32), WeaveError> {
        let params = parts.type_of(index).map_or(0, |ty| ty.params().len());
        let mut scratch = u32::try_from(params).unwrap_or(u32::MAX);
        let mut locals = Vec::new();
        for pair in body.get_locals_reader()? {
            let (count, ty) = pair?;
            scratch = scratch.saturating_add(count);
            locals.push((count, RoundtripReencoder.val_type(ty)?));
        }
        if self.fuel.is_some() {
            locals.extend([(1, ValType::I32), (1, ValType::I64)]);
        }
        Ok((Function::new(locals), scratch))
    }

    /// What ends a function that has no fuel left.
    fn stop(&self, parts: &Parts<'_>, index: u32) -> Vec<Instruction<'static>> {
        let soft = if self.soften { zero_return(parts, index) } else { None };
        soft.unwrap_or_else(|| vec![Instruction::Unreachable])
    }

    /// What brings the index of an indirect call into range, and the timeout of a wait to
    /// zero: nobody notifies, and Wasmtime would sleep.
    fn guide(&mut self, parts: &Parts<'_>, operator: &Operator<'_>) -> Vec<Instruction<'static>> {
        match *operator {
            Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. } => {
                vec![Instruction::Drop, Instruction::I64Const(0)]
            }
            Operator::CallIndirect { type_index, table_index }
            | Operator::ReturnCallIndirect { type_index, table_index } => {
                match parts.types.get(type_index as usize) {
                    Some(Some(ty)) => self.slots.guide(ty, table_index, self.draw),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn instead(
        &mut self,
        parts: &Parts<'_>,
        operator: &Operator<'_>,
        index: u32,
    ) -> Option<Vec<Instruction<'static>>> {
        match operator {
            Operator::Call { function_index } => {
                let (slot, type_index, table_index) = self.divert(parts, *function_index)?;
                Some(vec![slot, Instruction::CallIndirect { type_index, table_index }])
            }
            Operator::ReturnCall { function_index } => {
                let (slot, type_index, table_index) = self.divert(parts, *function_index)?;
                Some(vec![slot, Instruction::ReturnCallIndirect { type_index, table_index }])
            }
            Operator::Unreachable if self.soften && self.draw.chance(SOFTENED_PERCENT) => {
                zero_return(parts, index)
            }
            _ => None,
        }
    }

    /// The index, the type and the table by which to reach a function; `None` to call it
    /// directly.
    fn divert(
        &mut self,
        parts: &Parts<'_>,
        callee: u32,
    ) -> Option<(Instruction<'static>, u32, u32)> {
        let (slot, table) = self.slots.divert(callee, self.draw)?;
        let ty = *parts.functions.get(callee as usize)?;
        Some((Instruction::I32Const(slot.cast_signed()), ty, table))
    }
}

/// Whether the length on top of the stack before a bulk operation is an `i64`; `None`
/// before any other operation.
fn length_is_64(parts: &Parts<'_>, operator: &Operator<'_>) -> Option<bool> {
    Some(match *operator {
        Operator::MemoryInit { .. } | Operator::TableInit { .. } => false,
        Operator::MemoryFill { mem } => parts.memory_is_64(mem),
        Operator::MemoryCopy { dst_mem, src_mem } => {
            parts.memory_is_64(dst_mem) && parts.memory_is_64(src_mem)
        }
        Operator::TableFill { table } | Operator::TableGrow { table } => parts.table_is_64(table),
        Operator::TableCopy { dst_table, src_table } => {
            parts.table_is_64(dst_table) && parts.table_is_64(src_table)
        }
        _ => return None,
    })
}

/// Returns zeros and nulls from a function, if its results have them.
fn zero_return(parts: &Parts<'_>, index: u32) -> Option<Vec<Instruction<'static>>> {
    let results = parts.type_of(index)?.results().iter();
    let zeros = results.map(|&ty| zero(ty)).collect::<Option<Vec<_>>>()?;
    Some([zeros, vec![Instruction::Return]].concat())
}

fn zero(ty: wasmparser::ValType) -> Option<Instruction<'static>> {
    Some(match RoundtripReencoder.val_type(ty).ok()? {
        ValType::I32 => Instruction::I32Const(0),
        ValType::I64 => Instruction::I64Const(0),
        ValType::F32 => Instruction::F32Const(0.0.into()),
        ValType::F64 => Instruction::F64Const(0.0.into()),
        ValType::V128 => Instruction::V128Const(0),
        ValType::Ref(ty) if ty.nullable => Instruction::RefNull(ty.heap_type),
        ValType::Ref(_) => return None,
    })
}

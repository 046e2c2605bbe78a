//! Function bodies, rewritten instruction by instruction.
#![forbid(unsafe_code)]

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{Function, HeapType, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

use super::WeaveError;
use super::draw::Draw;
use super::fuel::Fuel;
use super::indirect::Slots;
use super::parts::Parts;

/// How many of 100 `unreachable` become a return of zeros and nulls.
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
        let mut emit = |instructions: &[Instruction<'_>]| {
            instructions.iter().for_each(|instruction| {
                function.instruction(instruction);
            });
        };
        emit(&self.fuel.map(Fuel::step).unwrap_or_default());
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            emit(&self.before(parts, &operator, scratch));
            match self.instead(parts, &operator, index) {
                Some(replaced) => emit(&replaced),
                None => emit(&[RoundtripReencoder.instruction(operator.clone())?]),
            }
            if matches!(operator, Operator::Loop { .. }) {
                emit(&self.fuel.map(Fuel::step).unwrap_or_default());
            }
        }
        Ok(function)
    }

    /// The function with its locals and one more, an `i32`, whose index is the second.
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
            locals.push((1, ValType::I32));
        }
        Ok((Function::new(locals), scratch))
    }

    fn before(
        &mut self,
        parts: &Parts<'_>,
        operator: &Operator<'_>,
        scratch: u32,
    ) -> Vec<Instruction<'static>> {
        match operator {
            Operator::CallIndirect { type_index, table_index } => {
                match parts.types.get(*type_index as usize) {
                    Some(Some(ty)) => self.slots.guide(ty, *table_index, self.draw),
                    _ => Vec::new(),
                }
            }
            Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::TableGrow { .. }
                if !parts.is_64_bit() =>
            {
                self.fuel.map(|fuel| fuel.bulk(scratch)).unwrap_or_default()
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
            Operator::Call { function_index: callee } => {
                let (slot, table_index) = self.slots.divert(*callee, self.draw)?;
                let type_index = *parts.functions.get(*callee as usize)?;
                let slot = Instruction::I32Const(slot.cast_signed());
                Some(vec![slot, Instruction::CallIndirect { type_index, table_index }])
            }
            Operator::Unreachable if self.soften && self.draw.chance(SOFTENED_PERCENT) => {
                let results = parts.type_of(index)?.results().iter();
                let zeros = results.map(|&ty| zero(ty)).collect::<Option<Vec<_>>>()?;
                Some([zeros, vec![Instruction::Return]].concat())
            }
            _ => None,
        }
    }
}

fn zero(ty: wasmparser::ValType) -> Option<Instruction<'static>> {
    Some(match RoundtripReencoder.val_type(ty).ok()? {
        ValType::I32 => Instruction::I32Const(0),
        ValType::I64 => Instruction::I64Const(0),
        ValType::F32 => Instruction::F32Const(0.0.into()),
        ValType::F64 => Instruction::F64Const(0.0.into()),
        ValType::V128 => Instruction::V128Const(0),
        ValType::Ref(ty) if ty.nullable => Instruction::RefNull(heap(ty)),
        ValType::Ref(_) => return None,
    })
}

fn heap(ty: wasm_encoder::RefType) -> HeapType {
    ty.heap_type
}

//! Floats, alone and in vectors. Wasmtime makes their NaNs canonical, as exact runs do.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2};
use cranelift_codegen::ir::{Inst, InstructionData, Opcode, Type, Value};
use wasm_encoder::{Ieee32, Ieee64, Instruction};

use super::Refused;
use super::body::{Body, EQZ, OR};
use super::instruction::refused;

pub(super) fn constant(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let (result, _) = body.result(inst);
    match body.function.dfg.insts[inst] {
        InstructionData::UnaryIeee32 { imm, .. } => {
            body.op(Instruction::F32Const(Ieee32::new(imm.bits())))
        }
        InstructionData::UnaryIeee64 { imm, .. } => {
            body.op(Instruction::F64Const(Ieee64::new(imm.bits())))
        }
        _ => return Err(refused(body, inst)),
    };
    body.set(result)
}

/// An operation that Wasm has for all four types.
pub(super) fn arithmetic(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let opcode = body.function.dfg.insts[inst].opcode();
    let (result, ty) = body.result(inst);
    let instruction = instruction(opcode, ty).ok_or_else(|| refused(body, inst))?;
    body.get_args(inst)?.op(instruction).set(result)
}

#[rustfmt::skip]
fn instruction(opcode: Opcode, ty: Type) -> Option<Instruction<'static>> {
    use Instruction as I;
    use Opcode as O;
    let [single, double, singles, doubles] = match opcode {
        O::Fadd => [I::F32Add, I::F64Add, I::F32x4Add, I::F64x2Add],
        O::Fsub => [I::F32Sub, I::F64Sub, I::F32x4Sub, I::F64x2Sub],
        O::Fmul => [I::F32Mul, I::F64Mul, I::F32x4Mul, I::F64x2Mul],
        O::Fdiv => [I::F32Div, I::F64Div, I::F32x4Div, I::F64x2Div],
        O::Fmin => [I::F32Min, I::F64Min, I::F32x4Min, I::F64x2Min],
        O::Fmax => [I::F32Max, I::F64Max, I::F32x4Max, I::F64x2Max],
        O::Fneg => [I::F32Neg, I::F64Neg, I::F32x4Neg, I::F64x2Neg],
        O::Fabs => [I::F32Abs, I::F64Abs, I::F32x4Abs, I::F64x2Abs],
        O::Sqrt => [I::F32Sqrt, I::F64Sqrt, I::F32x4Sqrt, I::F64x2Sqrt],
        O::Ceil => [I::F32Ceil, I::F64Ceil, I::F32x4Ceil, I::F64x2Ceil],
        O::Floor => [I::F32Floor, I::F64Floor, I::F32x4Floor, I::F64x2Floor],
        O::Trunc => [I::F32Trunc, I::F64Trunc, I::F32x4Trunc, I::F64x2Trunc],
        O::Nearest => [I::F32Nearest, I::F64Nearest, I::F32x4Nearest, I::F64x2Nearest],
        O::Fcopysign if ty == F32 => return Some(I::F32Copysign),
        O::Fcopysign if ty == F64 => return Some(I::F64Copysign),
        _ => return None,
    };
    match ty {
        F32 => Some(single),
        F64 => Some(double),
        F32X4 => Some(singles),
        F64X2 => Some(doubles),
        _ => None,
    }
}

pub(super) fn compare(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    let InstructionData::FloatCompare { args: [left, right], cond, .. } =
        body.function.dfg.insts[inst]
    else {
        return Err(refused(body, inst));
    };
    let ty = body.ty(left);
    let (result, _) = body.result(inst);
    let comparison = Comparison::of(ty).ok_or_else(|| refused(body, inst))?;
    comparison.push(body, cond, left, right)?;
    body.set(result)
}

/// The comparisons that Wasm has for one type.
struct Comparison {
    equal: Instruction<'static>,
    not_equal: Instruction<'static>,
    less: Instruction<'static>,
    greater: Instruction<'static>,
    less_or_equal: Instruction<'static>,
    greater_or_equal: Instruction<'static>,
    is_vector: bool,
}

impl Comparison {
    #[rustfmt::skip]
    fn of(ty: Type) -> Option<Comparison> {
        use Instruction as I;
        let [equal, not_equal, less, greater, less_or_equal, greater_or_equal] = match ty {
            F32 => [I::F32Eq, I::F32Ne, I::F32Lt, I::F32Gt, I::F32Le, I::F32Ge],
            F64 => [I::F64Eq, I::F64Ne, I::F64Lt, I::F64Gt, I::F64Le, I::F64Ge],
            F32X4 => [I::F32x4Eq, I::F32x4Ne, I::F32x4Lt, I::F32x4Gt, I::F32x4Le, I::F32x4Ge],
            F64X2 => [I::F64x2Eq, I::F64x2Ne, I::F64x2Lt, I::F64x2Gt, I::F64x2Le, I::F64x2Ge],
            _ => return None,
        };
        let is_vector = ty.is_vector();
        Some(Comparison { equal, not_equal, less, greater, less_or_equal, greater_or_equal, is_vector })
    }

    /// Pushes whether a condition holds. What Wasm lacks is made of what it has: of two
    /// comparisons, or of the opposite one.
    fn push(
        self,
        body: &mut Body<'_>,
        cond: FloatCC,
        left: Value,
        right: Value,
    ) -> Result<(), Refused> {
        use FloatCC as C;
        let is_vector = self.is_vector;
        body.get(left)?.get(right)?;
        match cond {
            C::Equal => drop(body.op(self.equal)),
            C::NotEqual => drop(body.op(self.not_equal)),
            C::LessThan => drop(body.op(self.less)),
            C::GreaterThan => drop(body.op(self.greater)),
            C::LessThanOrEqual => drop(body.op(self.less_or_equal)),
            C::GreaterThanOrEqual => drop(body.op(self.greater_or_equal)),
            C::UnorderedOrLessThan => not(body.op(self.greater_or_equal), is_vector),
            C::UnorderedOrLessThanOrEqual => not(body.op(self.greater), is_vector),
            C::UnorderedOrGreaterThan => not(body.op(self.less_or_equal), is_vector),
            C::UnorderedOrGreaterThanOrEqual => not(body.op(self.less), is_vector),
            C::OrderedNotEqual | C::UnorderedOrEqual => {
                body.op(self.less).get(left)?.get(right)?.op(self.greater);
                either(body, is_vector);
                if cond == C::UnorderedOrEqual {
                    not(body, is_vector);
                }
            }
            C::Ordered | C::Unordered => {
                // Only a NaN differs from itself: `left` from `left`, or `right` from itself.
                body.op(Instruction::Drop).get(left)?.op(self.not_equal.clone());
                body.get(right)?.get(right)?.op(self.not_equal);
                either(body, is_vector);
                if cond == C::Ordered {
                    not(body, is_vector);
                }
            }
        }
        Ok(())
    }
}

fn either(body: &mut Body<'_>, is_vector: bool) {
    if is_vector {
        body.op(Instruction::V128Or);
    } else {
        body.form(false, OR);
    }
}

fn not(body: &mut Body<'_>, is_vector: bool) {
    if is_vector {
        body.op(Instruction::V128Not);
    } else {
        body.form(false, EQZ);
    }
}

//! One function in the making: its locals, its code, and the operand stack's alphabet.
#![forbid(unsafe_code)]

use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::types::{F32, F64, I8, I16, I64, I128};
use cranelift_codegen::ir::{self, Function, Inst, Type, Value};
use wasm_encoder::{BlockType, Encode as _, Instruction, ValType};

use super::module::Interner;
use super::{Refused, number};
use crate::trap::Trap;

/// The 32-bit and the 64-bit form of an instruction.
pub(super) type Forms = (Instruction<'static>, Instruction<'static>);

/// Names [`Forms`].
macro_rules! forms {
    ($( $name:ident = $narrow:ident, $wide:ident; )*) => {
        $( pub(super) const $name: Forms = (Instruction::$narrow, Instruction::$wide); )*
    };
}

forms! {
    ADD = I32Add, I64Add;
    SUB = I32Sub, I64Sub;
    MUL = I32Mul, I64Mul;
    DIV_U = I32DivU, I64DivU;
    DIV_S = I32DivS, I64DivS;
    REM_U = I32RemU, I64RemU;
    REM_S = I32RemS, I64RemS;
    AND = I32And, I64And;
    OR = I32Or, I64Or;
    XOR = I32Xor, I64Xor;
    SHL = I32Shl, I64Shl;
    SHR_U = I32ShrU, I64ShrU;
    SHR_S = I32ShrS, I64ShrS;
    ROTL = I32Rotl, I64Rotl;
    ROTR = I32Rotr, I64Rotr;
    CLZ = I32Clz, I64Clz;
    CTZ = I32Ctz, I64Ctz;
    POPCNT = I32Popcnt, I64Popcnt;
    EQZ = I32Eqz, I64Eqz;
    EQ = I32Eq, I64Eq;
    NE = I32Ne, I64Ne;
    LT_U = I32LtU, I64LtU;
    LT_S = I32LtS, I64LtS;
    LE_U = I32LeU, I64LeU;
    LE_S = I32LeS, I64LeS;
    GT_U = I32GtU, I64GtU;
    GT_S = I32GtS, I64GtS;
    GE_U = I32GeU, I64GeU;
    GE_S = I32GeS, I64GeS;
}

/// The Wasm types of a value: two for an `i128`.
pub(super) fn types(ty: Type) -> Result<&'static [ValType], Refused> {
    Ok(match ty {
        I64 => &[ValType::I64],
        I128 => &[ValType::I64, ValType::I64],
        F32 => &[ValType::F32],
        F64 => &[ValType::F64],
        int if int.is_int() => &[ValType::I32],
        vector if vector.is_vector() && vector.bits() == 128 => &[ValType::V128],
        other => return Err(Refused(format!("type {other}"))),
    })
}

/// A function in the making.
pub(super) struct Body<'a> {
    pub(super) function: &'a Function,
    pub(super) interner: &'a mut Interner,
    /// The first local of each value, plus 1; 0 for none yet.
    values: SecondaryMap<Value, u32>,
    params: u32,
    locals: Vec<ValType>,
    /// Locals that hold something within one instruction, and whether they do now.
    temps: Vec<(u32, ValType, bool)>,
    code: Vec<u8>,
}

impl<'a> Body<'a> {
    pub(super) fn new(function: &'a Function, interner: &'a mut Interner) -> Body<'a> {
        Body {
            function,
            interner,
            values: SecondaryMap::new(),
            params: 0,
            locals: Vec::new(),
            temps: Vec::new(),
            code: Vec::new(),
        }
    }

    /// Lets the parameters of the function be those of its entry block.
    pub(super) fn enter(&mut self, entry: ir::Block) -> Result<(), Refused> {
        for &param in self.function.dfg.block_params(entry) {
            self.values[param] = self.params + 1;
            self.params += u32::try_from(types(self.ty(param))?.len()).expect("one or two");
        }
        Ok(())
    }

    pub(super) fn finish(self) -> wasm_encoder::Function {
        let mut function = wasm_encoder::Function::new_with_locals_types(self.locals);
        function.raw(self.code);
        function
    }

    pub(super) fn ty(&self, value: Value) -> Type {
        self.function.dfg.value_type(value)
    }

    /// The operands of an instruction.
    pub(super) fn args(&self, inst: Inst) -> &'a [Value] {
        self.function.dfg.inst_args(inst)
    }

    /// The one result of an instruction, and its type.
    pub(super) fn result(&self, inst: Inst) -> (Value, Type) {
        let result = self.function.dfg.first_result(inst);
        (result, self.ty(result))
    }

    pub(super) fn op(&mut self, instruction: Instruction<'_>) -> &mut Self {
        instruction.encode(&mut self.code);
        self
    }

    /// One of two forms.
    pub(super) fn form(&mut self, wide: bool, forms: Forms) -> &mut Self {
        self.op(if wide { forms.1 } else { forms.0 })
    }

    pub(super) fn i32(&mut self, number: i32) -> &mut Self {
        self.op(Instruction::I32Const(number))
    }

    pub(super) fn i64(&mut self, number: i64) -> &mut Self {
        self.op(Instruction::I64Const(number))
    }

    /// A constant of either width; the narrow one by its lower half.
    pub(super) fn constant(&mut self, wide: bool, number: i64) -> &mut Self {
        if wide {
            return self.i64(number);
        }
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is meant")]
        self.i32(number as i32)
    }

    /// Pushes a local.
    pub(super) fn local(&mut self, local: u32) -> &mut Self {
        self.op(Instruction::LocalGet(local))
    }

    /// Pops a local.
    pub(super) fn keep(&mut self, local: u32) -> &mut Self {
        self.op(Instruction::LocalSet(local))
    }

    /// Stores the top of the stack in a local, and leaves it there.
    pub(super) fn tee(&mut self, local: u32) -> &mut Self {
        self.op(Instruction::LocalTee(local))
    }

    /// A local for the rest of the instruction.
    pub(super) fn temp(&mut self, ty: ValType) -> u32 {
        if let Some((local, _, used)) =
            self.temps.iter_mut().find(|(_, known, used)| *known == ty && !used)
        {
            *used = true;
            return *local;
        }
        let local = self.declare(ty);
        self.temps.push((local, ty, true));
        local
    }

    /// Gives all temporary locals back.
    pub(super) fn release(&mut self) {
        for (_, _, used) in &mut self.temps {
            *used = false;
        }
    }

    fn declare(&mut self, ty: ValType) -> u32 {
        self.locals.push(ty);
        self.params + u32::try_from(self.locals.len() - 1).expect("CLIF values are fewer")
    }

    /// The first local of a value.
    pub(super) fn at(&mut self, value: Value) -> Result<u32, Refused> {
        let value = self.function.dfg.resolve_aliases(value);
        if self.values[value] == 0 {
            let types = types(self.ty(value))?;
            let first = types.iter().map(|&ty| self.declare(ty)).collect::<Vec<_>>()[0];
            self.values[value] = first + 1;
        }
        Ok(self.values[value] - 1)
    }

    /// Pushes a value, the halves of an `i128` low first.
    pub(super) fn get(&mut self, value: Value) -> Result<&mut Self, Refused> {
        let first = self.at(value)?;
        self.local(first);
        if self.ty(value) == I128 {
            self.local(first + 1);
        }
        Ok(self)
    }

    /// Pops a value.
    pub(super) fn set(&mut self, value: Value) -> Result<(), Refused> {
        let first = self.at(value)?;
        if self.ty(value) == I128 {
            self.keep(first + 1);
        }
        self.keep(first);
        Ok(())
    }

    /// Pushes all operands, as they are.
    pub(super) fn get_args(&mut self, inst: Inst) -> Result<&mut Self, Refused> {
        for &arg in self.args(inst) {
            self.get(arg)?;
        }
        Ok(self)
    }

    /// Pops the one result, which is an integer with anything above its width.
    pub(super) fn set_masked(&mut self, inst: Inst) -> Result<(), Refused> {
        let (result, ty) = self.result(inst);
        self.mask(ty).set(result)
    }

    /// Clears what lies above an `i8` or `i16` on the stack.
    pub(super) fn mask(&mut self, ty: Type) -> &mut Self {
        match ty {
            I8 => self.i32(0xff).op(Instruction::I32And),
            I16 => self.i32(0xffff).op(Instruction::I32And),
            _ => self,
        }
    }

    /// Pushes a value with its sign in all bits of the Wasm type.
    pub(super) fn signed(&mut self, value: Value) -> Result<&mut Self, Refused> {
        let ty = self.ty(value);
        self.get(value)?;
        Ok(match ty {
            I8 => self.op(Instruction::I32Extend8S),
            I16 => self.op(Instruction::I32Extend16S),
            _ => self,
        })
    }

    /// Pushes whether an integer is not 0.
    pub(super) fn truth(&mut self, value: Value) -> Result<&mut Self, Refused> {
        let ty = self.ty(value);
        self.get(value)?;
        Ok(match ty {
            I64 => self.i64(0).op(Instruction::I64Ne),
            I128 => self.op(Instruction::I64Or).i64(0).op(Instruction::I64Ne),
            _ => self,
        })
    }

    /// Pushes an integer as an `i32`: its lowest 32 bits.
    pub(super) fn low32(&mut self, value: Value) -> Result<&mut Self, Refused> {
        let ty = self.ty(value);
        let first = self.at(value)?;
        self.local(first);
        Ok(if ty.bits() > 32 { self.op(Instruction::I32WrapI64) } else { self })
    }

    /// Traps.
    pub(super) fn trap(&mut self, trap: Trap) -> &mut Self {
        self.i32(number(trap));
        self.op(Instruction::GlobalSet(super::module::TRAP_GLOBAL)).op(Instruction::Unreachable)
    }

    /// Traps by a code of CLIF.
    pub(super) fn trap_code(&mut self, code: ir::TrapCode) -> Result<&mut Self, Refused> {
        let trap = Trap::from_code(code).ok_or_else(|| Refused(format!("trap code {code}")))?;
        Ok(self.trap(trap))
    }

    /// Traps if the `i32` on the stack is not 0.
    pub(super) fn trap_if(&mut self, trap: Trap) -> &mut Self {
        self.op(Instruction::If(BlockType::Empty)).trap(trap).op(Instruction::End)
    }
}

//! Fuel in the program itself: every engine stops it at the same point.
//!
//! A global holds what is left. Each function and each turn of a loop takes one, bulk
//! operations one for each 1024 bytes or elements; at zero the function stops, and so
//! does each of its callers at its next step. So recursion ends, too.
#![forbid(unsafe_code)]

use wasm_encoder::{BlockType, ConstExpr, ExportKind, GlobalType, Instruction, ValType};

use super::parts::Parts;

/// Name of the exported function that sets the fuel to what it was at the start.
pub const REFUEL: &str = "fencepost.refuel";

/// One unit of fuel is good for 2^`BULK_SHIFT` bytes or elements.
const BULK_SHIFT: i32 = 10;

/// The global with the fuel.
#[derive(Clone, Copy)]
pub(super) struct Fuel {
    global: u32,
}

impl Fuel {
    /// Adds the global to a module, and the export [`REFUEL`].
    pub(super) fn add(parts: &mut Parts<'_>, amount: u32) -> Self {
        let ty = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
        let amount = amount.cast_signed();
        let fuel = Self { global: parts.add_global(ty, &ConstExpr::i32_const(amount)) };
        let body = [Instruction::I32Const(amount), Instruction::GlobalSet(fuel.global)];
        let refuel = parts.add_function(&[], &[], &body);
        parts.export(REFUEL, ExportKind::Func, refuel);
        fuel
    }

    /// Takes one, or does `stop`.
    pub(super) fn step(self, stop: &[Instruction<'static>]) -> Vec<Instruction<'static>> {
        let empty = [Instruction::GlobalGet(self.global), Instruction::I32Eqz];
        self.take(&empty, stop, &[Instruction::I32Const(1)])
    }

    /// Takes what a bulk operation costs whose length is on the stack, and leaves that
    /// there, or does `stop`; `scratch` is an `i32`, as the length is.
    pub(super) fn bulk(
        self,
        scratch: u32,
        stop: &[Instruction<'static>],
    ) -> Vec<Instruction<'static>> {
        let shift = [Instruction::I32Const(BULK_SHIFT), Instruction::I32ShrU];
        self.length(scratch, stop, &shift)
    }

    /// As [`Fuel::bulk`], where both are `i64`. A cost of more than 32 bits is cut: no
    /// operation of that length succeeds.
    pub(super) fn bulk_64(
        self,
        scratch: u32,
        stop: &[Instruction<'static>],
    ) -> Vec<Instruction<'static>> {
        let shift = Instruction::I64Const(BULK_SHIFT.into());
        self.length(scratch, stop, &[shift, Instruction::I64ShrU, Instruction::I32WrapI64])
    }

    fn length(
        self,
        scratch: u32,
        stop: &[Instruction<'static>],
        shift: &[Instruction<'static>],
    ) -> Vec<Instruction<'static>> {
        let cost = [&[Instruction::LocalGet(scratch)], shift].concat();
        let empty =
            [&[Instruction::GlobalGet(self.global)], &cost[..], &[Instruction::I32LtU]].concat();
        [vec![Instruction::LocalTee(scratch)], self.take(&empty, stop, &cost)].concat()
    }

    fn take(
        self,
        empty: &[Instruction<'static>],
        stop: &[Instruction<'static>],
        cost: &[Instruction<'static>],
    ) -> Vec<Instruction<'static>> {
        let before = [Instruction::If(BlockType::Empty)];
        let after = [Instruction::End, Instruction::GlobalGet(self.global)];
        let rest = [Instruction::I32Sub, Instruction::GlobalSet(self.global)];
        [empty, &before, stop, &after, cost, &rest].concat()
    }
}

//! Calls, branches, frames and traps.
//!
//! Calls count: each call op takes one of `calls_left`, each `ret` gives one back,
//! and tail calls leave the count alone.
#![forbid(unsafe_code)]

use super::super::machine::{Callee, Flow, Machine, Stop};
use super::super::operand::{NOWHERE, Target, X};
use super::super::policy::{Policy, Selection};
use super::super::registers::SP;

/// First of the registers that frame opcodes save.
const FIRST_SAVED: u8 = 16;

/// What a code index past the end of the table means.
const NOTHING: Callee = Callee { signature: 0, entry: NOWHERE };

macro_rules! branch_on_registers {
    ($( $name:ident: $ty:ty, $op:tt; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, a: X, b: X, to: Target) -> Flow {
            let taken = (self.registers.x64(a) as $ty) $op (self.registers.x64(b) as $ty);
            self.branch(taken, to)
        }
    )* };
}

macro_rules! branch_on_immediate {
    ($( $name:ident: $imm:ty as $ty:ty, $op:tt; )*) => { $(
        #[inline(always)]
        pub(in super::super) fn $name(&mut self, a: X, b: $imm, to: Target) -> Flow {
            let taken = (self.registers.x64(a) as $ty) $op (b as $ty);
            self.branch(taken, to)
        }
    )* };
}

impl<P: Policy> Machine<'_, P> {
    #[inline(always)]
    fn branch(&mut self, taken: bool, to: Target) -> Flow {
        if taken {
            self.state.pc = to.0;
        }
        Ok(())
    }

    #[inline(always)]
    fn enter(&mut self, to: u32) -> Flow {
        self.policy.calls(self.state.pc);
        self.state.lr = self.state.pc;
        self.state.pc = to;
        self.state.calls_left = self.state.calls_left.checked_sub(1).ok_or(Stop::Depth)?;
        Ok(())
    }

    /// Where a code index leads, if it has the signature that the call site expects.
    #[inline(always)]
    fn callee(&mut self, index: X, signature: u32) -> Result<u32, Stop> {
        self.state.indirect_calls += 1;
        let index = self.registers.x32(index);
        let callee = self.callees.get(index as usize).copied().unwrap_or(NOTHING);
        let op = self.state.pc.wrapping_sub(1);
        let selection = Selection { index, expected: signature, actual: callee.signature };
        if !self.policy.selects(op, selection) {
            return Err(Stop::BadCodeReference);
        }
        self.policy.enters(op, selection);
        Ok(callee.entry)
    }

    #[inline(always)]
    pub(in super::super) fn nop(&mut self) -> Flow {
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn ret(&mut self) -> Flow {
        self.policy.returns(self.state.pc.wrapping_sub(1), self.state.lr);
        self.state.pc = self.state.lr;
        self.state.calls_left = self.state.calls_left.wrapping_add(1);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn call(&mut self, to: Target) -> Flow {
        self.enter(to.0)
    }

    #[inline(always)]
    fn call_with<const N: usize>(&mut self, arguments: [X; N], to: Target) -> Flow {
        let values = arguments.map(|register| self.registers.x64(register));
        for (position, value) in values.into_iter().enumerate() {
            self.registers.set_x64(X(position as u8), value);
        }
        self.enter(to.0)
    }

    #[inline(always)]
    pub(in super::super) fn call1(&mut self, a: X, to: Target) -> Flow {
        self.call_with([a], to)
    }

    #[inline(always)]
    pub(in super::super) fn call2(&mut self, a: X, b: X, to: Target) -> Flow {
        self.call_with([a, b], to)
    }

    #[inline(always)]
    pub(in super::super) fn call3(&mut self, a: X, b: X, c: X, to: Target) -> Flow {
        self.call_with([a, b, c], to)
    }

    #[inline(always)]
    pub(in super::super) fn call4(&mut self, a: X, b: X, c: X, d: X, to: Target) -> Flow {
        self.call_with([a, b, c, d], to)
    }

    #[inline(always)]
    pub(in super::super) fn call_code(&mut self, index: X, signature: u32) -> Flow {
        let entry = self.callee(index, signature)?;
        self.enter(entry)
    }

    #[inline(always)]
    pub(in super::super) fn jump_code(&mut self, index: X, signature: u32) -> Flow {
        self.state.pc = self.callee(index, signature)?;
        Ok(())
    }

    /// Compiled code has [`Machine::call_code`] in its place: without a signature
    /// there is nothing that may be called.
    #[inline(always)]
    pub(in super::super) fn call_indirect(&mut self, _: X) -> Flow {
        Err(Stop::BadCodeReference)
    }

    /// As [`Machine::call_indirect`].
    #[inline(always)]
    pub(in super::super) fn xjump(&mut self, _: X) -> Flow {
        Err(Stop::BadCodeReference)
    }

    /// Calls to the host go through code indices and builtins, never by number.
    #[inline(always)]
    pub(in super::super) fn call_indirect_host(&mut self, _: u8) -> Flow {
        Err(Stop::BadCodeReference)
    }

    #[inline(always)]
    pub(in super::super) fn jump(&mut self, to: Target) -> Flow {
        self.branch(true, to)
    }

    #[inline(always)]
    pub(in super::super) fn br_if32(&mut self, condition: X, to: Target) -> Flow {
        self.branch(self.registers.x32(condition) != 0, to)
    }

    #[inline(always)]
    pub(in super::super) fn br_if_not32(&mut self, condition: X, to: Target) -> Flow {
        self.branch(self.registers.x32(condition) == 0, to)
    }

    /// The table's entries follow as jumps, the default last.
    #[inline(always)]
    pub(in super::super) fn br_table32(&mut self, index: X, entries: u32) -> Flow {
        let index = self.registers.x32(index).min(entries.wrapping_sub(1));
        self.state.pc = self.state.pc.wrapping_add(index);
        Ok(())
    }

    branch_on_registers! {
        br_if_xeq32: u32, ==; br_if_xneq32: u32, !=;
        br_if_xslt32: i32, <; br_if_xslteq32: i32, <=;
        br_if_xult32: u32, <; br_if_xulteq32: u32, <=;
        br_if_xeq64: u64, ==; br_if_xneq64: u64, !=;
        br_if_xslt64: i64, <; br_if_xslteq64: i64, <=;
        br_if_xult64: u64, <; br_if_xulteq64: u64, <=;
    }

    branch_on_immediate! {
        br_if_xeq32_i8: i8 as i32, ==; br_if_xeq32_i32: i32 as i32, ==;
        br_if_xneq32_i8: i8 as i32, !=; br_if_xneq32_i32: i32 as i32, !=;
        br_if_xslt32_i8: i8 as i32, <; br_if_xslt32_i32: i32 as i32, <;
        br_if_xsgt32_i8: i8 as i32, >; br_if_xsgt32_i32: i32 as i32, >;
        br_if_xslteq32_i8: i8 as i32, <=; br_if_xslteq32_i32: i32 as i32, <=;
        br_if_xsgteq32_i8: i8 as i32, >=; br_if_xsgteq32_i32: i32 as i32, >=;
        br_if_xult32_u8: u8 as u32, <; br_if_xult32_u32: u32 as u32, <;
        br_if_xulteq32_u8: u8 as u32, <=; br_if_xulteq32_u32: u32 as u32, <=;
        br_if_xugt32_u8: u8 as u32, >; br_if_xugt32_u32: u32 as u32, >;
        br_if_xugteq32_u8: u8 as u32, >=; br_if_xugteq32_u32: u32 as u32, >=;
        br_if_xeq64_i8: i8 as i64, ==; br_if_xeq64_i32: i32 as i64, ==;
        br_if_xneq64_i8: i8 as i64, !=; br_if_xneq64_i32: i32 as i64, !=;
        br_if_xslt64_i8: i8 as i64, <; br_if_xslt64_i32: i32 as i64, <;
        br_if_xsgt64_i8: i8 as i64, >; br_if_xsgt64_i32: i32 as i64, >;
        br_if_xslteq64_i8: i8 as i64, <=; br_if_xslteq64_i32: i32 as i64, <=;
        br_if_xsgteq64_i8: i8 as i64, >=; br_if_xsgteq64_i32: i32 as i64, >=;
        br_if_xult64_u8: u8 as u64, <; br_if_xult64_u32: u32 as u64, <;
        br_if_xulteq64_u8: u8 as u64, <=; br_if_xulteq64_u32: u32 as u64, <=;
        br_if_xugt64_u8: u8 as u64, >; br_if_xugt64_u32: u32 as u64, >;
        br_if_xugteq64_u8: u8 as u64, >=; br_if_xugteq64_u32: u32 as u64, >=;
    }

    #[inline(always)]
    pub(in super::super) fn trap(&mut self) -> Flow {
        Err(Stop::Trap)
    }

    #[inline(always)]
    pub(in super::super) fn xpcadd(&mut self, dst: X, to: Target) -> Flow {
        self.registers.set_x32(dst, to.0);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xmov_fp(&mut self, dst: X) -> Flow {
        self.registers.set_x32(dst, self.state.fp);
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn xmov_lr(&mut self, dst: X) -> Flow {
        self.registers.set_x32(dst, self.state.lr);
        Ok(())
    }

    /// Saves fp and lr, four bytes each, `above` bytes over a new stack pointer.
    #[inline(always)]
    fn open_frame(&mut self, above: u32) -> Result<u32, Stop> {
        let fp = self.push(above + 8)? + above;
        let saved = u64::from(self.state.fp) | u64::from(self.state.lr) << 32;
        self.stack_write(fp, saved.to_le_bytes())?;
        self.state.fp = fp;
        Ok(fp)
    }

    #[inline(always)]
    pub(in super::super) fn push_frame(&mut self) -> Flow {
        self.open_frame(0).map(drop)
    }

    #[inline(always)]
    pub(in super::super) fn pop_frame(&mut self) -> Flow {
        let saved = u64::from_le_bytes(self.stack_read(self.state.fp)?);
        self.registers.set_x32(SP, self.state.fp.wrapping_add(8));
        self.state.fp = saved as u32;
        self.state.lr = (saved >> 32) as u32;
        Ok(())
    }

    /// Registers go to the top of the frame, the first one highest.
    #[inline(always)]
    pub(in super::super) fn push_frame_save(&mut self, bytes: u16, mut saved: u16) -> Flow {
        let mut place = self.open_frame(bytes.into())?;
        while saved != 0 {
            let register = X(FIRST_SAVED + saved.trailing_zeros() as u8);
            saved &= saved - 1;
            place = place.wrapping_sub(8);
            self.stack_write(place, self.registers.x64(register).to_le_bytes())?;
        }
        Ok(())
    }

    #[inline(always)]
    pub(in super::super) fn pop_frame_restore(&mut self, bytes: u16, mut saved: u16) -> Flow {
        let mut place = self.at_sp(bytes.into());
        while saved != 0 {
            let register = X(FIRST_SAVED + saved.trailing_zeros() as u8);
            saved &= saved - 1;
            place = place.wrapping_sub(8);
            let value = u64::from_le_bytes(self.stack_read(place)?);
            self.registers.set_x64(register, value);
        }
        self.pop_frame()
    }

    #[inline(always)]
    pub(in super::super) fn stack_alloc32(&mut self, bytes: u32) -> Flow {
        self.push(bytes).map(drop)
    }

    #[inline(always)]
    pub(in super::super) fn stack_free32(&mut self, bytes: u32) -> Flow {
        let sp = self.registers.x32(SP).wrapping_add(bytes);
        self.registers.set_x32(SP, sp);
        Ok(())
    }
}

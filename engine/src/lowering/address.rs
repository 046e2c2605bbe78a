//! From an arena offset to a native address.
//!
//! In exact runs the displacement belongs to the offset, as `iadd.i32`, so the effective
//! address is modular like the interpreter's and lies in `[base, base + 4 GiB)`. As
//! shipped it stays on the access, which reaches `base + u32 + i32`.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::immediates::Offset32;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder as _, Value};

use super::{Lowering, LoweringError};
use crate::passes::Mode;

impl Lowering<'_, '_> {
    /// The native address of an access at `address + displacement`; what is left of the
    /// displacement stays on the access.
    pub(super) fn native_address(
        &mut self,
        address: Value,
        displacement: &mut Offset32,
    ) -> Result<Value, LoweringError> {
        let mut offset = self.offset(address)?;
        if self.cx.mode == Mode::Exact && i32::from(*displacement) != 0 {
            // The bits of a negative displacement, as an immediate of 32 bits.
            let constant = i64::from(i32::from(*displacement).cast_unsigned());
            let constant = self.pos.ins().iconst(I32, constant);
            offset = self.pos.ins().iadd(offset, constant);
            *displacement = 0.into();
        }
        let extended = match self.planted_offset(offset) {
            Some(planted) => planted,
            None => self.pos.ins().uextend(I64, offset),
        };
        let base = self.planted_base();
        Ok(self.pos.ins().iadd(base, extended))
    }
}

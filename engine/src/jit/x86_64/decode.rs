//! The meaning of a faulting instruction: what it does to memory, and at which address.

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Formatter, Instruction, InstructionInfoFactory,
    IntelFormatter, OpAccess, OpKind, Register, UsedMemory,
};

use super::frame::{Exception, Fault};
use crate::executor::Access;

/// What one instruction does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jit) struct MemoryOperand {
    /// The effective address.
    pub(in crate::jit) address: u64,
    /// Bytes accessed.
    pub(in crate::jit) width: u32,
    /// Read or write.
    pub(in crate::jit) access: Access,
    /// Whether the address is relative to the stack pointer or frame pointer.
    pub(in crate::jit) on_stack: bool,
}

/// A decoded instruction.
#[derive(Debug)]
pub(in crate::jit) struct Decoded {
    instruction: Instruction,
}

impl Decoded {
    /// Decodes the instruction at the start of `code`, which lies at `pc`.
    pub(in crate::jit) fn new(code: &[u8], pc: u64) -> Decoded {
        let mut decoder = Decoder::with_ip(64, code, pc, DecoderOptions::NONE);
        Decoded { instruction: decoder.decode() }
    }

    /// Length in bytes; 0 if the code is no instruction.
    pub(in crate::jit) fn len(&self) -> usize {
        if self.instruction.is_invalid() { 0 } else { self.instruction.len() }
    }

    /// Whether it transfers control.
    pub(in crate::jit) fn is_branch(&self) -> bool {
        self.instruction.flow_control() != FlowControl::Next
    }

    /// Its text in Intel syntax.
    pub(in crate::jit) fn text(&self) -> String {
        let mut text = String::new();
        IntelFormatter::new().format(&self.instruction, &mut text);
        text
    }

    /// Where a transfer of control leads, if it is not written in the instruction itself; `word`
    /// reads the stack.
    pub(in crate::jit) fn target(
        &self,
        fault: &Fault,
        word: impl FnOnce(u64) -> Option<u64>,
    ) -> Option<u64> {
        match self.instruction.flow_control() {
            FlowControl::Return => word(fault.value(Register::RSP)?),
            FlowControl::IndirectBranch | FlowControl::IndirectCall
                if self.instruction.op0_kind() == OpKind::Register =>
            {
                fault.value(self.instruction.op0_register())
            }
            _ => None,
        }
    }

    /// Its memory operands, with the registers as they were at `fault`.
    pub(in crate::jit) fn memory(&self, fault: &Fault) -> Vec<MemoryOperand> {
        let mut factory = InstructionInfoFactory::new();
        let operands = factory.info(&self.instruction).used_memory();
        operands.iter().filter_map(|operand| memory_operand(operand, fault)).collect()
    }
}

fn memory_operand(operand: &UsedMemory, fault: &Fault) -> Option<MemoryOperand> {
    let access = match operand.access() {
        OpAccess::Read | OpAccess::CondRead => Access::Read,
        OpAccess::None | OpAccess::NoMemAccess => return None,
        _ => Access::Write,
    };
    let address = operand.virtual_address(0, |register, _, _| fault.value(register));
    // Where a segment begins stands in no signal frame; the processor knew.
    let told = matches!(fault.exception, Exception::Page(_)).then_some(fault.address);
    let address = address.or(told)?;
    let base = operand.base();
    let width = u32::try_from(operand.memory_size().size()).unwrap_or(0);
    let on_stack = matches!(base, Register::RSP | Register::RBP);
    Some(MemoryOperand { address, width, access, on_stack })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_addresses_come_from_the_registers() {
        // mov edi, [rcx + 4*rsi - 16]
        let decoded = Decoded::new(&[0x8b, 0x7c, 0xb1, 0xf0], 0x1000);
        let fault = Fault::with_registers(&[("rcx", 0x10_0000), ("rsi", 0xffff_ffff)]);
        let address = 0x10_0000 + 4 * 0xffff_ffff_u64 - 16;
        let expected = MemoryOperand { address, width: 4, access: Access::Read, on_stack: false };
        assert_eq!(decoded.memory(&fault), [expected]);
        assert_eq!((decoded.len(), decoded.is_branch()), (4, false));
    }

    #[test]
    fn a_call_is_a_branch_that_writes_the_stack() {
        // call [rax]
        let decoded = Decoded::new(&[0xff, 0x10], 0x1000);
        let memory = decoded.memory(&Fault::with_registers(&[("rax", 0x2000), ("rsp", 0x9000)]));
        assert!(decoded.is_branch());
        assert!(memory.iter().any(|m| m.address == 0x2000 && m.access == Access::Read));
        assert!(memory.iter().any(|m| m.address == 0x8ff8 && m.on_stack));
    }

    #[test]
    fn a_vector_store_is_16_bytes_wide() {
        // movups [r8], xmm0
        let decoded = Decoded::new(&[0x41, 0x0f, 0x11, 0x00], 0x1000);
        let memory = decoded.memory(&Fault::with_registers(&[("r8", 1 << 40)]));
        let (address, access) = (1 << 40, Access::Write);
        assert_eq!(memory, [MemoryOperand { address, width: 16, access, on_stack: false }]);
    }
}

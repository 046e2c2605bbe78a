//! What each CLIF opcode means to an engine whose addresses are arena offsets.
//!
//! One table without a wildcard: an opcode that Cranelift adds does not compile
//! here until somebody has decided what it is. `passes` and `lowering` both act on
//! this classification, so they cannot disagree.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::Opcode;

/// What an opcode does, as far as memory and control are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A function of its operands, the same on every target.
    Value,
    /// Moves control within the function, or orders memory.
    Control,
    /// Raises a trap, always or by condition.
    Trap,
    /// Leaves the function normally.
    Return,
    /// Reads memory at an address operand.
    Load,
    /// Writes memory at an address operand.
    Store,
    /// Reads or writes memory atomically; the address must be aligned.
    Atomic,
    /// Calls a named function.
    Call,
    /// Calls through a code index.
    CallIndirect,
    /// Calls a named function in place of returning.
    ReturnCall,
    /// Calls through a code index in place of returning.
    ReturnCallIndirect,
    /// Gives the address of a stack slot: the shadow-stack pass removes it.
    StackSlot,
    /// Has a meaning of its own on some targets, or exists only there.
    TargetDependent,
    /// Makes or reveals an address of the host, or reaches state outside the arena.
    HostAddress,
}

/// The class of an opcode.
#[expect(clippy::match_same_arms, reason = "a table, one line an opcode or family")]
pub(crate) fn class(opcode: Opcode) -> Class {
    use Opcode as O;
    match opcode {
        O::Jump | O::Brif | O::BrTable => Class::Control,
        O::Nop | O::Fence | O::SequencePoint => Class::Control,
        O::Trap | O::Trapz | O::Trapnz => Class::Trap,
        O::UaddOverflowTrap => Class::Trap,
        O::Return => Class::Return,

        O::Load => Class::Load,
        O::Uload8 | O::Sload8 | O::Uload16 | O::Sload16 | O::Uload32 | O::Sload32 => Class::Load,
        O::Uload8x8 | O::Sload8x8 | O::Uload16x4 | O::Sload16x4 => Class::Load,
        O::Uload32x2 | O::Sload32x2 => Class::Load,
        O::Store | O::Istore8 | O::Istore16 | O::Istore32 => Class::Store,
        O::AtomicRmw | O::AtomicCas | O::AtomicLoad | O::AtomicStore => Class::Atomic,
        O::StackAddr => Class::StackSlot,

        O::Call | O::TryCall => Class::Call,
        O::CallIndirect | O::TryCallIndirect => Class::CallIndirect,
        O::ReturnCall => Class::ReturnCall,
        O::ReturnCallIndirect => Class::ReturnCallIndirect,

        O::FuncAddr | O::SymbolValue | O::TlsValue => Class::HostAddress,
        O::GetFramePointer | O::GetStackPointer => Class::HostAddress,
        O::GetReturnAddress | O::GetExceptionHandlerAddress => Class::HostAddress,
        O::GetPinnedReg | O::SetPinnedReg => Class::HostAddress,
        O::DynamicStackAddr | O::StackSwitch => Class::HostAddress,

        O::Debugtrap => Class::TargetDependent,
        O::X86Pshufb | O::X86Pmulhrsw | O::X86Pmaddubsw | O::X86Cvtt2dq => Class::TargetDependent,
        O::Blendv | O::ExtractVector => Class::TargetDependent,

        O::Iconst | O::F16const | O::F32const | O::F64const | O::F128const => Class::Value,
        O::Vconst | O::Shuffle | O::Swizzle | O::Splat | O::Insertlane => Class::Value,
        O::Extractlane | O::ScalarToVector => Class::Value,
        O::Select | O::SelectSpectreGuard | O::Bitselect => Class::Value,
        O::VanyTrue | O::VallTrue | O::VhighBits => Class::Value,
        O::Icmp | O::Fcmp => Class::Value,
        O::Smin | O::Umin | O::Smax | O::Umax | O::AvgRound => Class::Value,
        O::UaddSat | O::SaddSat | O::UsubSat | O::SsubSat => Class::Value,
        O::Iadd | O::Isub | O::Ineg | O::Iabs | O::Imul | O::Umulhi | O::Smulhi => Class::Value,
        O::SqmulRoundSat | O::IaddPairwise => Class::Value,
        O::Udiv | O::Sdiv | O::Urem | O::Srem => Class::Value,
        O::SaddOverflowCin | O::UaddOverflowCin | O::UaddOverflow => Class::Value,
        O::SaddOverflow | O::UsubOverflow | O::SsubOverflow => Class::Value,
        O::UmulOverflow | O::SmulOverflow | O::SsubOverflowBin | O::UsubOverflowBin => Class::Value,
        O::Band | O::Bor | O::Bxor | O::Bnot => Class::Value,
        O::Rotl | O::Rotr | O::Ishl | O::Ushr | O::Sshr => Class::Value,
        O::Bitrev | O::Clz | O::Cls | O::Ctz | O::Bswap | O::Popcnt => Class::Value,
        O::Fadd | O::Fsub | O::Fmul | O::Fdiv | O::Sqrt | O::Fma => Class::Value,
        O::Fneg | O::Fabs | O::Fcopysign | O::Fmin | O::Fmax => Class::Value,
        O::Ceil | O::Floor | O::Trunc | O::Nearest => Class::Value,
        O::Bitcast | O::Bmask | O::Ireduce | O::Uextend | O::Sextend => Class::Value,
        O::Snarrow | O::Unarrow | O::Uunarrow => Class::Value,
        O::SwidenLow | O::SwidenHigh | O::UwidenLow | O::UwidenHigh => Class::Value,
        O::Fpromote | O::Fdemote | O::Fvdemote | O::FvpromoteLow => Class::Value,
        O::FcvtToUint | O::FcvtToSint | O::FcvtToUintSat | O::FcvtToSintSat => Class::Value,
        O::FcvtFromUint | O::FcvtFromSint => Class::Value,
        O::Isplit | O::Iconcat => Class::Value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cranelift's own predicates must agree with the table.
    #[test]
    fn memory_and_calls_agree_with_cranelift() {
        for &opcode in Opcode::all() {
            let class = class(opcode);
            let call = matches!(
                class,
                Class::Call | Class::CallIndirect | Class::ReturnCall | Class::ReturnCallIndirect
            );
            assert_eq!(opcode.is_call(), call || opcode == Opcode::StackSwitch, "{opcode}");
            if opcode.can_load() {
                assert!(
                    matches!(
                        class,
                        Class::Load | Class::Atomic | Class::HostAddress | Class::TargetDependent
                    ),
                    "{opcode}"
                );
            }
            if opcode.can_store() {
                assert!(
                    matches!(
                        class,
                        Class::Store | Class::Atomic | Class::HostAddress | Class::TargetDependent
                    ),
                    "{opcode}"
                );
            }
        }
    }
}

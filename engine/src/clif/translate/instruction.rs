//! Instructions by opcode: which part of the translation writes each.
//!
//! A table without a wildcard, like `passes::opcode`: what is refused is named.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::types::I128;
use cranelift_codegen::ir::{Inst, Opcode};

use super::body::Body;
use super::{Refused, atomic, bits, call, convert, float, integer, memory, vector, wide};

/// Writes an instruction that is no branch.
#[expect(clippy::match_same_arms, reason = "a table, one line an opcode or family")]
pub(super) fn translate(body: &mut Body<'_>, inst: Inst) -> Result<(), Refused> {
    use Opcode as O;
    let opcode = body.function.dfg.insts[inst].opcode();
    let ty = type_of(body, inst);
    match opcode {
        O::Nop | O::Fence | O::SequencePoint => Ok(()),
        O::Trap | O::Trapz | O::Trapnz => call::trap(body, inst),
        O::Return => call::leave(body, inst),
        O::Call | O::ReturnCall => call::direct(body, inst),
        O::CallIndirect | O::ReturnCallIndirect => call::indirect(body, inst),
        O::Load | O::Uload8 | O::Sload8 | O::Uload16 | O::Sload16 | O::Uload32 | O::Sload32 => {
            memory::load(body, inst)
        }
        O::Uload8x8 | O::Sload8x8 | O::Uload16x4 | O::Sload16x4 => memory::load(body, inst),
        O::Uload32x2 | O::Sload32x2 => memory::load(body, inst),
        O::Store | O::Istore8 | O::Istore16 | O::Istore32 => memory::store(body, inst),
        O::AtomicLoad | O::AtomicStore | O::AtomicRmw | O::AtomicCas => atomic::access(body, inst),
        O::Iconst => integer::constant(body, inst),
        O::F32const | O::F64const => float::constant(body, inst),
        O::Vconst => vector::constant(body, inst),
        O::Select | O::SelectSpectreGuard => convert::select(body, inst),
        O::Bitcast => convert::bitcast(body, inst),
        O::Iconcat | O::Isplit => wide::halves(body, inst),
        O::Uextend | O::Sextend | O::Ireduce => convert::width(body, inst),
        O::Bmask => convert::bmask(body, inst),
        O::FcvtFromUint | O::FcvtFromSint | O::FcvtToUint | O::FcvtToSint => {
            convert::number(body, inst)
        }
        O::FcvtToUintSat | O::FcvtToSintSat => convert::number(body, inst),
        O::Fpromote | O::Fdemote | O::Fvdemote | O::FvpromoteLow => convert::number(body, inst),
        O::Fcmp => float::compare(body, inst),
        O::Fadd | O::Fsub | O::Fmul | O::Fdiv | O::Fmin | O::Fmax | O::Fcopysign | O::Sqrt => {
            float::arithmetic(body, inst)
        }
        O::Fneg | O::Fabs | O::Ceil | O::Floor | O::Trunc | O::Nearest => {
            float::arithmetic(body, inst)
        }
        O::Splat | O::Insertlane | O::Extractlane | O::ScalarToVector => vector::lane(body, inst),
        O::Shuffle | O::Swizzle | O::VanyTrue | O::VallTrue | O::VhighBits => {
            vector::whole(body, inst)
        }
        O::AvgRound | O::UaddSat | O::SaddSat | O::UsubSat | O::SsubSat => {
            vector::lanes(body, inst)
        }
        O::SqmulRoundSat | O::Snarrow | O::Unarrow => vector::lanes(body, inst),
        O::SwidenLow | O::SwidenHigh | O::UwidenLow | O::UwidenHigh => vector::lanes(body, inst),
        O::IaddPairwise => vector::pairwise(body, inst),
        O::Icmp if ty.is_vector() => vector::compare(body, inst),
        O::Icmp if ty == I128 => wide::compare(body, inst),
        O::Icmp => integer::compare(body, inst),
        O::Smin | O::Umin | O::Smax | O::Umax if !ty.is_vector() => integer::extreme(body, inst),
        O::Bitrev | O::Bswap | O::Clz | O::Cls | O::Ctz | O::Popcnt if !ty.is_vector() => {
            bits::translate(body, inst)
        }
        O::Umulhi | O::Smulhi => integer::high_product(body, inst),
        O::Udiv | O::Sdiv | O::Urem | O::Srem => integer::divide(body, inst),
        O::UaddOverflow | O::SaddOverflow | O::UsubOverflow | O::SsubOverflow => {
            integer::overflow(body, inst)
        }
        O::UaddOverflowTrap => integer::add_or_trap(body, inst),
        O::Smin | O::Umin | O::Smax | O::Umax | O::Popcnt => vector::lanes(body, inst),
        O::Iadd
        | O::Isub
        | O::Imul
        | O::Ineg
        | O::Iabs
        | O::Band
        | O::Bor
        | O::Bxor
        | O::Bnot
        | O::Bitselect
        | O::Rotl
        | O::Rotr
        | O::Ishl
        | O::Ushr
        | O::Sshr => {
            if ty.is_vector() {
                vector::lanes(body, inst)
            } else if ty == I128 {
                wide::arithmetic(body, inst)
            } else if ty.is_int() {
                integer::arithmetic(body, inst)
            } else {
                Err(refused(body, inst))
            }
        }
        O::Clz | O::Cls | O::Ctz | O::Bswap | O::Bitrev => Err(refused(body, inst)),
        O::Jump | O::Brif | O::BrTable => unreachable!("`structure` writes branches"),
        O::Uunarrow | O::Fma | O::F16const | O::F128const => Err(refused(body, inst)),
        O::SaddOverflowCin | O::UaddOverflowCin => Err(refused(body, inst)),
        O::SsubOverflowBin | O::UsubOverflowBin => Err(refused(body, inst)),
        O::UmulOverflow | O::SmulOverflow => Err(refused(body, inst)),
        O::TryCall | O::TryCallIndirect | O::GetExceptionHandlerAddress => Err(refused(body, inst)),
        O::StackAddr | O::DynamicStackAddr | O::StackSwitch => Err(refused(body, inst)),
        O::FuncAddr | O::SymbolValue | O::TlsValue => Err(refused(body, inst)),
        O::GetFramePointer | O::GetStackPointer | O::GetReturnAddress => Err(refused(body, inst)),
        O::GetPinnedReg | O::SetPinnedReg | O::Debugtrap => Err(refused(body, inst)),
        O::X86Pshufb | O::X86Pmulhrsw | O::X86Pmaddubsw | O::X86Cvtt2dq => Err(refused(body, inst)),
        O::Blendv | O::ExtractVector => Err(refused(body, inst)),
    }
}

/// The type that says which instruction it is: that of the first operand, or of the
/// result.
fn type_of(body: &Body<'_>, inst: Inst) -> cranelift_codegen::ir::Type {
    let dfg = &body.function.dfg;
    let first = dfg.inst_args(inst).first().or_else(|| dfg.inst_results(inst).first());
    first.map_or(cranelift_codegen::ir::types::INVALID, |&value| dfg.value_type(value))
}

/// The refusal of an instruction.
pub(super) fn refused(body: &Body<'_>, inst: Inst) -> Refused {
    let opcode = body.function.dfg.insts[inst].opcode();
    Refused(format!("{opcode}.{}", type_of(body, inst)))
}

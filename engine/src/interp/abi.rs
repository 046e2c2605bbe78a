//! Pulley's calling convention: all that the interpreter knows of it.
//!
//! Integers go to x0 to x14, floats to f0 to f15, vectors to v0 to v15, in order and
//! each kind on its own; what is left goes to the stack, 8 bytes each and 16 aligned
//! ones for a vector, from the callee's stack pointer up, padded to 16 bytes in all.
//! An `i128` is two integers. Results use the same registers, and none may be left
//! over: at most 15 integers, 16 floats and 16 vectors. With the `tail` convention the
//! callee frees the stack arguments, else the caller does.
//!
//! A [`Frame`] says this for one signature, and moves values in and out: from the
//! host on entry, to the host when guest code calls a builtin or a host function.
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "values are cut to their type's width")]

use cranelift_codegen::ir::{self, ArgumentExtension, ArgumentPurpose, types};
use cranelift_codegen::isa::CallConv;

use super::operand::V;
use super::registers::{FLOATS, Registers};
use crate::executor::{LoadError, Slot};

/// Integer registers that hold arguments or results.
const INTEGERS: u8 = 15;
/// Float registers that hold arguments or results.
const FLOAT_ARGUMENTS: u8 = 16;
/// Vector registers that hold arguments or results.
const VECTOR_ARGUMENTS: u8 = 16;
const STACK_SLOT: u32 = 8;
const STACK_ALIGNMENT: u32 = 16;

/// Where one machine word of a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Position in the register file.
    Register(u8),
    /// Half of a vector register, 0 for the low one.
    Half(V, usize),
    /// Byte offset from the callee's stack pointer.
    Stack(u32),
}

/// Where a value lies, and how it is widened to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    /// Its width, of which 64 bits at most lie in `low`.
    bits: u32,
    sign_extended: bool,
    low: Place,
    high: Option<Place>,
}

/// Where the arguments and results of one signature lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    parameters: Vec<Value>,
    results: Vec<Value>,
    /// Bytes of stack arguments.
    pub stack_bytes: u32,
    /// Whether the callee frees them.
    pub callee_pops: bool,
}

impl Frame {
    /// The frame of a signature, unless it passes what the interpreter cannot.
    pub(super) fn of(signature: &ir::Signature) -> Result<Frame, LoadError> {
        let mut parameters = Places::default();
        let mut results = Places::default();
        let parameter_values = parameters.values(&signature.params)?;
        let result_values = results.values(&signature.returns)?;
        if results.stack_bytes > 0 {
            let what = "a signature with results that do not fit into registers";
            return Err(LoadError::Unsupported(what.to_owned()));
        }
        Ok(Frame {
            parameters: parameter_values,
            results: result_values,
            stack_bytes: parameters.stack_bytes.next_multiple_of(STACK_ALIGNMENT),
            callee_pops: signature.call_conv == CallConv::Tail,
        })
    }

    /// Number of arguments.
    pub(super) fn arguments(&self) -> usize {
        self.parameters.len()
    }

    /// Number of results.
    pub(super) fn results(&self) -> usize {
        self.results.len()
    }

    /// Puts arguments where a callee expects them; `stack` begins at its stack pointer.
    pub(super) fn write_arguments(
        &self,
        registers: &mut Registers,
        stack: &mut [u8],
        arguments: &[Slot],
    ) {
        for (value, &slot) in self.parameters.iter().zip(arguments) {
            value.write(registers, stack, slot);
        }
    }

    /// Appends the arguments that a caller left; `stack` begins at its stack pointer.
    pub(super) fn read_arguments(
        &self,
        registers: &Registers,
        stack: &[u8],
        arguments: &mut Vec<Slot>,
    ) {
        arguments.extend(self.parameters.iter().map(|value| value.read(registers, stack)));
    }

    /// Puts results where a caller expects them.
    pub(super) fn write_results(&self, registers: &mut Registers, results: &[Slot]) {
        for (value, &slot) in self.results.iter().zip(results) {
            value.write(registers, &mut [], slot);
        }
    }

    /// The results that a callee left.
    pub(super) fn read_results(&self, registers: &Registers) -> Vec<Slot> {
        self.results.iter().map(|value| value.read(registers, &[])).collect()
    }
}

/// Hands out places in order.
#[derive(Default)]
struct Places {
    integers: u8,
    floats: u8,
    vectors: u8,
    stack_bytes: u32,
}

impl Places {
    fn values(&mut self, parameters: &[ir::AbiParam]) -> Result<Vec<Value>, LoadError> {
        parameters.iter().map(|parameter| self.value(parameter)).collect()
    }

    fn value(&mut self, parameter: &ir::AbiParam) -> Result<Value, LoadError> {
        let ty = parameter.value_type;
        if let ArgumentPurpose::StructArgument(_) = parameter.purpose {
            return Err(LoadError::Unsupported("an argument passed as a structure".to_owned()));
        }
        let (low, high) = match ty {
            types::I8 | types::I16 | types::I32 | types::I64 => (self.integer(), None),
            types::I128 => (self.integer(), Some(self.integer())),
            types::F32 | types::F64 => (self.float(), None),
            _ if ty.is_vector() && ty.bits() == 128 => self.vector(),
            _ => return Err(LoadError::Unsupported(format!("an argument or result of type {ty}"))),
        };
        let sign_extended = parameter.extension == ArgumentExtension::Sext;
        Ok(Value { bits: ty.bits(), sign_extended, low, high })
    }

    fn integer(&mut self) -> Place {
        if self.integers == INTEGERS {
            return self.on_stack();
        }
        self.integers += 1;
        Place::Register(self.integers - 1)
    }

    fn float(&mut self) -> Place {
        if self.floats == FLOAT_ARGUMENTS {
            return self.on_stack();
        }
        self.floats += 1;
        Place::Register(FLOATS + self.floats - 1)
    }

    fn vector(&mut self) -> (Place, Option<Place>) {
        if self.vectors == VECTOR_ARGUMENTS {
            self.stack_bytes = self.stack_bytes.next_multiple_of(2 * STACK_SLOT);
            return (self.on_stack(), Some(self.on_stack()));
        }
        let register = V(self.vectors);
        self.vectors += 1;
        (Place::Half(register, 0), Some(Place::Half(register, 1)))
    }

    fn on_stack(&mut self) -> Place {
        self.stack_bytes += STACK_SLOT;
        Place::Stack(self.stack_bytes - STACK_SLOT)
    }
}

impl Value {
    fn write(&self, registers: &mut Registers, stack: &mut [u8], slot: Slot) {
        let unused = 64 - self.bits.min(64);
        let low = (slot as u64) << unused;
        let low = if self.sign_extended {
            (low.cast_signed() >> unused).cast_unsigned()
        } else {
            low >> unused
        };
        self.low.write(registers, stack, low);
        if let Some(high) = self.high {
            high.write(registers, stack, (slot >> 64) as u64);
        }
    }

    fn read(&self, registers: &Registers, stack: &[u8]) -> Slot {
        let unused = 64 - self.bits.min(64);
        let low = self.low.read(registers, stack) << unused >> unused;
        let high = self.high.map_or(0, |high| high.read(registers, stack));
        Slot::from(low) | Slot::from(high) << 64
    }
}

impl Place {
    /// Out of a stack's range nothing happens: only guest code with a broken stack
    /// pointer gets there, and it can only harm itself.
    fn write(self, registers: &mut Registers, stack: &mut [u8], word: u64) {
        match self {
            Place::Register(position) => registers.set(position, word),
            Place::Half(register, half) => {
                let mut halves = registers.lanes::<u64>(register);
                halves[half] = word;
                registers.set_lanes::<u64>(register, halves);
            }
            Place::Stack(offset) => {
                let place = stack.get_mut(offset as usize..).and_then(|s| s.first_chunk_mut());
                if let Some(place) = place {
                    *place = word.to_le_bytes();
                }
            }
        }
    }

    fn read(self, registers: &Registers, stack: &[u8]) -> u64 {
        match self {
            Place::Register(position) => registers.get(position),
            Place::Half(register, half) => registers.lanes::<u64>(register)[half],
            Place::Stack(offset) => {
                let place = stack.get(offset as usize..).and_then(|s| s.first_chunk());
                place.map_or(0, |bytes| u64::from_le_bytes(*bytes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(params: &[ir::Type], returns: &[ir::Type]) -> ir::Signature {
        let mut signature = ir::Signature::new(CallConv::Tail);
        signature.params.extend(params.iter().copied().map(ir::AbiParam::new));
        signature.returns.extend(returns.iter().copied().map(ir::AbiParam::new));
        signature
    }

    #[test]
    fn arguments_survive_the_way_through_registers_and_stack() {
        let mut params = vec![types::I128; 8];
        params.extend([types::F32; 17]);
        params.extend([types::I8X16; 17]);
        params.extend([types::I8, types::I32X4, types::F64, types::I64]);
        let frame = Frame::of(&signature(&params, &[])).expect("types that can be passed");
        let bits = |ty: &ir::Type| u128::MAX >> (128 - ty.bits());
        let sent: Vec<Slot> = (3u128..)
            .zip(&params)
            .map(|(n, ty)| n.wrapping_mul(0x0123_4567_89ab_cdef_0011_2233_4455_6677) & bits(ty))
            .collect();
        let (mut registers, mut stack, mut received) = Default::default();
        let _: (&Registers, &Vec<u8>, &Vec<Slot>) = (&registers, &stack, &received);
        stack.resize(frame.stack_bytes as usize, 0xaa);
        frame.write_arguments(&mut registers, &mut stack, &sent);
        frame.read_arguments(&registers, &stack, &mut received);
        assert_eq!(received, sent);
        assert_eq!(frame.stack_bytes, 80, "2 words; a vector; a word and a gap; a vector; 2 words");
    }

    #[test]
    fn results_beyond_registers_are_unsupported() {
        assert!(Frame::of(&signature(&[], &[types::I32; 15])).is_ok());
        assert!(Frame::of(&signature(&[], &[types::F32; 16])).is_ok());
        assert!(Frame::of(&signature(&[], &[types::I8X16; 16])).is_ok());
        for returns in [vec![types::I32; 16], vec![types::F64; 17], vec![types::I8X16; 17]] {
            assert!(matches!(Frame::of(&signature(&[], &returns)), Err(LoadError::Unsupported(_))));
        }
    }
}

//! The instruction set, generated from Pulley's own opcode tables.
//!
//! Three lists of opcodes, Pulley's two and our own, become: the flat enum
//! [`Instruction`], the decoder that makes it from bytecode, and [`execute`], the
//! one `match` that calls a method of [`Machine`] for each opcode. The methods are
//! grouped by family in `ops`; an opcode without one does not compile.
//!
//! Our own opcodes replace some of Pulley's: those that reach the machine stack, so
//! that no arena access has to test for it, and the jumps through a code index,
//! which carry the signature that the call site expects.
#![forbid(unsafe_code)]

use pulley_interpreter::decode::{
    BytecodeStream, Decoder, DecodingError, ExtendedOpVisitor, OpVisitor, SafeBytecodeStream,
};
use pulley_interpreter::regs::BinaryOperands;
use pulley_interpreter::{
    AddrG32, AddrG32Bne, AddrO32, AddrZ, FReg, PcRelOffset, U6, UpperRegSet, VReg, XReg,
    for_each_extended_op, for_each_op,
};

use super::machine::{Flow, Machine};
use super::operand::{Compact, Constant, Operand, Seen, V, X};
use super::policy::Policy;

/// Calls a macro with our own opcodes, in the notation of Pulley's tables. The
/// `u8` register of a stack access is the position of a 64-bit one in the file.
macro_rules! for_each_own_op {
    ($macro:ident) => {
        $macro! {
            call_code = CallCode { index: X, signature: u32 };
            jump_code = JumpCode { index: X, signature: u32 };
            stack_load8 = StackLoad8 { register: u8, displacement: i32 };
            stack_load16 = StackLoad16 { register: u8, displacement: i32 };
            stack_load16_s = StackLoad16S { register: u8, displacement: i32 };
            stack_load32 = StackLoad32 { register: u8, displacement: i32 };
            stack_load64 = StackLoad64 { register: u8, displacement: i32 };
            stack_store8 = StackStore8 { register: u8, displacement: i32 };
            stack_store16 = StackStore16 { register: u8, displacement: i32 };
            stack_store32 = StackStore32 { register: u8, displacement: i32 };
            stack_store64 = StackStore64 { register: u8, displacement: i32 };
            stack_load128 = StackLoad128 { register: V, displacement: i32 };
            stack_store128 = StackStore128 { register: V, displacement: i32 };
        }
    };
}

/// Generates what needs all opcodes at once.
macro_rules! define_instructions {
    ( $( $( #[$attr:meta] )* $method:ident = $variant:ident
         $( { $( $field:ident : $ty:ty ),* $(,)? } )? ; )* ) => {
        /// One pre-decoded instruction.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Instruction {
            $( $variant $( { $( $field: <$ty as Operand>::Compact ),* } )?, )*
        }

        impl Instruction {
            /// The opcode's name in Pulley's assembly.
            pub(super) fn name(&self) -> &'static str {
                match self { $( Instruction::$variant { .. } => stringify!($method), )* }
            }

            /// Maps the branch target, if there is one.
            pub(super) fn retarget(&mut self, map: &impl Fn(u32) -> u32) {
                match self {
                    $( Instruction::$variant $( { $( $field ),* } )? => {
                        $( $( $field.retarget(map); )* )?
                    } )*
                }
            }

            /// One of each opcode, its operands made from consecutive words.
            #[cfg(test)]
            pub(super) fn all(word: &mut impl FnMut() -> u64) -> Vec<Instruction> {
                vec![ $( Instruction::$variant $( { $( $field:
                    super::tests::Arbitrary::arbitrary(word) ),* } )?, )* ]
            }
        }

        /// Executes one instruction.
        #[inline(always)]
        pub(super) fn execute<P: Policy>(
            machine: &mut Machine<'_, P>,
            instruction: &Instruction,
        ) -> Flow {
            match instruction {
                $( Instruction::$variant $( { $( $field ),* } )? =>
                    machine.$method($( $( *$field ),* )?), )*
            }
        }
    };
}

/// The three lists reach `define_instructions` through macros that carry the lists
/// before them: a table macro can only pass its tokens on.
macro_rules! with_pulley_ops {
    ($($ops:tt)*) => { define_second_step! { [$] $($ops)* } };
}

macro_rules! define_second_step {
    ([$d:tt] $($ops:tt)*) => {
        macro_rules! with_extended_ops {
            ($d($d extended:tt)*) => { define_third_step! { [$d] $($ops)* $d($d extended)* } };
        }
    };
}

macro_rules! define_third_step {
    ([$d:tt] $($ops:tt)*) => {
        macro_rules! with_own_ops {
            ($d($d own:tt)*) => { define_instructions! { $($ops)* $d($d own)* } };
        }
    };
}

for_each_op!(with_pulley_ops);
for_each_extended_op!(with_extended_ops);
for_each_own_op!(with_own_ops);

impl Instruction {
    /// The vector constant, if there is one.
    pub(super) fn constant(&mut self) -> Option<&mut Constant> {
        match self {
            Instruction::Vconst128 { imm, .. } => Some(imm),
            Instruction::VShuffle { mask, .. } => Some(mask),
            _ => None,
        }
    }
}

/// Decodes the bytecode of one function, an instruction at a time.
pub(super) struct Reader<'a> {
    stream: SafeBytecodeStream<'a>,
    /// What the operands of the current instruction told.
    pub seen: Seen,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytecode: &'a [u8]) -> Reader<'a> {
        Reader { stream: SafeBytecodeStream::new(bytecode), seen: Seen::default() }
    }

    /// Byte offset of the next instruction; `None` at the end.
    pub(super) fn position(&self) -> Option<u32> {
        let position = u32::try_from(self.stream.position()).ok()?;
        (!self.stream.as_slice().is_empty()).then_some(position)
    }

    /// Decodes the next instruction.
    pub(super) fn instruction(&mut self) -> Result<Instruction, DecodingError> {
        self.seen = Seen { start: self.position().unwrap_or(0), ..Seen::default() };
        Decoder::new().decode_one(self)
    }

    /// Reads an entry of a branch table, which counts from its own position.
    pub(super) fn table_entry(&mut self) -> Result<PcRelOffset, DecodingError> {
        self.seen = Seen { start: self.position().unwrap_or(0), ..Seen::default() };
        Ok(i32::from_le_bytes(self.stream.read()?).into())
    }
}

macro_rules! define_visits {
    ( $( $( #[$attr:meta] )* $method:ident = $variant:ident
         $( { $( $field:ident : $ty:ty ),* $(,)? } )? ; )* ) => {
        $( fn $method(&mut self $( $( , $field: $ty )* )? ) -> Instruction {
            Instruction::$variant $( { $( $field: $field.compact(&mut self.seen) ),* } )?
        } )*
    };
}

impl<'a> OpVisitor for Reader<'a> {
    type BytecodeStream = SafeBytecodeStream<'a>;
    type Return = Instruction;

    fn bytecode(&mut self) -> &mut SafeBytecodeStream<'a> {
        &mut self.stream
    }

    for_each_op!(define_visits);
}

impl ExtendedOpVisitor for Reader<'_> {
    for_each_extended_op!(define_visits);
}

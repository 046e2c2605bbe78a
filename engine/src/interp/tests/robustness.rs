//! Whatever the registers, the arena and even the code hold: no panic.

use super::super::instruction::Instruction;
use super::super::machine::{Machine, Stop, run};
use super::super::operand::Seen;
use super::super::operand::{
    Binary, Constant, F, G32, G32Bne, Imm64, O32, Operand, Target, V, X, Z,
};
use super::super::policy::Policy;
use super::*;

/// An operand made from a random word.
pub(in super::super) trait Arbitrary {
    fn arbitrary(word: &mut impl FnMut() -> u64) -> Self;
}

macro_rules! from_word {
    ($($ty:ty: |$word:ident| $value:expr;)*) => { $(
        impl Arbitrary for $ty {
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap,
                reason = "any bits will do")]
            fn arbitrary($word: &mut impl FnMut() -> u64) -> $ty { $value }
        }
    )* };
}

from_word! {
    i8: |word| word() as i8;
    u8: |word| word() as u8;
    i16: |word| word() as i16;
    u16: |word| word() as u16;
    i32: |word| word() as i32 >> (word() % 32);
    u32: |word| word() as u32 >> (word() % 32);
    Imm64: |word| word().compact(&mut Seen::default());
    X: |word| X(word() as u8 % 32);
    F: |word| F(word() as u8 % 32);
    V: |word| V(word() as u8 % 32);
    Constant: |word| Constant((word() % 16 / 5) as u32);
    Target: |word| Target((word() % 700) as u32);
    O32: |word| O32 { base: X::arbitrary(word), displacement: i32::arbitrary(word) };
    Z: |word| Z { base: X::arbitrary(word), displacement: i32::arbitrary(word) };
    G32: |word| G32 {
        base: X::arbitrary(word), bound: X::arbitrary(word), index: X::arbitrary(word),
        displacement: u16::arbitrary(word),
    };
    G32Bne: |word| G32Bne {
        base: X::arbitrary(word), bound_base: X::arbitrary(word), index: X::arbitrary(word),
        bound_displacement: u8::arbitrary(word), displacement: u8::arbitrary(word),
    };
}

impl<D: Arbitrary, A: Arbitrary, B: Arbitrary> Arbitrary for Binary<D, A, B> {
    fn arbitrary(word: &mut impl FnMut() -> u64) -> Binary<D, A, B> {
        Binary { dst: D::arbitrary(word), a: A::arbitrary(word), b: B::arbitrary(word) }
    }
}

/// xorshift64*, seeded: the same words on every machine.
fn words(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

const ARENA: usize = 4096;
const STACK: usize = 1024;

/// Executes `code` from random state, and says how that ended.
fn run_once<P: Policy>(
    code: &[Instruction],
    word: &mut impl FnMut() -> u64,
    policy: &mut P,
    fuel: u64,
) -> Stop {
    let edges = [0, 1, 0xffff, 0x1_0000, 0x1_0ff8, 0x1_1000, 0x7fff_ffff, 0x8000_0000, u64::MAX];
    let mut registers = Registers::default();
    for position in 0..64 {
        let value = match word() % 4 {
            0 => edges[(word() % 9) as usize],
            1 => word(),
            2 => 0x1_0000 + word() % ARENA as u64,
            _ => word() % STACK as u64,
        };
        registers.set(position, value);
    }
    for register in (0..32).map(V) {
        registers.set_lanes::<u64>(register, [word(), word()]);
    }
    let constants = [u128::from(word()), u128::MAX, 0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0];
    let mut body: Vec<u8> = (0..ARENA).map(|_| u8::arbitrary(word)).collect();
    let mut stack: Vec<u8> = (0..STACK).map(|_| u8::arbitrary(word)).collect();
    let callees = [Callee { signature: 0, entry: 0 }, Callee { signature: 1, entry: 5 }];
    let length = code.len() as u64;
    let state = State {
        pc: if fuel == 1 { 0 } else { u32::try_from(word() % length).expect("small") },
        lr: u32::arbitrary(word),
        fp: u32::arbitrary(word) % 2048,
        fuel,
        calls_left: u32::arbitrary(word),
        ..State::default()
    };
    let machine = Machine {
        state,
        registers: &mut registers,
        body: &mut body,
        stack: &mut stack,
        callees: &callees,
        constants: &constants,
        policy,
    };
    run(code, machine).0
}

#[test]
fn no_opcode_panics_and_each_stops_as_its_family_may() {
    let mut word = words(0x5eed);
    for _ in 0..200 {
        for instruction in Instruction::all(&mut word) {
            let stop = run_once(&[instruction], &mut word, &mut Plain, 1);
            let name = instruction.name();
            let may_lack_constant = name == "vconst128" || name == "vshuffle";
            assert!(stop != Stop::BadConstant || may_lack_constant, "{name}: {stop:?}");
            let is_division = name.contains("div") || name.contains("rem");
            assert!(stop != Stop::DivisionByZero || is_division, "{name}: {stop:?}");
        }
    }
}

#[test]
fn random_code_stops_without_a_panic_under_every_policy() {
    let mut word = words(7);
    let faults = [Faults::new(None), Faults::new(None)];
    let mut ends = [0; 32];
    for round in 0..300_u32 {
        let mut code = Instruction::all(&mut word);
        for position in (1..code.len()).rev() {
            code.swap(position, usize::try_from(word()).expect("64 bits") % (position + 1));
        }
        let stop = match round % 3 {
            0 => run_once(&code, &mut word, &mut Plain, 10_000),
            kind => {
                let mut notes = Notes::default();
                let mut watcher: Watcher = Box::new(|_| false);
                let watcher = Some(&mut watcher);
                let callers = Vec::new();
                let notes = &mut notes;
                let monitor = Monitor { origins: &[], watcher, intruder: None, notes, callers };
                if kind == 1 {
                    run_once(&code, &mut word, &mut Checked { monitor }, 10_000)
                } else {
                    let fault = Fault::ALL[round as usize % Fault::ALL.len()];
                    let mut policy = Faulty::new(fault, &faults[0], &[], monitor);
                    run_once(&code, &mut word, &mut policy, 10_000)
                }
            }
        };
        ends[stop as usize] += 1;
    }
    let kinds = ends.iter().filter(|&&count| count > 0).count();
    assert!(kinds >= 5, "the runs end in different ways: {ends:?}");
}

#[test]
fn an_instruction_takes_12_bytes() {
    assert_eq!(size_of::<Instruction>(), 12);
}

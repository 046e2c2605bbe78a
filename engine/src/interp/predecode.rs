//! Bytecode to instructions: decoded once, at load time, so that the loop does not.
//!
//! All functions of a program go into one [`Fragment`], which is appended to the code
//! when the whole program is there. Branch targets become op indices in two steps:
//! those inside a function when its last op is known, calls at the end.
#![forbid(unsafe_code)]

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::{CompiledCode, FinalizedMachReloc, FinalizedRelocTarget, MachSrcLoc};

use super::calls::{Calls, Named};
use super::code::Origin;
use super::instruction::{Instruction, Reader};
use super::operand::{Constant, NOWHERE, O32, Seen, X};
use super::registers::FLOATS;
use crate::executor::LoadError;
use crate::program::FuncId;
use crate::site::SiteId;
use crate::trap::Trap;
use crate::unwind::{CallSite, Handlers};

/// Most instructions of all programs together: op indices above are [`NOWHERE`], or
/// mean gateways.
const MAX_CODE: u32 = NOWHERE;

/// Where the code of a program begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// Load order of the program, from 0.
    pub program: u32,
    /// Op index of the first instruction.
    pub base: u32,
    /// Position of the first constant in the pool.
    pub pooled: u32,
}

/// The instructions of one program.
#[derive(Clone)]
pub(super) struct Fragment {
    start: Start,
    pub instructions: Vec<Instruction>,
    pub origins: Vec<Origin>,
    /// Op index of each function's first instruction.
    pub entries: Vec<u32>,
    /// The vector constants, in the order of the instructions that have them.
    pub constants: Vec<u128>,
    /// Calls with handlers, by the op index that each returns to.
    pub handlers: Vec<(u32, CallSite)>,
    /// Direct calls: positions in `instructions`, and whom they call.
    calls: Vec<(usize, Named)>,
    /// Scratch: for each byte of a function, the op index of what begins there.
    boundaries: Vec<u32>,
}

impl Fragment {
    /// The code of a program without functions yet.
    pub(super) fn new(start: Start) -> Fragment {
        Fragment {
            start,
            instructions: Vec::new(),
            origins: Vec::new(),
            entries: Vec::new(),
            constants: Vec::new(),
            handlers: Vec::new(),
            calls: Vec::new(),
            boundaries: Vec::new(),
        }
    }

    /// Appends the next function.
    pub(super) fn push(&mut self, compiled: &CompiledCode, calls: &Calls) -> Result<(), LoadError> {
        let entry = self.next()?;
        let function = FuncId(count(self.entries.len())?);
        let first = self.instructions.len();
        let bytecode = compiled.buffer.data();
        self.entries.push(entry);
        self.boundaries.clear();
        self.boundaries.resize(bytecode.len() + 1, NOWHERE);
        let mut reader = Reader::new(bytecode);
        let mut notes = Notes::of(compiled)?;
        while let Some(start) = reader.position() {
            self.boundaries[start as usize] = self.next()?;
            let instruction = reader.instruction().map_err(undecodable)?;
            let end = reader.position().unwrap_or(count(bytecode.len())?);
            let (site, trap) = notes.take(start);
            let trap = trap.or(reader.seen.bounds_check.then_some(Trap::HeapOutOfBounds));
            let origin = Origin { program: self.start.program, function, site, trap };
            let relocation = notes.relocation(end);
            if let Some(relocation) = relocation {
                self.note_call(&instruction, relocation, calls)?;
            }
            let mut instruction = own_instruction(instruction, reader.seen, site, calls)?;
            self.pool_constant(&mut instruction, reader.seen)?;
            self.instructions.push(instruction);
            self.origins.push(origin);
            if let Instruction::BrTable32 { amt, .. } = instruction {
                self.push_table(amt, &mut reader, origin)?;
            }
        }
        let boundaries = &self.boundaries;
        let op = |byte: u32| boundaries.get(byte as usize).copied().unwrap_or(NOWHERE);
        self.instructions[first..].iter_mut().for_each(|instruction| instruction.retarget(&op));
        self.handlers.extend(Handlers::of(&compiled.buffer)?.retargeted(op));
        Ok(())
    }

    /// Points every direct call at its callee.
    pub(super) fn link(&mut self, mut builtin: impl FnMut(&Named) -> u32) {
        for (position, named) in &self.calls {
            let target = match named {
                Named::Function(FuncId(id)) => {
                    self.entries.get(*id as usize).copied().unwrap_or(NOWHERE)
                }
                Named::Builtin(..) => builtin(named),
            };
            self.instructions[*position].retarget(&|_| target);
        }
    }

    fn next(&self) -> Result<u32, LoadError> {
        let next = self.start.base.checked_add(count(self.instructions.len())?);
        next.filter(|&next| next < MAX_CODE).ok_or_else(too_much_code)
    }

    /// Gives an instruction's vector constant its place in the pool.
    fn pool_constant(
        &mut self,
        instruction: &mut Instruction,
        seen: Seen,
    ) -> Result<(), LoadError> {
        if let (Some(value), Some(operand)) = (seen.constant, instruction.constant()) {
            let place = self.start.pooled.checked_add(count(self.constants.len())?);
            *operand = Constant(place.ok_or_else(too_much_code)?);
            self.constants.push(value);
        }
        Ok(())
    }

    fn note_call(
        &mut self,
        instruction: &Instruction,
        relocation: &FinalizedMachReloc,
        calls: &Calls,
    ) -> Result<(), LoadError> {
        let is_call = matches!(
            instruction,
            Instruction::Call { .. }
                | Instruction::Call1 { .. }
                | Instruction::Call2 { .. }
                | Instruction::Call3 { .. }
                | Instruction::Call4 { .. }
                | Instruction::Jump { .. }
        );
        let named = match &relocation.target {
            FinalizedRelocTarget::ExternalName(name) if is_call => calls.named(name),
            _ => None,
        };
        let named = named.filter(|_| relocation.kind == Reloc::PulleyPcRel).ok_or_else(|| {
            let target = relocation.target.display(None);
            LoadError::Unsupported(format!("{} of {target}", instruction.name()))
        })?;
        self.calls.push((self.instructions.len(), named.clone()));
        Ok(())
    }

    /// Appends the entries of a branch table, as jumps.
    fn push_table(
        &mut self,
        entries: u32,
        reader: &mut Reader<'_>,
        origin: Origin,
    ) -> Result<(), LoadError> {
        use super::operand::Operand;
        for _ in 0..entries {
            let offset = reader.table_entry().map_err(undecodable)?;
            let offset = offset.compact(&mut reader.seen);
            self.instructions.push(Instruction::Jump { offset });
            self.origins.push(origin);
        }
        self.next().map(drop)
    }
}

/// What the compiler noted for places in the bytecode, taken in ascending order.
struct Notes<'a> {
    sites: &'a [MachSrcLoc<cranelift_codegen::Final>],
    traps: Vec<(u32, Trap)>,
    next_trap: usize,
    relocations: Vec<&'a FinalizedMachReloc>,
    next_relocation: usize,
}

impl<'a> Notes<'a> {
    fn of(compiled: &'a CompiledCode) -> Result<Notes<'a>, LoadError> {
        let buffer = &compiled.buffer;
        let trap = |trap: &cranelift_codegen::MachTrap| {
            let known = Trap::from_code(trap.code).map(|known| (trap.offset, known));
            known.ok_or_else(|| LoadError::Unsupported(format!("trap code {}", trap.code)))
        };
        let mut traps: Vec<_> = buffer.traps().iter().map(trap).collect::<Result<_, _>>()?;
        traps.sort_by_key(|(offset, _)| *offset);
        let mut relocations: Vec<_> = buffer.relocs().iter().collect();
        relocations.sort_by_key(|relocation| relocation.offset);
        let sites = buffer.get_srclocs_sorted();
        Ok(Notes { sites, traps, next_trap: 0, relocations, next_relocation: 0 })
    }

    /// Site and trap of the instruction that starts at a byte.
    fn take(&mut self, start: u32) -> (Option<SiteId>, Option<Trap>) {
        while self.sites.first().is_some_and(|range| range.end <= start) {
            self.sites = &self.sites[1..];
        }
        let range = self.sites.first().filter(|range| range.start <= start);
        let mut trap = None;
        while let Some((offset, listed)) = self.traps.get(self.next_trap)
            && *offset <= start
        {
            trap = (*offset == start).then_some(*listed);
            self.next_trap += 1;
        }
        (range.and_then(|range| SiteId::from_source_loc(range.loc)), trap)
    }

    /// The relocation in the instruction that ends at a byte.
    fn relocation(&mut self, end: u32) -> Option<&'a FinalizedMachReloc> {
        let relocation = *self.relocations.get(self.next_relocation)?;
        let here = relocation.offset < end;
        self.next_relocation += usize::from(here);
        here.then_some(relocation)
    }
}

/// Replaces what has an opcode of ours.
fn own_instruction(
    instruction: Instruction,
    seen: Seen,
    site: Option<SiteId>,
    calls: &Calls,
) -> Result<Instruction, LoadError> {
    if seen.stack {
        return stack_access(instruction).ok_or_else(|| {
            LoadError::CompileFailure(format!("{} through the stack pointer", instruction.name()))
        });
    }
    let signature = || {
        let signature = site.and_then(|site| calls.signature(site));
        signature.map(|id| id.0).ok_or_else(|| {
            LoadError::CompileFailure("an indirect call lost its source location".to_owned())
        })
    };
    Ok(match instruction {
        Instruction::CallIndirect { reg: index } => {
            Instruction::CallCode { index, signature: signature()? }
        }
        Instruction::XJump { reg: index } => {
            Instruction::JumpCode { index, signature: signature()? }
        }
        other => other,
    })
}

/// The access to the machine stack that an access through the stack pointer is.
fn stack_access(instruction: Instruction) -> Option<Instruction> {
    use Instruction as I;
    let x = |X(register): X| register;
    let at = |address: O32| address.displacement;
    Some(match instruction {
        I::XLoad8U32O32 { dst, addr } => I::StackLoad8 { register: x(dst), displacement: at(addr) },
        I::XLoad16LeU32O32 { dst, addr } => {
            I::StackLoad16 { register: x(dst), displacement: at(addr) }
        }
        I::XLoad16LeS32O32 { dst, addr } => {
            I::StackLoad16S { register: x(dst), displacement: at(addr) }
        }
        I::XLoad32LeO32 { dst, addr } => {
            I::StackLoad32 { register: x(dst), displacement: at(addr) }
        }
        I::XLoad64LeO32 { dst, addr } => {
            I::StackLoad64 { register: x(dst), displacement: at(addr) }
        }
        I::Fload32LeO32 { dst, addr } => {
            I::StackLoad32 { register: dst.0 + FLOATS, displacement: at(addr) }
        }
        I::Fload64LeO32 { dst, addr } => {
            I::StackLoad64 { register: dst.0 + FLOATS, displacement: at(addr) }
        }
        I::VLoad128O32 { dst, addr } => I::StackLoad128 { register: dst, displacement: at(addr) },
        I::Vstore128LeO32 { addr, src } => {
            I::StackStore128 { register: src, displacement: at(addr) }
        }
        I::XStore8O32 { addr, src } => I::StackStore8 { register: x(src), displacement: at(addr) },
        I::XStore16LeO32 { addr, src } => {
            I::StackStore16 { register: x(src), displacement: at(addr) }
        }
        I::XStore32LeO32 { addr, src } => {
            I::StackStore32 { register: x(src), displacement: at(addr) }
        }
        I::XStore64LeO32 { addr, src } => {
            I::StackStore64 { register: x(src), displacement: at(addr) }
        }
        I::Fstore32LeO32 { addr, src } => {
            I::StackStore32 { register: src.0 + FLOATS, displacement: at(addr) }
        }
        I::Fstore64LeO32 { addr, src } => {
            I::StackStore64 { register: src.0 + FLOATS, displacement: at(addr) }
        }
        _ => return None,
    })
}

fn count(length: usize) -> Result<u32, LoadError> {
    u32::try_from(length).map_err(|_| too_much_code())
}

fn too_much_code() -> LoadError {
    LoadError::Unsupported(format!("more than {MAX_CODE} instructions"))
}

fn undecodable(error: pulley_interpreter::decode::DecodingError) -> LoadError {
    LoadError::CompileFailure(format!("bytecode that does not decode: {error}"))
}

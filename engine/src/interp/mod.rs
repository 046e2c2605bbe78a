//! The interpreter: the same CLIF as native code, compiled to Pulley bytecode and
//! run by safe Rust over the arena.
//!
//! A program goes through [`compile`] (Cranelift's `pulley32` backend) and
//! [`predecode`] (bytecode to a flat vector of 12-byte instructions whose branches
//! are op indices). [`session`] runs one call: the loop of [`machine`] executes the
//! opcodes of `ops` until it leaves the code, at a [`gateway`] or by a trap.
//!
//! | kind of address | where it lives | what it reaches |
//! |---|---|---|
//! | arena offset | anywhere in the arena | `[NULL_PAGE, len)`, checked at each access |
//! | code index | VM structures | the code table, signature checked at each call |
//! | op index | `lr`, saved frames | an instruction, or a gateway past the end |
//! | stack offset | `sp`, `fp` | the machine stack, a buffer outside the arena |
//!
//! Nothing here can be made to read or write outside the arena by guest code: this is
//! the module that has no `unsafe` to get wrong. Planted faults and the object check
//! are type parameters of the loop ([`policy`]) and cost nothing when absent.
//!
//! What it does not do: atomics are refused when a program is loaded.
#![forbid(unsafe_code)]
#![allow(clippy::inline_always, reason = "opcodes must become part of the loop")]

mod abi;
mod calls;
mod code;
mod compile;
mod gateway;
mod instruction;
mod lanes;
mod machine;
mod memo;
mod monitor;
mod operand;
mod ops;
mod policy;
mod predecode;
mod registers;
mod session;
#[cfg(test)]
mod tests;

use abi::Frame;
use calls::{Calls, Named};
use code::Code;
use compile::Compiler;
use gateway::{Gateway, RETURN};
use machine::{Callee, State};
use memo::Memo;
use monitor::Monitor;
pub use monitor::{Intruder, Loaded, MAX_NOTES, Notes, Observation, Watcher};
use policy::{Checked, Faulty, Plain};
use predecode::{Fragment, Start};
use registers::{Registers, SP};
use session::{BuiltinCall, Session};

use crate::arena::{Arena, NULL_PAGE, OwnedArena};
use crate::code_table::{CodeIndex, CodeTable, Entry, Target};
use crate::executor::{Counts, Executor, Limits, LoadError, Services, Slot, Stop};
use crate::fault::{Fault, Faults};
use crate::passes::Prepared;
use crate::trap::Trap;

/// Size of the machine stack. The host commits only what is used.
const STACK_BYTES: u32 = 64 << 20;

/// Runs programs in safe Rust. See the module's documentation.
pub struct Interpreter {
    compiler: Compiler,
    memo: Memo,
    code: Code,
    builtins: Vec<BuiltinCall>,
    /// What each entry of the code table means here; grows with the table.
    callees: Vec<Callee>,
    arena: OwnedArena,
    stack: Vec<u8>,
    counts: Counts,
    faults: Faults,
    /// For each program, what fault 14 keeps: see [`Faults::kept_fields`].
    lengths: Vec<Vec<bool>>,
    watcher: Option<Watcher>,
    intruder: Option<Intruder>,
    notes: Notes,
}

impl Interpreter {
    /// An interpreter with an empty arena, and with the planted faults of a run.
    #[must_use]
    pub fn new(faults: Faults) -> Interpreter {
        Interpreter {
            compiler: Compiler::new(),
            memo: Memo::default(),
            code: Code::default(),
            builtins: Vec::new(),
            callees: Vec::new(),
            arena: OwnedArena::new(NULL_PAGE),
            stack: vec![0; STACK_BYTES as usize],
            counts: Counts::default(),
            faults,
            lengths: Vec::new(),
            watcher: None,
            intruder: None,
            notes: Notes::default(),
        }
    }

    /// The planted faults, to see whether one was triggered.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The arena, as what it is.
    #[must_use]
    pub fn owned_arena(&self) -> &OwnedArena {
        &self.arena
    }

    /// Has the following calls monitored, or not.
    pub fn watch(&mut self, watcher: Option<Watcher>) {
        self.watcher = watcher;
    }

    /// Has an intruder see the loads of the following calls, or not.
    pub fn intrude(&mut self, intruder: Option<Intruder>) {
        self.intruder = intruder;
    }

    /// Takes what the monitor has noted since the last time.
    pub fn take_notes(&mut self) -> Notes {
        std::mem::take(&mut self.notes)
    }

    /// The position of a way to call a builtin, which is added if it is new.
    fn builtin_address(builtins: &mut Vec<BuiltinCall>, named: &Named) -> u32 {
        let Named::Builtin(builtin, frame) = named else { return operand::NOWHERE };
        let known = builtins.iter().position(|c| c.builtin == *builtin && c.frame == *frame);
        let position = known.unwrap_or_else(|| {
            builtins.push(BuiltinCall { builtin: *builtin, frame: frame.clone() });
            builtins.len() - 1
        });
        u32::try_from(position).map_or(operand::NOWHERE, Gateway::builtin)
    }

    /// Learns the entries that the code table has got since the last call.
    fn follow(&mut self, table: &CodeTable) {
        let known = self.callees.len();
        let callee = |(index, entry): (usize, &Entry)| self.callee(index, entry);
        let new: Vec<_> = table.entries().iter().enumerate().skip(known).map(callee).collect();
        self.callees.extend(new);
    }

    fn callee(&self, index: usize, entry: &Entry) -> Callee {
        let leads_to = match entry.target {
            Target::Trap => None,
            Target::Function { program, function } => self.code.entry(program, function),
            Target::Host(_) => u32::try_from(index).ok().map(|i| Gateway::host(CodeIndex(i))),
        };
        match (leads_to, entry.signature) {
            (Some(entry), Some(id)) => Callee { signature: id.0, entry },
            _ => Callee { signature: 0, entry: operand::NOWHERE },
        }
    }

    /// Compiles a program into a fragment; nothing of the executor's changes.
    fn compile(
        &mut self,
        program: &Prepared,
        table: &mut CodeTable,
    ) -> Result<Fragment, LoadError> {
        let start = self.start()?;
        if let Some(fragment) = self.memo.get(program, start, table) {
            return Ok(fragment);
        }
        let mut fragment = Fragment::new(start);
        let mut expected = Vec::new();
        for function in &program.functions {
            Frame::of(&function.signature)?;
            let calls = Calls::of(function, program, table)?;
            fragment.push(&*self.compiler.compile(function)?, &calls)?;
            expected.extend(calls.signatures());
        }
        self.memo.insert(program, start, table, &expected, &fragment);
        Ok(fragment)
    }

    /// Where the next program begins.
    fn start(&self) -> Result<Start, LoadError> {
        let count = |len: usize| {
            u32::try_from(len).map_err(|_| LoadError::Unsupported("too many programs".to_owned()))
        };
        Ok(Start {
            program: count(self.code.entries.len())?,
            base: count(self.code.instructions.len())?,
            pooled: count(self.code.constants.len())?,
        })
    }
}

impl Executor for Interpreter {
    fn name(&self) -> &'static str {
        "interpreter"
    }

    fn reset(&mut self, len: u32) -> Result<(), String> {
        self.code = Code::default();
        self.builtins.clear();
        self.lengths.clear();
        self.callees.clear();
        self.counts = Counts::default();
        self.notes = Notes::default();
        self.arena.reset(len).map_err(|error| error.to_string())
    }

    fn arena(&mut self) -> &mut dyn Arena {
        &mut self.arena
    }

    fn load(&mut self, program: &Prepared, table: &mut CodeTable) -> Result<(), LoadError> {
        let mut fragment = self.compile(program, table)?;
        fragment.link(|named| Interpreter::builtin_address(&mut self.builtins, named));
        self.code.instructions.append(&mut fragment.instructions);
        self.code.origins.append(&mut fragment.origins);
        self.code.constants.append(&mut fragment.constants);
        self.code.entries.push(fragment.entries);
        self.code.handlers.extend(fragment.handlers);
        self.lengths.push(self.faults.kept_fields(&program.sites));
        Ok(())
    }

    fn call(
        &mut self,
        table: &CodeTable,
        services: &mut dyn Services,
        code: CodeIndex,
        args: &[Slot],
        limits: Limits,
    ) -> Result<Vec<Slot>, Stop> {
        self.follow(table);
        let callee = self.callees.get(code.0 as usize).filter(|callee| callee.signature != 0);
        let callee = *callee.ok_or_else(|| Stop::trap(Trap::BadCodeReference))?;
        let signature = table.get(code).signature.and_then(|id| table.signature(id));
        let frame = signature.and_then(|signature| Frame::of(signature).ok());
        let frame = frame.filter(|frame| frame.arguments() == args.len()).ok_or_else(|| {
            Stop::RuntimeFault(format!("{} arguments do not fit entry {}", args.len(), code.0))
        })?;
        let nested = limits.depth.checked_sub(1).ok_or_else(|| Stop::trap(Trap::StackOverflow))?;

        let sp = STACK_BYTES - frame.stack_bytes;
        let mut registers = Registers::default();
        frame.write_arguments(&mut registers, &mut self.stack[sp as usize..], args);
        registers.set_x32(SP, sp);
        let mut session = Session {
            code: &self.code,
            callees: &self.callees,
            builtins: &self.builtins,
            table,
            arena: &mut self.arena,
            stack: &mut self.stack,
            services,
            registers,
            state: State {
                pc: callee.entry,
                lr: RETURN,
                fp: STACK_BYTES,
                fuel: limits.fuel,
                calls_left: nested,
                accesses: 0,
                indirect_calls: 0,
            },
            arguments: Vec::new(),
        };
        let fault = Fault::ALL.iter().copied().find(|&fault| self.faults.has(fault));
        let monitored = fault.is_some() || self.watcher.is_some() || self.intruder.is_some();
        let monitor = monitored.then(|| Monitor {
            origins: &self.code.origins,
            watcher: self.watcher.as_mut(),
            intruder: self.intruder.as_mut(),
            notes: &mut self.notes,
            callers: vec![RETURN],
        });
        let ended = match (fault, monitor) {
            (Some(fault), Some(monitor)) => {
                session.run(&mut Faulty::new(fault, &self.faults, &self.lengths, monitor))
            }
            (_, Some(monitor)) => session.run(&mut Checked { monitor }),
            (_, None) => session.run(&mut Plain),
        };
        self.counts.ops += limits.fuel - session.state.fuel;
        self.counts.accesses += session.state.accesses;
        self.counts.indirect_calls += session.state.indirect_calls;
        ended.map(|()| frame.read_results(&session.registers))
    }

    fn counts(&self) -> Counts {
        self.counts
    }
}

//! Waiting in shared memories, and notifying, where there is one agent.
//!
//! Nobody else can change a word or notify while the only agent waits. So a wait for a
//! word that is as expected ends by its timeout, which nothing can tell from one that has
//! passed already: it returns at once, and runs repeat. A wait without a timeout never
//! ends; it traps as what an embedder has stopped. A notification meets nobody.
//!
//! Addresses are checked as Wasmtime's libcalls check them: alignment first, then bounds, and
//! only then whether the memory is shared.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::instructions::CallInfo;
use cranelift_codegen::ir::{ExternalName, FuncRef, Function};

use super::builtins::Args;
use super::register::within;
use super::state::{Memory, State};
use crate::arena::Arena;
use crate::executor::Slot;
use crate::passes::value::constant;
use crate::program::{Builtin, Program};
use crate::trap::Trap;

/// Position of the timeout among the arguments of the builtins that wait.
const TIMEOUT: usize = 4;

/// What a wait returns when the word is not as expected.
const NOT_EQUAL: Slot = 1;

/// What it returns when its timeout has passed.
const TIMED_OUT: Slot = 2;

impl State {
    /// Wakes nobody: the number of those woken.
    pub(super) fn notify(&self, args: &Args<'_>) -> Result<Slot, Trap> {
        word(self.waited_memory(args)?, args, 4).map(|_| 0)
    }

    /// Waits while a word of `N` bytes is as expected.
    pub(super) fn wait<const N: usize>(
        &self,
        arena: &mut dyn Arena,
        args: &Args<'_>,
    ) -> Result<Slot, Trap> {
        let memory = self.waited_memory(args)?;
        let word = word(memory, args, N as u64)?;
        if !memory.ty.shared {
            return Err(Trap::AtomicWaitNonSharedMemory);
        }
        let mut found = [0; N];
        arena.read(word, &mut found)?;
        let expected = args.u64(3).to_le_bytes();
        match args.u64(TIMEOUT).cast_signed() {
            _ if found != expected[..N] => Ok(NOT_EQUAL),
            0.. => Ok(TIMED_OUT),
            _ => Err(Trap::Interrupt),
        }
    }

    fn waited_memory(&self, args: &Args<'_>) -> Result<&Memory, Trap> {
        let id = self.caller(args)?.defined_memory(args.u32(1)).ok_or(Trap::Host)?;
        Ok(self.memory(id))
    }
}

/// Arena offset of a word of a memory.
fn word(memory: &Memory, args: &Args<'_>, width: u64) -> Result<u32, Trap> {
    let address = args.u64(2);
    if !address.is_multiple_of(width) {
        return Err(Trap::HeapMisaligned);
    }
    let end = address.checked_add(width).filter(|&end| end <= memory.len_bytes().into());
    end.map(|_| memory.base + within(address)).ok_or(Trap::HeapOutOfBounds)
}

/// Whether a program waits in a memory, with any timeout but the constant 0: another engine
/// would sleep.
#[must_use]
pub fn may_wait(program: &Program) -> bool {
    program.functions.iter().any(waits)
}

fn waits(function: &Function) -> bool {
    let dfg = &function.dfg;
    if !dfg.ext_funcs.keys().any(|callee| is_wait(function, callee)) {
        return false;
    }
    let mut instructions = function.layout.blocks().flat_map(|b| function.layout.block_insts(b));
    instructions.any(|inst| {
        let call = dfg.insts[inst].analyze_call(&dfg.value_lists, &dfg.exception_tables);
        match call {
            CallInfo::Direct(callee, args) | CallInfo::DirectWithSig(callee, _, args) => {
                is_wait(function, callee) && constant(dfg, args[TIMEOUT]) != Some(0)
            }
            CallInfo::NotACall | CallInfo::Indirect(..) => false,
        }
    })
}

fn is_wait(function: &Function, callee: FuncRef) -> bool {
    let ExternalName::User(name) = function.dfg.ext_funcs[callee].name else { return false };
    let name = &function.params.user_named_funcs()[name];
    let waits = [Builtin::MemoryAtomicWait32, Builtin::MemoryAtomicWait64];
    Builtin::named(name).is_some_and(|builtin| waits.contains(&builtin))
}

#[cfg(test)]
mod tests {
    use crate::frontend;

    #[test]
    fn a_wait_without_time_is_none() {
        let may_wait = |timeout: &str| {
            let wait = format!("memory.atomic.wait64 (local.get 0) (i64.const 1) ({timeout})");
            let text =
                format!("(module (memory 1 1 shared) (func (param i32 i64) (drop ({wait}))))");
            let wasm = wat::parse_str(text).expect("valid text");
            super::may_wait(&frontend::translate(&wasm).expect("a program"))
        };
        assert!(!may_wait("i64.const 0"));
        assert!(may_wait("i64.const 1") && may_wait("local.get 1"));
    }
}

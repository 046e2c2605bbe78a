//! Bounds checks of linear memories, as native code makes them.
//!
//! The front end checks each access by itself, and an access that fails goes to the null
//! page:
//!
//! ```text
//! v10 = isub v8, 16                 ; v8: length of the memory, loaded from its definition
//! v11 = icmp ugt v6, v10            ; v6: index
//! v17 = select v11, 0, v15
//! v18 = load.i32 v17
//! ```
//!
//! An executor of bytecode does that in one step. A processor waits for the length before
//! it knows the address, and many checks say again what others said. So here
//!
//! - a select becomes a `trapnz`, which a processor predicts;
//! - a check goes where one of the same index and of no fewer bytes dominates it: memories
//!   never shrink, so what was in bounds stays so, across calls and growth;
//! - a check asks for what the checks behind it ask for, until something happens that a trap
//!   must not come before: a store, a call, the end of the block, or a trap of another kind.
//!
//! What a program does is the same, but for the site that a trap is blamed on, and but for
//! lengths that somebody corrupts. Containment never rests on these checks: with or without
//! them, an access goes to the base and an `i32`. Not for exact runs, nor where each access
//! is recorded or changed.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{
    Block, DataFlowGraph, Function, Inst, InstBuilder as _, InstructionData, Opcode, TrapCode,
    Value, ValueDef,
};

use super::opcode::{Class, class};
use super::replace;
use super::value::{constant, definition};
use crate::trap::Trap;

/// Region of the length of a memory.
const LENGTH_REGION: &str = "VMMemoryDefinition+0x4";

/// Rewrites the checks of a prepared function.
pub(crate) fn merge(function: &mut Function) {
    let blocks: Vec<_> = function.layout.blocks().collect();
    let mut checks: HashMap<Block, Vec<Check>> = HashMap::new();
    for block in blocks {
        let found = checks_of(function, block);
        if !found.is_empty() {
            checks.insert(block, found);
        }
    }
    if checks.is_empty() {
        return;
    }
    let flow = ControlFlowGraph::with_function(function);
    let dominators = DominatorTree::with_function(function, &flow);
    let mut uses = Uses::of(function);
    let mut known: HashMap<Key, Vec<(Block, u32)>> = HashMap::new();
    for &block in dominators.cfg_rpo() {
        for check in checks.get(&block).into_iter().flatten() {
            let Some(bound) = &check.bound else {
                check.trap(function, &mut uses, check.condition);
                continue;
            };
            let known = known.entry(bound.key).or_default();
            let holds = |&(at, bytes): &(Block, u32)| {
                bytes >= bound.bytes && dominators.block_dominates(at, block)
            };
            if known.iter().any(holds) {
                check.remove(function, &mut uses);
                continue;
            }
            known.push((block, bound.wanted));
            let condition = bound.condition(function, &mut uses, check);
            check.trap(function, &mut uses, condition);
        }
    }
}

/// An index into a memory.
type Key = (Place, Value);

/// Where the length of a memory stands: in a structure, or in one that a field of it that
/// never changes points to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    structure: Value,
    pointer: Option<i32>,
    field: i32,
}

/// A select that checks the access behind it, which traps where the select says so.
struct Check {
    select: Inst,
    access: Inst,
    /// Whether the access is out of bounds.
    condition: Value,
    null: Value,
    /// Where it goes otherwise.
    address: Value,
    /// What the condition says; `None` if it is not of the usual shape.
    bound: Option<Bound>,
}

/// That the index and some bytes do not exceed the length.
struct Bound {
    key: Key,
    length: Value,
    bytes: u32,
    /// The most bytes that this check and those behind it ask for.
    wanted: u32,
}

/// The checks of a block, in order, each with what it may ask for.
fn checks_of(function: &Function, block: Block) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut wanted: HashMap<Key, u32> = HashMap::new();
    let mut next = function.layout.last_inst(block);
    while let Some(inst) = next {
        next = function.layout.prev_inst(inst);
        if must_come_first(function, inst) {
            wanted.clear();
        }
        let Some(mut check) = Check::of(function, inst) else { continue };
        if let Some(bound) = &mut check.bound {
            let wanted = wanted.entry(bound.key).or_insert(bound.bytes);
            *wanted = bound.bytes.max(*wanted);
            bound.wanted = *wanted;
        }
        checks.push(check);
    }
    checks.reverse();
    checks
}

/// Whether a trap of a later access must not come before an instruction.
fn must_come_first(function: &Function, inst: Inst) -> bool {
    let data = &function.dfg.insts[inst];
    let other_trap = |code: Option<TrapCode>| code.is_some_and(|code| code != out_of_bounds());
    match class(data.opcode()) {
        Class::Value => data.opcode().can_trap(),
        Class::Load => {
            let flags = data.memflags().map(|flags| function.dfg.mem_flags[flags]);
            other_trap(flags.and_then(|flags| flags.trap_code()))
        }
        Class::Trap => data.opcode() == Opcode::Trap || other_trap(data.trap_code()),
        _ => true,
    }
}

fn out_of_bounds() -> TrapCode {
    Trap::HeapOutOfBounds.code()
}

impl Check {
    /// The check that an instruction is, if it is one.
    fn of(function: &Function, select: Inst) -> Option<Check> {
        let dfg = &function.dfg;
        let InstructionData::Ternary { opcode: Opcode::Select, args } = dfg.insts[select] else {
            return None;
        };
        let [condition, null, address] = args;
        let access = function.layout.next_inst(select)?;
        let (target, displacement) = match dfg.insts[access] {
            InstructionData::Load { arg, offset, .. } => (arg, offset),
            InstructionData::Store { args: [_, target], offset, .. } => (target, offset),
            _ => return None,
        };
        let flags = dfg.mem_flags[dfg.insts[access].memflags()?];
        let checks = target == dfg.first_result(select)
            && i32::from(displacement) == 0
            && dfg.value_type(address) == I32
            && constant(dfg, null) == Some(0)
            && flags.trap_code() == Some(out_of_bounds());
        let bound = Bound::of(dfg, condition);
        checks.then_some(Check { select, access, condition, null, address, bound })
    }

    /// Traps in place of the select.
    fn trap(&self, function: &mut Function, uses: &mut Uses, condition: Value) {
        let mut pos = FuncCursor::new(function).at_inst(self.select);
        pos.use_srcloc(self.access);
        pos.ins().trapnz(condition, out_of_bounds());
        uses.add(function, condition);
        self.remove(function, uses);
    }

    /// Lets the access go to its address as it is.
    fn remove(&self, function: &mut Function, uses: &mut Uses) {
        replace(function, self.select, &[self.address]);
        uses.drop(function, self.null);
        uses.drop(function, self.condition);
    }
}

impl Bound {
    /// What a condition of the usual shape says: `icmp ugt index, (isub length, bytes)`.
    fn of(dfg: &DataFlowGraph, condition: Value) -> Option<Bound> {
        let InstructionData::IntCompare { opcode: Opcode::Icmp, cond, args: [index, last] } =
            definition(dfg, condition)?
        else {
            return None;
        };
        let InstructionData::Binary { opcode: Opcode::Isub, args: [length, bytes] } =
            definition(dfg, last)?
        else {
            return None;
        };
        let bytes = u32::try_from(constant(dfg, bytes)?).ok()?;
        let index = dfg.resolve_aliases(index);
        let key = (Place::of_length(dfg, length)?, index);
        let ugt = cond == IntCC::UnsignedGreaterThan && dfg.value_type(index) == I32;
        ugt.then_some(Bound { key, length, bytes, wanted: bytes })
    }

    /// Whether the access of a check, or one behind it, is out of bounds.
    fn condition(&self, function: &mut Function, uses: &mut Uses, check: &Check) -> Value {
        if self.wanted == self.bytes {
            return check.condition;
        }
        uses.add(function, self.length);
        let mut pos = FuncCursor::new(function).at_inst(check.select);
        let wanted = pos.ins().iconst(I32, i64::from(self.wanted));
        let last = pos.ins().isub(self.length, wanted);
        pos.ins().icmp(IntCC::UnsignedGreaterThan, self.key.1, last)
    }
}

impl Place {
    /// Where a value was loaded from, if it is the length of a memory.
    fn of_length(dfg: &DataFlowGraph, length: Value) -> Option<Place> {
        let InstructionData::Load { opcode: Opcode::Load, arg, offset, flags } =
            definition(dfg, length)?
        else {
            return None;
        };
        let region = dfg.mem_flags[flags].alias_region()?;
        if dfg.alias_regions[region].description != LENGTH_REGION {
            return None;
        }
        let field = offset.into();
        match definition(dfg, arg) {
            Some(InstructionData::Load { opcode: Opcode::Load, arg, offset, flags })
                if dfg.mem_flags[flags].readonly() =>
            {
                let structure = dfg.resolve_aliases(arg);
                Some(Place { structure, pointer: Some(offset.into()), field })
            }
            _ => Some(Place { structure: dfg.resolve_aliases(arg), pointer: None, field }),
        }
    }
}

/// How often each value is used.
struct Uses(SecondaryMap<Value, u32>);

impl Uses {
    fn of(function: &Function) -> Uses {
        let mut uses = Uses(SecondaryMap::with_capacity(function.dfg.num_values()));
        for block in function.layout.blocks() {
            for inst in function.layout.block_insts(block) {
                for value in function.dfg.inst_values(inst) {
                    uses.add(function, value);
                }
            }
        }
        uses
    }

    fn add(&mut self, function: &Function, value: Value) {
        self.0[function.dfg.resolve_aliases(value)] += 1;
    }

    /// Takes one use away. What nothing uses any more goes, if it is part of a check.
    fn drop(&mut self, function: &mut Function, value: Value) {
        let value = function.dfg.resolve_aliases(value);
        self.0[value] = self.0[value].saturating_sub(1);
        let ValueDef::Result(inst, 0) = function.dfg.value_def(value) else { return };
        if self.0[value] > 0 || !is_part_of_check(function, inst) {
            return;
        }
        let operands: Vec<_> = function.dfg.inst_values(inst).collect();
        function.layout.remove_inst(inst);
        operands.into_iter().for_each(|operand| self.drop(function, operand));
    }
}

/// Whether an instruction does nothing but make a value that checks are made of.
fn is_part_of_check(function: &Function, inst: Inst) -> bool {
    match function.dfg.insts[inst] {
        InstructionData::Load { flags, .. } => function.dfg.mem_flags[flags].trap_code().is_none(),
        data => matches!(data.opcode(), Opcode::Iconst | Opcode::Isub | Opcode::Icmp),
    }
}

#[cfg(test)]
mod tests;

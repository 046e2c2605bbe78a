//! Control flow: a reducible graph of blocks as nested `block` and `loop`.
//!
//! Ramsey's scheme ("Beyond Relooper", ICFP 2022). The code of a block is followed by
//! that of the blocks that it immediately dominates. One that several forward edges
//! reach, a *merge*, stands behind a `block` that ends right before it, so that each
//! edge leaves that `block`; of several merges the first in reverse postorder is the
//! innermost. The target of a back edge stands in a `loop`. Every other block has one
//! edge, and its code stands in that edge's place.
//!
//! Every path ends in a branch, a return or a trap, so no construct has a type.
#![forbid(unsafe_code)]

use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, Function, Inst, InstructionData};
use wasm_encoder::{BlockType, Instruction};

use super::body::Body;
use super::{Refused, instruction};

/// Most blocks of a function, and most entries of a table of branches: both nest.
const MAX_NESTING: usize = 1000;

/// What a branch can leave or repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    /// A `block` before this one, or a `loop` that begins with it.
    To(Block),
    Other,
}

/// The graph of one function.
pub(super) struct Structure<'a> {
    function: &'a Function,
    entry: Block,
    domtree: DominatorTree,
    /// Position in reverse postorder.
    order: SecondaryMap<Block, usize>,
    is_merge: SecondaryMap<Block, bool>,
    is_loop: SecondaryMap<Block, bool>,
    /// Innermost last.
    labels: Vec<Label>,
}

impl<'a> Structure<'a> {
    pub(super) fn of(function: &'a Function) -> Result<Structure<'a>, Refused> {
        let entry = function.layout.entry_block();
        let entry = entry.ok_or_else(|| Refused("a function without a block".to_owned()))?;
        let cfg = ControlFlowGraph::with_function(function);
        let domtree = DominatorTree::with_function(function, &cfg);
        let mut structure = Structure {
            function,
            entry,
            order: SecondaryMap::new(),
            is_merge: SecondaryMap::new(),
            is_loop: SecondaryMap::new(),
            labels: Vec::new(),
            domtree,
        };
        structure.classify()?;
        Ok(structure)
    }

    fn classify(&mut self) -> Result<(), Refused> {
        let blocks: Vec<Block> = self.domtree.cfg_rpo().copied().collect();
        if blocks.len() > MAX_NESTING {
            return Err(Refused(format!("more than {MAX_NESTING} blocks")));
        }
        for (position, &block) in blocks.iter().enumerate() {
            self.order[block] = position;
        }
        let mut reached: SecondaryMap<Block, bool> = SecondaryMap::new();
        for &block in &blocks {
            let Some(last) = self.function.layout.last_inst(block) else { continue };
            for target in self.targets(last) {
                if !self.is_back(block, target) {
                    self.is_merge[target] = std::mem::replace(&mut reached[target], true);
                } else if self.domtree.block_dominates(target, block) {
                    self.is_loop[target] = true;
                } else {
                    return Err(Refused("irreducible control flow".to_owned()));
                }
            }
        }
        Ok(())
    }

    /// The targets of an instruction, as often as there are edges.
    fn targets(&self, inst: Inst) -> Vec<Block> {
        let dfg = &self.function.dfg;
        let calls = dfg.insts[inst].branch_destination(&dfg.jump_tables, &dfg.exception_tables);
        calls.iter().map(|call| call.block(&dfg.value_lists)).collect()
    }

    fn is_back(&self, from: Block, to: Block) -> bool {
        self.order[to] <= self.order[from]
    }

    /// Writes the function's code.
    pub(super) fn emit(mut self, body: &mut Body<'_>) -> Result<(), Refused> {
        body.enter(self.entry)?;
        self.tree(body, self.entry)?;
        // Never reached, but it has every type.
        body.op(Instruction::Unreachable).op(Instruction::End);
        Ok(())
    }

    /// A block and what it dominates.
    fn tree(&mut self, body: &mut Body<'_>, block: Block) -> Result<(), Refused> {
        let is_loop = self.is_loop[block];
        if is_loop {
            self.open(body, Instruction::Loop(BlockType::Empty), Label::To(block));
        }
        let children = self.domtree.children(block);
        let mut merges: Vec<Block> = children.filter(|&child| self.is_merge[child]).collect();
        merges.sort_by_key(|&merge| std::cmp::Reverse(self.order[merge]));
        for &merge in &merges {
            self.open(body, Instruction::Block(BlockType::Empty), Label::To(merge));
        }
        self.code(body, block)?;
        for &merge in merges.iter().rev() {
            self.close(body);
            self.tree(body, merge)?;
        }
        if is_loop {
            self.close(body);
        }
        Ok(())
    }

    fn open(&mut self, body: &mut Body<'_>, instruction: Instruction<'_>, label: Label) {
        body.op(instruction);
        self.labels.push(label);
    }

    fn close(&mut self, body: &mut Body<'_>) {
        body.op(Instruction::End);
        self.labels.pop();
    }

    /// The instructions of a block.
    fn code(&mut self, body: &mut Body<'_>, block: Block) -> Result<(), Refused> {
        for inst in self.function.layout.block_insts(block) {
            match self.function.dfg.insts[inst] {
                InstructionData::Jump { destination, .. } => self.edge(body, block, destination)?,
                InstructionData::Brif { arg, blocks: [then, otherwise], .. } => {
                    body.truth(arg)?;
                    self.open(body, Instruction::If(BlockType::Empty), Label::Other);
                    self.edge(body, block, then)?;
                    body.op(Instruction::Else);
                    self.edge(body, block, otherwise)?;
                    self.close(body);
                }
                InstructionData::BranchTable { arg, table, .. } => {
                    body.get(arg)?;
                    let index = body.temp(wasm_encoder::ValType::I32);
                    body.keep(index);
                    let table = &self.function.dfg.jump_tables[table];
                    self.switch(body, block, index, table.default_block(), table.as_slice())?;
                }
                _ => instruction::translate(body, inst)?,
            }
            body.release();
        }
        Ok(())
    }

    /// A table of branches: each edge stands behind a `block` of its own.
    fn switch(
        &mut self,
        body: &mut Body<'_>,
        block: Block,
        index: u32,
        default: BlockCall,
        edges: &[BlockCall],
    ) -> Result<(), Refused> {
        if edges.len() > MAX_NESTING {
            return Err(Refused(format!("a table of more than {MAX_NESTING} branches")));
        }
        for _ in 0..=edges.len() {
            self.open(body, Instruction::Block(BlockType::Empty), Label::Other);
        }
        let depths: Vec<u32> = (0..).take(edges.len()).collect();
        let past = u32::try_from(edges.len()).expect("few");
        body.local(index).op(Instruction::BrTable(depths.into(), past));
        for &edge in edges.iter().chain([&default]) {
            self.close(body);
            self.edge(body, block, edge)?;
        }
        Ok(())
    }

    /// Sets the target's parameters, and goes there.
    fn edge(&mut self, body: &mut Body<'_>, from: Block, call: BlockCall) -> Result<(), Refused> {
        let dfg = &self.function.dfg;
        let to = call.block(&dfg.value_lists);
        for arg in call.args(&dfg.value_lists) {
            let BlockArg::Value(value) = arg else {
                return Err(Refused("exceptions".to_owned()));
            };
            body.get(value)?;
        }
        for &param in dfg.block_params(to).iter().rev() {
            body.set(param)?;
        }
        if !self.is_merge[to] && !self.is_back(from, to) {
            return self.tree(body, to);
        }
        let depth = self.labels.iter().rev().position(|&label| label == Label::To(to));
        let depth = depth.and_then(|depth| u32::try_from(depth).ok());
        body.op(Instruction::Br(depth.expect("edges leave what is around them")));
        Ok(())
    }
}

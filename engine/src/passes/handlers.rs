//! Edges to exception handlers: where an exception enters a block.
//!
//! A call with handlers may go on in one of several blocks, and give each a payload of
//! the machine. Whatever must happen first, on that way only, goes into a block of its own
//! on the edge: the shadow stack's pointer is restored there, and native code makes an
//! arena offset of the payload.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTable, Function, Inst, InstBuilder as _, Type, Value,
};

use super::instructions;

/// The calls of a function that may go on in a handler, with their tables.
pub(crate) fn throwing_calls(function: &Function) -> Vec<(Inst, ExceptionTable)> {
    let table = |inst| Some((inst, function.dfg.insts[inst].exception_table()?));
    let catching = |&(_, table): &(Inst, ExceptionTable)| {
        function.dfg.exception_tables[table].all_branches().len() > 1
    };
    instructions(function).into_iter().filter_map(table).filter(catching).collect()
}

/// Puts a block on each edge of a call to a handler, and lets `fill` write it: it gets the
/// block's parameters, of type `payload`, at its end, and gives what goes on in their place.
pub(crate) fn split_edges(
    function: &mut Function,
    call: Inst,
    table: ExceptionTable,
    payload: Type,
    fill: &mut dyn FnMut(&mut FuncCursor<'_>, &[Value]) -> Vec<Value>,
) {
    let handlers = function.dfg.exception_tables[table].all_branches().len() - 1;
    for edge in 0..handlers {
        let old = function.dfg.exception_tables[table].all_branches()[edge];
        let new = split(function, call, old, payload, fill);
        function.dfg.exception_tables[table].all_branches_mut()[edge] = new;
    }
}

fn split(
    function: &mut Function,
    call: Inst,
    old: BlockCall,
    payload: Type,
    fill: &mut dyn FnMut(&mut FuncCursor<'_>, &[Value]) -> Vec<Value>,
) -> BlockCall {
    let target = old.block(&function.dfg.value_lists);
    let args: Vec<BlockArg> = old.args(&function.dfg.value_lists).collect();
    let block = block_behind(function, call);
    let is_payload = |arg: &&BlockArg| matches!(arg, BlockArg::TryCallExn(_));
    let payloads: Vec<BlockArg> = args.iter().filter(is_payload).copied().collect();
    let params: Vec<Value> =
        payloads.iter().map(|_| function.dfg.append_block_param(block, payload)).collect();
    let mut pos = FuncCursor::new(function).at_bottom(block);
    pos.use_srcloc(call);
    let mut made = fill(&mut pos, &params).into_iter();
    let args: Vec<BlockArg> = args
        .iter()
        .map(|arg| match arg {
            BlockArg::TryCallExn(_) => {
                BlockArg::Value(made.next().expect("`fill` gives a value for each parameter"))
            }
            other => *other,
        })
        .collect();
    pos.ins().jump(target, &args);
    BlockCall::new(block, payloads, &mut function.dfg.value_lists)
}

/// A new block in the layout behind that of a call, which ends its block.
pub(super) fn block_behind(function: &mut Function, call: Inst) -> Block {
    let block = function.dfg.make_block();
    let before = function.layout.inst_block(call).expect("the call is in the layout");
    function.layout.insert_block_after(block, before);
    block
}

//! Frame maps: which words of a shadow-stack frame hold references to objects.
//!
//! A collector that moves objects must find and change every reference. The front end spills
//! those that live across a call into stack slots, and says with each call which slots these
//! are. Slots lie on the shadow stack, in the arena, so what is missing is only which call a
//! frame is in. Each frame of a function with an instance begins with a header that tells:
//!
//! | word | what |
//! |---|---|
//! | 0 | the function's vmctx, which leads to its program |
//! | 4 | the number of a [`FrameMap`] of that program |
//!
//! The function writes the first when it takes its frame, the second before each call. Frames
//! follow each other without gaps, so the maps' sizes lead from one to the next. All of it is
//! guest data: the collector checks what it reads.
#![forbid(unsafe_code)]

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::ir::types::I32;
use cranelift_codegen::ir::{
    ArgumentPurpose, Block, Function, Inst, InstBuilder as _, MemFlagsData, Value,
};

use super::shadow_stack::Frame;
use crate::program::Program;

/// Bytes of the header.
pub(crate) const HEADER_BYTES: u32 = 8;

/// Where the header holds the vmctx, and where the map's number.
pub(crate) const VMCTX: u32 = 0;
pub(crate) const MAP: u32 = 4;

/// A frame, while a certain call is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameMap {
    /// Bytes of the frame, a multiple of 16.
    pub size: u32,
    /// Offsets in the frame of the words that hold references.
    pub references: Vec<u32>,
}

/// Writes the headers of one function's frames.
pub(super) struct HeaderWriter<'a> {
    maps: &'a mut Vec<FrameMap>,
    frame: &'a Frame,
    /// Where the frame lies, and how it is accessed.
    at: Value,
    flags: MemFlagsData,
    /// The number that the header holds at this place of a block.
    current: Option<(Block, u32)>,
}

impl<'a> HeaderWriter<'a> {
    /// Writes the vmctx before `body`, the first instruction of the function proper.
    pub(super) fn begin(
        function: &mut Function,
        maps: &'a mut Vec<FrameMap>,
        frame: &'a Frame,
        at: Value,
        flags: MemFlagsData,
        body: Inst,
    ) -> HeaderWriter<'a> {
        let vmctx = vmctx(function);
        let mut pos = FuncCursor::new(function).at_inst(body);
        pos.ins().store(flags, vmctx, at, VMCTX.cast_signed());
        HeaderWriter { maps, frame, at, flags, current: None }
    }

    /// Tells before a call which slots hold references while it is under way.
    pub(super) fn before_call(&mut self, function: &mut Function, call: Inst) {
        let entries = function.dfg.user_stack_map_entries(call).unwrap_or_default();
        let references = entries.iter().map(|entry| self.frame.slots[entry.slot] + entry.offset);
        let map = FrameMap { size: self.frame.size, references: references.collect() };
        let block = function.layout.inst_block(call).expect("in the layout");
        let told =
            |&(known, number): &(Block, u32)| known == block && self.maps[number as usize] == map;
        if self.current.as_ref().is_some_and(told) {
            return;
        }
        let number = u32::try_from(self.maps.len()).expect("fewer maps than instructions");
        self.maps.push(map);
        self.current = Some((block, number));
        let mut pos = FuncCursor::new(function).at_inst(call);
        let number = pos.ins().iconst(I32, i64::from(number));
        pos.ins().store(self.flags, number, self.at, MAP.cast_signed());
    }
}

/// Whether the frames of a function have headers: they do if it runs in an instance.
pub(super) fn applies(program: &Program, function: &Function) -> bool {
    let first = function.signature.params.first();
    program.has_instance() && first.is_some_and(|it| it.purpose == ArgumentPurpose::VMContext)
}

/// The vmctx that a function of an instance gets as its first parameter.
fn vmctx(function: &Function) -> Value {
    let entry = function.layout.entry_block().expect("`admit` refuses empty functions");
    function.dfg.block_params(entry)[0]
}

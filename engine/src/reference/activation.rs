//! One activation of a function: its values, and where it stands.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir::{Block, Function, Inst};
use cranelift_interpreter::frame::Frame;

use crate::program::FuncId;

/// An activation. `inst` is the instruction to execute next, and after a call that has
/// not returned yet, the call.
pub(super) struct Activation<'a> {
    pub(super) program: u32,
    pub(super) id: FuncId,
    pub(super) function: &'a Function,
    pub(super) frame: Frame<'a>,
    pub(super) inst: Option<Inst>,
}

impl<'a> Activation<'a> {
    /// The activation of a function that has just been entered.
    pub(super) fn enter(
        program: u32,
        id: FuncId,
        function: &'a Function,
        args: impl IntoIterator<Item = DataValue>,
    ) -> Activation<'a> {
        let frame = Frame::new(function);
        let mut activation = Activation { program, id, function, frame, inst: None };
        if let Some(entry) = function.layout.entry_block() {
            activation.jump(entry, args);
        }
        activation
    }

    /// Goes to the start of a block.
    pub(super) fn jump(&mut self, block: Block, args: impl IntoIterator<Item = DataValue>) {
        let params = self.function.dfg.block_params(block).iter();
        for (&param, arg) in params.zip(args) {
            self.frame.set(param, arg);
        }
        self.inst = self.function.layout.first_inst(block);
    }

    /// Gives an instruction its results and goes on behind it.
    pub(super) fn finish(&mut self, inst: Inst, results: impl IntoIterator<Item = DataValue>) {
        let names = self.function.dfg.inst_results(inst).iter();
        for (&name, result) in names.zip(results) {
            self.frame.set(name, result);
        }
        self.inst = self.function.layout.next_inst(inst);
    }
}

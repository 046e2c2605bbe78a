//! Run lines: `; run: %f(1) == 2`.
#![forbid(unsafe_code)]

use cranelift_codegen::data_value::DataValue;
use cranelift_codegen::ir;
use cranelift_reader::{Comparison, RunCommand};

use super::source::plain_name;
use crate::executor::Slot;
use crate::run::Call;

/// One run line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLine {
    /// Its line in the text, from 1.
    pub line: usize,
    /// What to call.
    pub call: Call,
    /// The types of the arguments, by the names of [`crate::program::ValType`].
    pub arg_types: Vec<String>,
    /// What must come of it; `None` where the line only prints.
    pub expected: Option<Expected>,
}

/// What a call must return, or must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Whether it is `values` that must be returned, or anything else.
    pub equal: bool,
    /// One for each result.
    pub values: Vec<Slot>,
    /// Their types.
    pub types: Vec<String>,
}

impl RunLine {
    /// The run line of a command that stands behind `function`.
    pub(super) fn new(
        command: &RunCommand,
        function: &ir::Function,
        line: usize,
    ) -> Result<RunLine, String> {
        let (invocation, expected) = match command {
            RunCommand::Print(invocation) => (invocation, None),
            RunCommand::Run(invocation, comparison, values) => {
                let types = values.iter().map(type_name).collect();
                let values = values.iter().map(slot).collect::<Option<_>>();
                let values = values.ok_or("a result of a type that has no slot")?;
                let equal = matches!(comparison, Comparison::Equals);
                (invocation, Some(Expected { equal, values, types }))
            }
        };
        let arg_types = invocation.args.iter().map(type_name).collect();
        let args = invocation.args.iter().map(slot).collect::<Option<Vec<_>>>();
        let args = args.ok_or("an argument of a type that has no slot")?;
        // A line calls the function before it, whatever name it states: so does Cranelift.
        let export = plain_name(function);
        let call = Call { export, args: args.into_iter().map(Some).collect() };
        Ok(RunLine { line, call, arg_types, expected })
    }
}

/// The name of a value's type; every whole vector is a `v128`.
fn type_name(value: &DataValue) -> String {
    match value {
        DataValue::V128(_) => "v128".to_owned(),
        value => value.ty().to_string(),
    }
}

/// A value as a slot, if it fits one.
fn slot(value: &DataValue) -> Option<Slot> {
    let width = value.ty().bytes() as usize;
    let mut bytes = [0; size_of::<Slot>()];
    value.write_to_slice_le(bytes.get_mut(..width)?);
    Some(Slot::from_le_bytes(bytes))
}

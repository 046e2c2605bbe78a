//! The kinds of confusion: one file each, all of the same shape.
//!
//! A [`Confusion`] says what there is to choose at an instruction, nothing where it does
//! not apply, and makes the change. It looks at the unchanged function through an
//! [`Anatomy`] and changes another copy, in which earlier entries of the plan may have
//! changed the instruction already: then it answers [`Inapplicable`] or acts on what is
//! there, but never panics.
//!
//! To add one: a file here, and a line in `kinds!`, by which surveys, plans, the generator
//! and `explain` go. The change must verify and must change something: `confuse/tests.rs`
//! tries every choice at every place of a corpus.
#![forbid(unsafe_code)]

mod displacement;
mod drop_check;
mod drop_signature_check;
mod extension;
mod field;
mod integer;
mod invert_check;
mod late_check;
mod pointer;
mod stale;
mod swap_func_ref;
mod width;

use cranelift_codegen::cursor::{Cursor as _, FuncCursor};
use cranelift_codegen::entity::EntityRef as _;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{Function, Inst, InstBuilder as _, InstructionData, Value};

use super::anatomy::{Anatomy, address};
use super::plan::Params;

/// Why an entry cannot be applied where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Inapplicable {
    /// The instruction is none that this kind changes, or is no longer.
    #[error("the instruction there is not what this kind changes")]
    Instruction,
    /// A param is missing, or of the wrong type.
    #[error("params.{0} is missing, or not what this kind takes")]
    Param(&'static str),
    /// A value that the function does not have, or of another type.
    #[error("v{0} is no i32 that may be used there")]
    Value(i64),
}

/// What an entry did: the instruction that shows whether it took effect, if that is
/// another than the nearest access.
type Applied = Result<Option<Inst>, Inapplicable>;

/// One kind of confusion.
trait Confusion {
    /// What may be chosen at an instruction; empty where the kind does not apply.
    fn choices(anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params>;

    /// Whether [`Confusion::choices`] may have any: quicker, where that is slow.
    fn applies(anatomy: &Anatomy<'_>, inst: Inst) -> bool {
        !Self::choices(anatomy, inst).is_empty()
    }

    /// Makes the change in `function`.
    fn apply(
        function: &mut Function,
        anatomy: &Anatomy<'_>,
        inst: Inst,
        params: &Params,
    ) -> Applied;
}

/// Declares [`Kind`] with the name and the implementation of each.
macro_rules! kinds {
    ($( $(#[$doc:meta])* $variant:ident = $name:literal, $confusion:ty; )*) => {
        /// A kind of confusion.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $( $(#[$doc])* $variant, )* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$( Kind::$variant, )*];

            /// Its name in plans.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Kind::$variant => $name, )* }
            }

            pub(super) fn choices(self, anatomy: &Anatomy<'_>, inst: Inst) -> Vec<Params> {
                match self { $( Kind::$variant => <$confusion>::choices(anatomy, inst), )* }
            }

            pub(super) fn applies(self, anatomy: &Anatomy<'_>, inst: Inst) -> bool {
                match self { $( Kind::$variant => <$confusion>::applies(anatomy, inst), )* }
            }

            pub(super) fn apply(
                self,
                function: &mut Function,
                anatomy: &Anatomy<'_>,
                inst: Inst,
                params: &Params,
            ) -> Applied {
                match self {
                    $( Kind::$variant => <$confusion>::apply(function, anatomy, inst, params), )*
                }
            }
        }
    };
}

kinds! {
    /// The pointer to one structure is used as that to another.
    Pointer = "pointer", pointer::Pointer;
    /// Another field of the same structure is accessed.
    Field = "field", field::Field;
    /// An access is wider, narrower or of another sign.
    Width = "width", width::Width;
    /// An integer of the guest, a code index or a length is used as an address.
    Integer = "integer", integer::Integer;
    /// The displacement of an access is another.
    Displacement = "displacement", displacement::Displacement;
    /// A bounds or null check is not made.
    DropCheck = "drop-check", drop_check::DropCheck;
    /// A bounds or null check is made the wrong way round.
    InvertCheck = "invert-check", invert_check::InvertCheck;
    /// The type of an indirectly called function is not checked.
    DropSignatureCheck = "drop-signature-check", drop_signature_check::DropSignatureCheck;
    /// A field of a function reference is taken for another one.
    SwapFuncRef = "swap-func-ref", swap_func_ref::SwapFuncRef;
    /// A value is extended with the wrong sign.
    Extension = "extension", extension::Extension;
    /// A length or base that was loaded before a call is used after it.
    Stale = "stale", stale::Stale;
    /// A check is made after what it should guard.
    LateCheck = "late-check", late_check::LateCheck;
}

impl Kind {
    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// Gives an access another address. An i32 becomes one of 64 bits where addresses are:
/// zero-extended, as a compiler would that takes it for a pointer.
fn set_address(function: &mut Function, inst: Inst, value: Value) -> Result<(), Inapplicable> {
    let old = address(function, inst).ok_or(Inapplicable::Instruction)?;
    let (now, new) = (function.dfg.value_type(old), function.dfg.value_type(value));
    let value = match (now, new) {
        (I64, I32) => FuncCursor::new(function).at_inst(inst).ins().uextend(I64, value),
        _ => value,
    };
    match &mut function.dfg.insts[inst] {
        InstructionData::Load { arg: address, .. }
        | InstructionData::Store { args: [_, address], .. }
        | InstructionData::LoadNoOffset { arg: address, .. }
        | InstructionData::StoreNoOffset { args: [_, address], .. }
        | InstructionData::AtomicRmw { args: [address, _], .. }
        | InstructionData::AtomicCas { args: [address, ..], .. } => *address = value,
        _ => return Err(Inapplicable::Instruction),
    }
    Ok(())
}

/// Gives a load or store another displacement.
fn set_displacement(
    function: &mut Function,
    inst: Inst,
    displacement: i64,
) -> Result<(), Inapplicable> {
    let displacement = i32::try_from(displacement);
    let displacement = displacement.map_err(|_| Inapplicable::Param("displacement"))?;
    match &mut function.dfg.insts[inst] {
        InstructionData::Load { offset, .. } | InstructionData::Store { offset, .. } => {
            *offset = displacement.into();
        }
        _ => return Err(Inapplicable::Instruction),
    }
    Ok(())
}

/// Lets the result of an instruction be another value, and removes the instruction.
fn alias_result(function: &mut Function, inst: Inst, value: Value) {
    let results = function.dfg.inst_results(inst).to_vec();
    function.dfg.clear_results(inst);
    for result in results {
        function.dfg.change_to_alias(result, value);
    }
    function.layout.remove_inst(inst);
}

/// The choice of a value.
fn value_param(value: Value) -> Params {
    let number = i64::try_from(value.index()).unwrap_or(i64::MAX);
    Params::number("value", number)
}

/// The value that `params.value` names, if it is there at an instruction.
fn chosen_value(anatomy: &Anatomy<'_>, inst: Inst, params: &Params) -> Result<Value, Inapplicable> {
    let number = params.get_number("value")?;
    let index = usize::try_from(number).ok();
    let value = index.filter(|&index| index < anatomy.function.dfg.num_values()).map(Value::new);
    let fits = |value: &Value| {
        let dfg = &anatomy.function.dfg;
        dfg.value_is_real(*value) && anatomy.may_address(*value) && anatomy.dominates(*value, inst)
    };
    value.filter(fits).ok_or(Inapplicable::Value(number))
}

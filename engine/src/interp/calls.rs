//! What the calls of a function mean: whom a direct call names, and which signature
//! an indirect call expects.
#![forbid(unsafe_code)]

use cranelift_codegen::ir::{ExtFuncData, ExternalName, Function, SigRef, UserExternalNameRef};

use super::abi::Frame;
use crate::code_table::{CodeTable, SignatureId};
use crate::executor::LoadError;
use crate::passes::Prepared;
use crate::program::{Builtin, FUNCTION_NAMESPACE, FuncId};
use crate::site::SiteId;

/// Whom a direct call names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A function of the same program.
    Function(FuncId),
    /// A builtin, with the frame of the call.
    Builtin(Builtin, Frame),
}

/// The calls of one function.
pub(super) struct Calls {
    direct: Vec<(UserExternalNameRef, Named)>,
    indirect: Vec<(SiteId, SignatureId)>,
}

impl Calls {
    /// Finds the calls of a function; interns the signatures of its indirect ones.
    pub(super) fn of(
        function: &Function,
        program: &Prepared,
        table: &mut CodeTable,
    ) -> Result<Calls, LoadError> {
        let callees = function.dfg.ext_funcs.values();
        Ok(Calls {
            direct: callees
                .map(|callee| direct(function, callee, program))
                .collect::<Result<_, _>>()?,
            indirect: indirect(function, table)?,
        })
    }

    /// The signatures that indirect calls expect, in the order of the calls.
    pub(super) fn signatures(&self) -> impl Iterator<Item = SignatureId> {
        self.indirect.iter().map(|&(_, id)| id)
    }

    /// Whom a name in the compiled code stands for.
    pub(super) fn named(&self, name: &ExternalName) -> Option<&Named> {
        let ExternalName::User(name) = name else { return None };
        self.direct.iter().find(|(candidate, _)| candidate == name).map(|(_, named)| named)
    }

    /// The signature that the indirect call at a site expects.
    pub(super) fn signature(&self, site: SiteId) -> Option<SignatureId> {
        self.indirect.iter().find(|(candidate, _)| *candidate == site).map(|(_, id)| *id)
    }
}

fn direct(
    function: &Function,
    callee: &ExtFuncData,
    program: &Prepared,
) -> Result<(UserExternalNameRef, Named), LoadError> {
    let ExternalName::User(reference) = callee.name else {
        return Err(unsupported(format!("a reference to {}", callee.name.display(None))));
    };
    let name = &function.params.user_named_funcs()[reference];
    let signature = &function.dfg.signatures[callee.signature];
    let named = match name.namespace {
        FUNCTION_NAMESPACE => {
            let id = FuncId(name.index);
            let target = program.functions.get(id.0 as usize);
            let same = target.is_some_and(|target| target.signature == *signature);
            same.then_some(Named::Function(id))
        }
        _ => match Builtin::named(name) {
            Some(builtin) => Some(Named::Builtin(builtin, Frame::of(signature)?)),
            None => None,
        },
    };
    let named = named.ok_or_else(|| unsupported(format!("a call to {name} as {signature}")))?;
    Ok((reference, named))
}

fn indirect(
    function: &Function,
    table: &mut CodeTable,
) -> Result<Vec<(SiteId, SignatureId)>, LoadError> {
    let mut found = Vec::new();
    for block in function.layout.blocks() {
        for instruction in function.layout.block_insts(block) {
            let Some(signature) = indirect_signature(function, instruction) else { continue };
            let signature = &function.dfg.signatures[signature];
            Frame::of(signature)?;
            let site = SiteId::from_source_loc(function.srcloc(instruction))
                .ok_or_else(|| unsupported("an indirect call without a site".to_owned()))?;
            found.push((site, table.intern(signature)));
        }
    }
    Ok(found)
}

/// The signature of an indirect call, plain, with handlers or in tail position.
fn indirect_signature(
    function: &Function,
    instruction: cranelift_codegen::ir::Inst,
) -> Option<SigRef> {
    use cranelift_codegen::ir::InstructionData;
    match function.dfg.insts[instruction] {
        InstructionData::CallIndirect { sig_ref, .. } => Some(sig_ref),
        InstructionData::TryCallIndirect { exception, .. } => {
            Some(function.dfg.exception_tables[exception].signature())
        }
        _ => None,
    }
}

fn unsupported(what: String) -> LoadError {
    LoadError::Unsupported(what)
}

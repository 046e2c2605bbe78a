//! Linking: functions to one image, with their calls resolved.

use std::sync::Arc;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{LibCall, Signature};

use super::code::ALIGNMENT;
use super::emitted::{EmittedFunction, Relocation, Symbol};
use crate::executor::LoadError;
use crate::program::{Builtin, FuncId};

/// Checks that every function of a program is called with its own signature, that there
/// is such a function, and that each builtin is called with one signature only. Returns
/// the builtins, with these.
pub(super) fn check_calls(
    functions: &[Arc<EmittedFunction>],
) -> Result<Vec<(Builtin, Signature)>, LoadError> {
    let mut builtins: Vec<(Builtin, Signature)> = Vec::new();
    for (symbol, stated) in functions.iter().flat_map(|function| &function.callees) {
        let actual = match *symbol {
            Symbol::Function(FuncId(index)) => {
                functions.get(index as usize).map(|callee| &callee.signature)
            }
            Symbol::Builtin(builtin) => Some(known_or_new(&mut builtins, builtin, stated)),
            Symbol::LibCall(_) | Symbol::Here(_) => Some(stated),
        };
        if actual != Some(stated) {
            let is = actual.map_or_else(|| "not there".to_owned(), Signature::to_string);
            let what = format!("a call of {symbol} as {stated}, which is {is}");
            return Err(LoadError::Unsupported(what));
        }
    }
    Ok(builtins)
}

/// The signature of a builtin; the stated one when it is the first.
fn known_or_new<'a>(
    builtins: &'a mut Vec<(Builtin, Signature)>,
    builtin: Builtin,
    stated: &Signature,
) -> &'a Signature {
    let index = builtins.iter().position(|known| known.0 == builtin).unwrap_or_else(|| {
        builtins.push((builtin, stated.clone()));
        builtins.len() - 1
    });
    &builtins[index].1
}

/// The library functions that some functions call, each once.
pub(super) fn library_calls(functions: &[Arc<EmittedFunction>]) -> Vec<LibCall> {
    let mut calls = Vec::new();
    for relocation in functions.iter().flat_map(|function| &function.relocations) {
        match relocation.symbol {
            Symbol::LibCall(call) if !calls.contains(&call) => calls.push(call),
            _ => {}
        }
    }
    calls
}

/// Where each function begins in an image, and how long the image is.
pub(super) fn place(functions: &[Arc<EmittedFunction>]) -> (Vec<usize>, usize) {
    let mut end: usize = 0;
    let starts = functions
        .iter()
        .map(|function| {
            let start = end.next_multiple_of(ALIGNMENT);
            end = start + function.code.len();
            start
        })
        .collect();
    (starts, end)
}

/// An image with every reference resolved.
pub(super) struct Linker<'a> {
    pub(super) functions: &'a [Arc<EmittedFunction>],
    /// What [`place`] gave.
    pub(super) starts: &'a [usize],
    /// Where the image will lie.
    pub(super) address: u64,
    /// The address of a symbol that is not in the program.
    pub(super) resolve: &'a dyn Fn(Symbol) -> Option<u64>,
}

impl Linker<'_> {
    /// The image, `len` bytes long. Fails when a reference has no target or is out of
    /// its reach.
    pub(super) fn link(&self, len: usize) -> Result<Vec<u8>, LoadError> {
        let mut image = vec![TRAP_BYTE; len];
        for (function, &start) in self.functions.iter().zip(self.starts) {
            image[start..start + function.code.len()].copy_from_slice(&function.code);
            for relocation in &function.relocations {
                self.relocate(&mut image, start, relocation)?;
            }
        }
        Ok(image)
    }

    fn relocate(&self, image: &mut [u8], start: usize, r: &Relocation) -> Result<(), LoadError> {
        let place = start + r.offset as usize;
        let target = match r.symbol {
            Symbol::Function(FuncId(index)) => {
                self.starts.get(index as usize).map(|&to| self.address + to as u64)
            }
            Symbol::Here(offset) => Some(self.address + start as u64 + u64::from(offset)),
            other => (self.resolve)(other),
        };
        let target = target.ok_or_else(|| no_target(r.symbol))?;
        let value = target.wrapping_add_signed(r.addend);
        match r.kind {
            Reloc::Abs8 => image[place..place + 8].copy_from_slice(&value.to_le_bytes()),
            Reloc::X86CallPCRel4 | Reloc::X86PCRel4 => {
                let distance = value.wrapping_sub(self.address + place as u64).cast_signed();
                let distance = i32::try_from(distance).map_err(|_| no_target(r.symbol))?;
                image[place..place + 4].copy_from_slice(&distance.to_le_bytes());
            }
            kind => return Err(LoadError::Unsupported(format!("relocation {kind}"))),
        }
        Ok(())
    }
}

/// `int3`: what stands between functions.
const TRAP_BYTE: u8 = 0xcc;

fn no_target(symbol: Symbol) -> LoadError {
    LoadError::Unsupported(format!("a reference to {symbol:?}, which is out of reach"))
}

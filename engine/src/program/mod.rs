//! A program: arena CLIF functions and the description of the module around them.
//!
//! It comes from Wasm (`frontend`) or from CLIF text, and it is the same for every
//! executor. Every address in its functions is an `i32`: an offset into the arena.
//! Functions are called in four ways:
//!
//! | call | in CLIF |
//! |---|---|
//! | to a function of the program | direct, name `u0:FUNC` ([`FUNCTION_NAMESPACE`]) |
//! | to a builtin of the runtime | direct, name `u1:BUILTIN` ([`BUILTIN_NAMESPACE`]) |
//! | through a code index | `call_indirect`, `return_call_indirect`, ... on an `i32` |
//! | to a host import | the same: the index names a host entry of the code table |
//!
//! All types here are plain data, free of Wasmtime's own, so that only `frontend`
//! depends on Wasmtime.
#![forbid(unsafe_code)]

mod builtin;
mod module;
mod val_type;

use cranelift_codegen::ir;

pub use builtin::{BUILTIN_NAMESPACE, Builtin};
pub use module::{
    Export, FuncType, FunctionDecl, Global, Import, Item, Memory, MemoryImage, Module,
    PassiveElements, Table,
};
pub use val_type::ValType;

use crate::clif;
use crate::layout::{Layout, Structure};

/// Namespace of the external names that stand for functions of the program; the
/// index is a [`FuncId`].
pub const FUNCTION_NAMESPACE: u32 = 0;

/// Index of a function defined by a program: the position in [`Program::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(pub u32);

/// A program, before any pass.
#[derive(Clone, Debug)]
pub struct Program {
    /// The functions, defined Wasm functions first, in module order.
    pub functions: Vec<ir::Function>,
    /// The compiled part of instantiation, where there is one: called once with the
    /// new instance's vmctx as both context arguments, after the runtime has built
    /// the VM structures. It ends by calling the module's start function.
    pub startup: Option<FuncId>,
    /// What the module declares.
    pub module: Module,
    /// Where the VM structures of an instance of this module lie; the empty layout in a
    /// program that was read from CLIF text, which has none.
    pub layout: Layout,
}

impl Program {
    /// Whether the program is a module, whose functions run in an instance.
    #[must_use]
    pub fn has_instance(&self) -> bool {
        self.layout != Layout::default()
    }

    /// The structures that its accesses may name: those that an instance has, or those
    /// that text may write into memory.
    #[must_use]
    pub fn catalogue(&self) -> Vec<Structure> {
        if self.has_instance() { self.layout.catalogue() } else { clif::structures() }
    }
}

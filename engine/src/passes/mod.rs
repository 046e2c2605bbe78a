//! What happens to a program before any executor sees it.
//!
//! Every executor runs the same [`Prepared`] program, so nothing here may depend on
//! a backend. There are two kinds of run ([`Mode`]); both move stack slots into the
//! arena and number the sites, only exact runs remove undefined behaviour.
#![forbid(unsafe_code)]

use cranelift_codegen::ir;

use crate::program::FuncId;
use crate::site::Site;

/// The kind of run that a program is prepared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// No undefined behaviour is left: all executors must agree bit for bit.
    Exact,
    /// Flags and alias regions as the front end left them, judged for containment
    /// and control flow only. Also the fast way to run.
    AsShipped,
}

/// A program, ready for executors.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What kind of run it is ready for.
    pub mode: Mode,
    /// Its functions, by [`FuncId`].
    pub functions: Vec<ir::Function>,
    /// See [`crate::program::Program::startup`].
    pub startup: Option<FuncId>,
    /// Its sites, by [`crate::site::SiteId`].
    pub sites: Vec<Site>,
}

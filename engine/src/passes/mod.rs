//! What happens to a program before any executor sees it.
//!
//! Every executor runs the same [`Prepared`] program, so nothing here may depend on
//! a backend. There are two kinds of run ([`Mode`]); both move stack slots into the
//! arena and number the sites, only exact runs remove undefined behaviour. In order:
//!
//! | pass | what it does | why there |
//! |---|---|---|
//! | `admit` | refuses what no executor may run | first |
//! | [`return_area`] | results that do not fit registers go through memory | makes stack slots |
//! | [`shadow_stack`] | stack slots become an area of the arena | makes memory accesses |
//! | `sites` | numbers memory accesses and indirect calls | sees each access whole |
//! | `wide` | splits accesses that Pulley cannot do | splits an access after it has a site |
//! | `sanitize` | removes undefined behaviour (exact runs) | sees each access as it will be |
//!
//! Two are not among them, because an executor applies them to its copy: [`atomics`] where
//! there are none, [`bounds`] where branches are cheaper than to wait for an address.
//!
//! A program with raw pointers has no exact runs. Its results go the target's own way,
//! and what has stack slots is refused.
#![forbid(unsafe_code)]

mod admit;
pub(crate) mod atomics;
pub(crate) mod bounds;
pub(crate) mod frame_map;
pub(crate) mod handlers;
pub(crate) mod opcode;
pub mod return_area;
mod sanitize;
pub mod shadow_stack;
mod sites;
pub(crate) mod value;
mod wide;

use std::sync::Arc;

use cranelift_codegen::ir::{self, AliasRegion, AliasRegionData};

pub(crate) use admit::refuses;
pub use frame_map::FrameMap;
pub(crate) use sites::width;

use crate::layout::Addressing;
use crate::program::{FuncId, Program};
use crate::site::Site;

/// The kind of run that a program is prepared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// How it names memory and code.
    pub addressing: Addressing,
    /// Its functions, by [`FuncId`]. Their signatures are those of the program after
    /// [`return_area::explicit`]. Programs that were prepared from one another share
    /// functions, and executors may know a function by its address.
    pub functions: Vec<Arc<ir::Function>>,
    /// See [`crate::program::Program::startup`].
    pub startup: Option<FuncId>,
    /// Its sites, by [`crate::site::SiteId`].
    pub sites: Vec<Site>,
    /// What shadow-stack frames hold, by the numbers in their headers; none in a program
    /// without an instance.
    pub frame_maps: Arc<Vec<FrameMap>>,
}

/// Why a program cannot be prepared. It may be valid CLIF, but it is not for this
/// engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} in function {}", .function.0)]
pub struct PassError {
    /// The function.
    pub function: FuncId,
    /// What stands in it.
    pub what: Refusal,
}

/// What the passes refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An opcode that makes or reveals an address of the host, that means different
    /// things on different targets, or that no pass handles.
    #[error("opcode {0}")]
    Opcode(ir::Opcode),
    /// A trap code that is none of [`crate::trap::Trap`].
    #[error("trap code {0}")]
    TrapCode(ir::TrapCode),
    /// A value type that not every executor has.
    #[error("type {0}")]
    Type(ir::Type),
    /// An access in big-endian byte order that has no meaning on a little-endian target.
    #[error("a big-endian {0}")]
    BigEndian(ir::Opcode),
    /// A call to a function that the program does not have, or with a signature that is
    /// not the callee's.
    #[error("a call to {0} that does not fit it")]
    Callee(String),
    /// Stack slots larger than the shadow stack allows one function.
    #[error("a stack frame of more than {} bytes", shadow_stack::MAX_FRAME)]
    Frame,
    /// Something else that CLIF has and the engine does not.
    #[error("{0}")]
    Feature(&'static str),
    /// CLIF that Cranelift's verifier rejects.
    #[error("invalid CLIF: {0}")]
    Invalid(String),
}

/// Prepares a program for one kind of run. Deterministic. The functions must be valid
/// CLIF for `pulley32`: see [`verify`].
///
/// # Errors
/// [`PassError`].
pub fn prepare(program: &Program, mode: Mode) -> Result<Prepared, PassError> {
    let mut prepared = Prepared {
        mode,
        addressing: program.layout.addressing,
        functions: Vec::with_capacity(program.functions.len()),
        startup: program.startup,
        sites: Vec::new(),
        frame_maps: Arc::default(),
    };
    for (id, function) in (0..).map(FuncId).zip(&program.functions) {
        let function = prepare_one(program, &mut prepared, id, function.clone())?;
        prepared.functions.push(function);
    }
    Ok(prepared)
}

/// Prepares a program in which some functions were changed, but not their signatures.
/// `unchanged` is what [`prepare`] made of it: the other functions are shared with it,
/// and keep their site ids. The changed functions' sites and frame maps come after those.
///
/// # Errors
/// [`PassError`].
pub fn prepare_changed(
    program: &Program,
    unchanged: &Prepared,
    changed: &[(FuncId, ir::Function)],
) -> Result<Prepared, PassError> {
    let mut prepared = unchanged.clone();
    for (id, function) in changed {
        let function = prepare_one(program, &mut prepared, *id, function.clone())?;
        prepared.functions[id.0 as usize] = function;
    }
    Ok(prepared)
}

/// Prepares one function; what it adds to the tables goes into `prepared`.
fn prepare_one(
    program: &Program,
    prepared: &mut Prepared,
    id: FuncId,
    mut function: ir::Function,
) -> Result<Arc<ir::Function>, PassError> {
    let mode = prepared.mode;
    let refused = |what| PassError { function: id, what };
    admit::check_calls(program, &function).map_err(refused)?;
    admit::check(&function).map_err(refused)?;
    admit::strip(&mut function);
    if program.layout.addressing == Addressing::Raw64 {
        admit::check_raw(&function, mode).map_err(refused)?;
        return_area::normalise(&mut function);
        sites::number(&mut function, id, &mut prepared.sites);
        return Ok(Arc::new(function));
    }
    // Before parameters lose their purposes.
    let has_headers = frame_map::applies(program, &function);
    return_area::make_explicit(&mut function);
    let maps = has_headers.then_some(&mut prepared.frame_maps);
    shadow_stack::move_slots(&mut function, mode, maps).map_err(refused)?;
    sites::number(&mut function, id, &mut prepared.sites);
    wide::split(&mut function);
    if mode == Mode::Exact {
        sanitize::run(&mut function).map_err(refused)?;
    }
    Ok(Arc::new(function))
}

/// Runs Cranelift's verifier for `pulley32` on every function. A program out of
/// `frontend` is valid as it comes; one that was read from text or changed may not be.
///
/// # Errors
/// [`Refusal::Invalid`] with the first complaint.
pub fn verify(program: &Program) -> Result<(), PassError> {
    admit::verify(program)
}

/// Runs Cranelift's verifier for the target of an addressing on one function.
///
/// # Errors
/// The first complaint.
pub fn verify_function(function: &ir::Function, addressing: Addressing) -> Result<(), String> {
    admit::verify_one(function, addressing)
}

/// Alias regions that the passes and `lowering` add. Their ids lie in a part of the
/// id space that Wasmtime's front end leaves free; a clash with a program read from
/// text would only make the optimiser more careful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum OwnRegion {
    /// The words of the shadow stack, and its frames when they are set up.
    ShadowStack = 0xfc00_0000,
    /// Results in a return area.
    ReturnArea,
    /// The native code table.
    CodeTable,
    /// The native control block.
    Control,
    /// The log of accesses.
    Log,
}

impl OwnRegion {
    /// The region in a function.
    pub(crate) fn of(self, function: &mut ir::Function) -> AliasRegion {
        let user_id = self as u32;
        let regions = &mut function.dfg.alias_regions;
        match regions.get(user_id) {
            Some(region) => region,
            None => {
                let description = match self {
                    OwnRegion::ShadowStack => "shadow stack",
                    OwnRegion::ReturnArea => "return area",
                    OwnRegion::CodeTable => "code table",
                    OwnRegion::Control => "control block",
                    OwnRegion::Log => "access log",
                };
                regions.insert(AliasRegionData { user_id, description: description.into() })
            }
        }
    }
}

/// The instructions of a function in layout order. A pass walks this list, so that it
/// does not meet what it inserts.
fn instructions(function: &ir::Function) -> Vec<ir::Inst> {
    let layout = &function.layout;
    layout.blocks().flat_map(|block| layout.block_insts(block)).collect()
}

/// Lets the results of an instruction be other values, and removes it.
fn replace(function: &mut ir::Function, inst: ir::Inst, values: &[ir::Value]) {
    let results = function.dfg.inst_results(inst).to_vec();
    function.dfg.clear_results(inst);
    for (result, &value) in results.into_iter().zip(values) {
        function.dfg.change_to_alias(result, value);
    }
    function.layout.remove_inst(inst);
}

//! The programs that are loaded, and what an address in their code means.

use std::sync::Arc;

use super::emitted::EmittedFunction;
use crate::passes::Mode;
use crate::program::FuncId;
use crate::site::{Site, SiteId};
use crate::trap::Trap;

/// A program in code memory.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) mode: Mode,
    pub(super) functions: Vec<Arc<EmittedFunction>>,
    /// Address of each function, ascending.
    pub(super) addresses: Vec<u64>,
    pub(super) sites: Vec<SiteShape>,
}

/// What judging a fault needs to know of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteShape {
    function: FuncId,
    pub(super) width: u32,
    pub(super) displacement: i32,
    movable: bool,
}

impl SiteShape {
    pub(super) fn of(site: &Site) -> SiteShape {
        let (width, displacement) = (site.width.into(), site.displacement);
        SiteShape { function: site.function, width, displacement, movable: site.movable }
    }
}

/// An instruction of a loaded program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location<'a> {
    pub(super) program: u32,
    pub(super) function: FuncId,
    pub(super) site: Option<SiteId>,
    /// How the instruction may trap.
    pub(super) trap: Option<Trap>,
    /// The code from the instruction on, as the compiler emitted it.
    pub(super) code: &'a [u8],
    /// Offset of the instruction in its function.
    pub(super) offset: u32,
    pub(super) emitted: &'a EmittedFunction,
    loaded: &'a Loaded,
}

impl Location<'_> {
    pub(super) fn mode(&self) -> Mode {
        self.loaded.mode
    }

    /// The displacements that an access of `width` bytes by this instruction may have
    /// in CLIF. That of its site, or of a load that the compiler moved here, whose site
    /// is lost; where it folded a load into the instruction that uses it, there is no
    /// site, and it may be any of the function's own.
    pub(super) fn displacements(&self, width: u32) -> Vec<i32> {
        let shapes = &self.loaded.sites;
        let own = self.site.and_then(|site| shapes.get(site.0 as usize));
        let own = own.filter(|site| width <= site.width);
        let here = shapes.iter().filter(|site| site.function == self.function);
        let alike = here.filter(|site| site.width == width && (own.is_none() || site.movable));
        own.into_iter().chain(alike).map(|site| site.displacement).collect()
    }
}

/// The instruction at an address, if it belongs to a loaded program.
pub(super) fn locate(programs: &[Loaded], pc: u64) -> Option<Location<'_>> {
    programs.iter().zip(0..).find_map(|(loaded, program)| {
        let index = loaded.addresses.partition_point(|&start| start <= pc).checked_sub(1)?;
        let function = &loaded.functions[index];
        let offset = u32::try_from(pc - loaded.addresses[index]).ok()?;
        let code = function.code.get(offset as usize..).filter(|code| !code.is_empty())?;
        Some(Location {
            program,
            function: FuncId(u32::try_from(index).ok()?),
            site: function.site_at(offset),
            trap: function.trap_at(offset),
            code,
            offset,
            emitted: function,
            loaded,
        })
    })
}

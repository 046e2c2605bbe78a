//! The programs that are loaded, and what an address in their code means.

use std::sync::Arc;

use super::emitted::EmittedFunction;
use super::placed::Placed;
use crate::layout::Addressing;
use crate::passes::Mode;
use crate::program::FuncId;
use crate::site::{Site, SiteId, SiteKind};
use crate::trap::Trap;

/// A program in code memory.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) mode: Mode,
    pub(super) addressing: Addressing,
    pub(super) placed: Arc<Placed>,
    pub(super) sites: Vec<SiteShape>,
}

/// What judging a fault needs to know of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteShape {
    function: FuncId,
    pub(super) width: u32,
    pub(super) displacement: i32,
    is_load: bool,
}

impl SiteShape {
    pub(super) fn of(site: &Site) -> SiteShape {
        let (width, displacement) = (site.width.into(), site.displacement);
        SiteShape {
            function: site.function,
            width,
            displacement,
            is_load: site.kind == SiteKind::Load,
        }
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

    pub(super) fn addressing(&self) -> Addressing {
        self.loaded.addressing
    }

    /// The displacements that an access of `width` bytes by this instruction may have
    /// in CLIF: that of its site, and those of the function's loads of that width. The
    /// compiler folds a load into the instruction that uses it, be that the address of
    /// another access, and moves loads that cannot change; the site is then the other
    /// one's, or lost.
    pub(super) fn displacements(&self, width: u32) -> impl Iterator<Item = i32> {
        let shapes = &self.loaded.sites;
        let own = self.site.and_then(|site| shapes.get(site.0 as usize));
        let own = own.filter(|site| width <= site.width);
        let here = shapes.iter().filter(|site| site.function == self.function);
        let loads = here.filter(move |site| site.width == width && site.is_load);
        own.into_iter().chain(loads).map(|site| site.displacement)
    }
}

/// The instruction at an address, if it belongs to a loaded program.
pub(super) fn locate(programs: &[Loaded], pc: u64) -> Option<Location<'_>> {
    programs.iter().zip(0..).find_map(|(loaded, program)| {
        let Placed { functions, addresses, .. } = &*loaded.placed;
        let index = addresses.partition_point(|&start| start <= pc).checked_sub(1)?;
        let function = &functions[index];
        let offset = u32::try_from(pc - addresses[index]).ok()?;
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

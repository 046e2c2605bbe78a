//! Code memory: where machine code lies, never writable and executable at once.
//!
//! One reservation holds two areas, so that every call between them is a near call:
//! gateways and entry trampolines, kept from run to run, and the programs of the
//! current run. Both grow upwards and are emptied whole.
//!
//! For a cell each area lies in a file, which is writable here, executable there, and
//! as long as its code: a jump past the end faults.

use std::io;
use std::ops::Range;
use std::os::fd::AsFd;

use crate::cage::file::MemoryFile;
use crate::cage::mapping::{Mapping, Protection};
use crate::cell;
use crate::executor::LoadError;

const PAGE: usize = 4096;

/// Bytes for gateways and entry trampolines.
const GATEWAYS: usize = 16 << 20;

/// Bytes for the programs of one run.
const PROGRAMS: usize = 256 << 20;

/// Bytes of an emptied area that stay in memory.
const KEPT: usize = 1 << 20;

/// Alignment of every function.
pub(super) const ALIGNMENT: usize = 64;

/// Alignment of what is placed in an area. Programs share no page, since each may be taken
/// away while those before it stay.
const fn alignment(area: Area) -> usize {
    match area {
        Area::Gateways => ALIGNMENT,
        Area::Programs => PAGE,
    }
}

/// Which area of code memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Area {
    Gateways,
    Programs,
}

/// Why code was not placed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CodeError {
    #[error("the {0:?} need more than their share of code memory")]
    Full(Area),
    #[error("cannot protect code memory: {0}")]
    Protect(#[from] io::Error),
    #[error(transparent)]
    Link(#[from] LoadError),
}

impl From<CodeError> for LoadError {
    fn from(error: CodeError) -> LoadError {
        match error {
            CodeError::Link(error) => error,
            error => LoadError::Unsupported(error.to_string()),
        }
    }
}

/// The reservation, and how far each area is used.
#[derive(Debug)]
pub(super) struct CodeMemory {
    pages: Mapping,
    gateways_end: usize,
    programs_end: usize,
    shared: Option<SharedAreas>,
}

/// The files of code that a cell runs.
#[derive(Debug)]
struct SharedAreas {
    gateways: MemoryFile,
    programs: MemoryFile,
}

impl CodeMemory {
    pub(super) fn new() -> io::Result<CodeMemory> {
        let pages = Mapping::reserve(GATEWAYS + PROGRAMS)?;
        Ok(CodeMemory { pages, gateways_end: 0, programs_end: GATEWAYS, shared: None })
    }

    /// Code memory that a cell executes.
    pub(super) fn shared() -> io::Result<CodeMemory> {
        let mut memory = CodeMemory::new()?;
        let gateways = MemoryFile::new(c"fencepost-gateways", 0)?;
        let programs = MemoryFile::new(c"fencepost-programs", 0)?;
        memory.pages.overlay(0..GATEWAYS, gateways.as_fd())?;
        memory.pages.overlay(GATEWAYS..GATEWAYS + PROGRAMS, programs.as_fd())?;
        memory.shared = Some(SharedAreas { gateways, programs });
        Ok(memory)
    }

    /// What a cell maps of it; nothing unless it is shared.
    pub(super) fn memories(&self) -> Vec<cell::Memory<'_>> {
        let memory = |start: usize, len, file| {
            let address = self.pages.at(start) as u64;
            cell::Memory { address, len, protection: Protection::ReadExecute, file }
        };
        self.shared
            .iter()
            .flat_map(|shared| {
                let gateways = memory(0, GATEWAYS, shared.gateways.as_fd());
                [gateways, memory(GATEWAYS, PROGRAMS, shared.programs.as_fd())]
            })
            .collect()
    }

    /// All addresses that may ever hold code.
    pub(super) fn addresses(&self) -> Range<u64> {
        let start = self.pages.start() as u64;
        start..start + self.pages.len() as u64
    }

    /// Places the code that `write` makes for the address it is given, and returns
    /// that address. `write` must return `len` bytes.
    pub(super) fn publish(
        &mut self,
        area: Area,
        len: usize,
        write: impl FnOnce(u64) -> Result<Vec<u8>, LoadError>,
    ) -> Result<u64, CodeError> {
        let (end, limit) = match area {
            Area::Gateways => (&mut self.gateways_end, GATEWAYS),
            Area::Programs => (&mut self.programs_end, GATEWAYS + PROGRAMS),
        };
        let start = end.next_multiple_of(alignment(area));
        if len > limit.saturating_sub(start) {
            return Err(CodeError::Full(area));
        }
        let address = self.pages.at(start);
        let code = write(address as u64)?;
        assert_eq!(code.len(), len, "code of the announced length");
        *end = start + len;
        self.write(area, start, &code)?;
        Ok(address as u64)
    }

    fn write(&self, area: Area, start: usize, code: &[u8]) -> io::Result<()> {
        let end = start + code.len();
        let pages = start / PAGE * PAGE..end.next_multiple_of(PAGE);
        match &self.shared {
            Some(SharedAreas { gateways, .. }) if area == Area::Gateways => {
                gateways.set_len(pages.end)?
            }
            Some(SharedAreas { programs, .. }) => programs.set_len(pages.end - GATEWAYS)?,
            None => self.pages.protect(pages.clone(), Protection::ReadWrite)?,
        }
        // SAFETY: the range lies in the reservation and is writable now. Nobody executes
        // it: guest code of this process runs on this thread only, and a cell waits.
        unsafe { self.pages.at(start).copy_from_nonoverlapping(code.as_ptr(), code.len()) };
        match self.shared {
            Some(_) => Ok(()),
            None => self.pages.protect(pages, Protection::ReadExecute),
        }
    }

    /// Where an area's code ends.
    pub(super) fn end(&self, area: Area) -> usize {
        match area {
            Area::Gateways => self.gateways_end,
            Area::Programs => self.programs_end,
        }
    }

    /// Forgets an area's code.
    pub(super) fn clear(&mut self, area: Area) -> io::Result<()> {
        self.cut(area, None)
    }

    /// Forgets an area's code from where it once [ended](CodeMemory::end), or all of it. A
    /// little of its memory is kept for the next code.
    pub(super) fn cut(&mut self, area: Area, to: Option<usize>) -> io::Result<()> {
        let (start, end) = match area {
            Area::Gateways => (0, &mut self.gateways_end),
            Area::Programs => (GATEWAYS, &mut self.programs_end),
        };
        let to = to.unwrap_or(start);
        let used = std::mem::replace(end, to).next_multiple_of(PAGE);
        let left = to.next_multiple_of(PAGE);
        match &self.shared {
            Some(SharedAreas { gateways, .. }) if area == Area::Gateways => {
                return gateways.set_len(left);
            }
            Some(SharedAreas { programs, .. }) => return programs.set_len(left - start),
            None => {}
        }
        let kept = left.max(start + KEPT);
        if used > kept { self.pages.discard(kept..used) } else { Ok(()) }
    }

    /// Whether there are so many gateways that they should be emptied when possible.
    pub(super) fn has_many_gateways(&self) -> bool {
        self.gateways_end > GATEWAYS / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The permissions of the page at an address, as the kernel lists them.
    fn permissions(address: u64) -> String {
        let maps = std::fs::read_to_string("/proc/self/maps").expect("a map of this process");
        let line = maps.lines().find(|line| {
            let (start, rest) = line.split_once('-').expect("a range");
            let end = rest.split(' ').next().expect("a range");
            let number = |text| u64::from_str_radix(text, 16).expect("an address");
            (number(start)..number(end)).contains(&address)
        });
        line.and_then(|line| line.split(' ').nth(1)).expect("a mapped page").to_owned()
    }

    #[test]
    fn published_code_is_executable_and_not_writable() {
        let mut memory = CodeMemory::new().expect("address space");
        for area in [Area::Gateways, Area::Programs, Area::Gateways] {
            let address = memory.publish(area, 5000, |_| Ok(vec![0xcc; 5000])).expect("room");
            assert_eq!(permissions(address), "r-xp");
            assert_eq!(permissions(address + 4999), "r-xp");
        }
    }

    #[test]
    fn a_full_area_is_an_error_until_it_is_cleared() {
        let mut memory = CodeMemory::new().expect("address space");
        let big = GATEWAYS - ALIGNMENT;
        memory.publish(Area::Gateways, big, |_| Ok(vec![0; big])).expect("room");
        assert!(memory.has_many_gateways());
        let refused = memory.publish(Area::Gateways, 2 * ALIGNMENT, |_| unreachable!());
        assert!(matches!(refused, Err(CodeError::Full(Area::Gateways))));
        memory.clear(Area::Gateways).expect("memory");
        memory.publish(Area::Gateways, ALIGNMENT, |_| Ok(vec![0; ALIGNMENT])).expect("room");
    }
}

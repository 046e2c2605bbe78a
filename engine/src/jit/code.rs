//! Code memory: where machine code lies, never writable and executable at once.
//!
//! One reservation holds two areas, so that every call between them is a near call:
//! gateways and entry trampolines, and programs. Both stay from run to run and grow upwards;
//! gateways are emptied whole, programs are cut from the end ([`super::placed`]).
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

/// Bytes for programs.
const PROGRAMS: usize = 256 << 20;

/// Alignment of every function.
pub(super) const ALIGNMENT: usize = 64;

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

/// An area of the reservation.
#[derive(Debug)]
struct Part {
    /// Where it lies.
    range: Range<usize>,
    /// Where its code ends.
    end: usize,
    /// Alignment of what is placed in it.
    alignment: usize,
    /// What a cell runs.
    file: Option<MemoryFile>,
}

impl Part {
    fn new(range: Range<usize>, alignment: usize) -> Part {
        Part { end: range.start, range, alignment, file: None }
    }
}

/// The reservation.
#[derive(Debug)]
pub(super) struct CodeMemory {
    pages: Mapping,
    /// By [`Area`].
    parts: [Part; 2],
}

impl CodeMemory {
    pub(super) fn new() -> io::Result<CodeMemory> {
        let pages = Mapping::reserve(GATEWAYS + PROGRAMS)?;
        let gateways = Part::new(0..GATEWAYS, ALIGNMENT);
        // Programs share no page: each may be taken away while those before it stay.
        let programs = Part::new(GATEWAYS..GATEWAYS + PROGRAMS, PAGE);
        Ok(CodeMemory { pages, parts: [gateways, programs] })
    }

    /// Code memory that a cell executes.
    pub(super) fn shared() -> io::Result<CodeMemory> {
        let mut memory = CodeMemory::new()?;
        let names = [c"fencepost-gateways", c"fencepost-programs"];
        for (part, name) in memory.parts.iter_mut().zip(names) {
            let file = MemoryFile::new(name, 0)?;
            memory.pages.overlay(part.range.clone(), file.as_fd())?;
            part.file = Some(file);
        }
        Ok(memory)
    }

    /// What a cell maps of it; nothing unless it is shared.
    pub(super) fn memories(&self) -> impl Iterator<Item = cell::Memory<'_>> {
        self.parts.iter().filter_map(|part| {
            Some(cell::Memory {
                address: self.pages.at(part.range.start) as u64,
                len: part.range.len(),
                protection: Protection::ReadExecute,
                file: part.file.as_ref()?.as_fd(),
            })
        })
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
        let part = &mut self.parts[area as usize];
        let start = part.end.next_multiple_of(part.alignment);
        if len > part.range.end.saturating_sub(start) {
            return Err(CodeError::Full(area));
        }
        let address = self.pages.at(start);
        let code = write(address as u64)?;
        assert_eq!(code.len(), len, "code of the announced length");
        part.end = start + len;
        self.write(area, start, &code)?;
        Ok(address as u64)
    }

    fn write(&self, area: Area, start: usize, code: &[u8]) -> io::Result<()> {
        let part = &self.parts[area as usize];
        let pages = start / PAGE * PAGE..(start + code.len()).next_multiple_of(PAGE);
        match &part.file {
            Some(file) => file.set_len(pages.end - part.range.start)?,
            None => self.pages.protect(pages.clone(), Protection::ReadWrite)?,
        }
        // SAFETY: the range lies in the reservation and is writable now. Nobody executes
        // it: guest code of this process runs on this thread only, and a cell waits.
        unsafe { self.pages.at(start).copy_from_nonoverlapping(code.as_ptr(), code.len()) };
        match part.file {
            Some(_) => Ok(()),
            None => self.pages.protect(pages, Protection::ReadExecute),
        }
    }

    /// Where an area's code ends.
    pub(super) fn end(&self, area: Area) -> usize {
        self.parts[area as usize].end
    }

    /// Forgets an area's code.
    pub(super) fn clear(&mut self, area: Area) -> io::Result<()> {
        self.cut(area, None)
    }

    /// Forgets an area's code from where it once [ended](CodeMemory::end), or all of it.
    pub(super) fn cut(&mut self, area: Area, to: Option<usize>) -> io::Result<()> {
        let part = &mut self.parts[area as usize];
        let to = to.unwrap_or(part.range.start);
        let used = std::mem::replace(&mut part.end, to).next_multiple_of(PAGE);
        let left = to.next_multiple_of(PAGE);
        match &part.file {
            Some(file) => file.set_len(left - part.range.start),
            None => self.pages.discard(left..used),
        }
    }

    /// Whether there are so many gateways that they should be emptied when possible.
    pub(super) fn has_many_gateways(&self) -> bool {
        self.end(Area::Gateways) > GATEWAYS / 2
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
    fn nothing_is_left_of_code_that_was_cut_off() {
        let mut memory = CodeMemory::new().expect("address space");
        let publish = |memory: &mut CodeMemory| {
            memory.publish(Area::Programs, PAGE, |_| Ok(vec![0xcc; PAGE])).expect("room");
            memory.end(Area::Programs)
        };
        let [kept, _] = [publish(&mut memory), publish(&mut memory)];
        memory.cut(Area::Programs, Some(kept)).expect("memory");
        let page = |end| memory.pages.at(end).cast::<[u8; PAGE]>();
        // SAFETY: the page is mapped, and readable since there is code.
        assert_eq!(unsafe { page(kept - PAGE).read() }, [0xcc; PAGE]);
        // SAFETY: as above, since there was code.
        assert_eq!(unsafe { page(kept).read() }, [0; PAGE]);
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

//! Which pages of this process were ever written: what a reset has to zero.
//!
//! Most of an arena is reserved for growth and was never written. Of the ways to find the rest,
//! the kernel's own page tables are the cheapest: a scan passes over what has none, nothing
//! has to be armed before a run, and no page faults a second time because it was dropped. The
//! other ways (dropping everything, `mincore`, mapping anew) take two to ten times as long.
//!
//! A kernel without the scan (Linux before 6.7) gives no answer, and everything is dropped.

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;

/// Most pages that are worth writing over. They stay in memory, so every later reset writes
/// over them again, which must not cost more than touching a handful of pages anew.
pub(super) const MOST_PAGES: usize = 64;

/// Most pages beside them that were only read. They need no zeroing, but a scan goes through
/// their page tables, so they must not get more and more.
const MOST_READ: usize = 1024;

/// Most ranges of pages of one kind.
const MOST_REGIONS: usize = 2 * MOST_PAGES;

/// Bytes of a page, as the kernel counts them.
const PAGE: usize = 4096;

/// `PAGEMAP_SCAN` of `linux/fs.h`.
const SCAN: libc::c_ulong = 0xc060_6610;

/// `PAGE_IS_PRESENT | PAGE_IS_SWAPPED` of `linux/fs.h`.
const TOUCHED: u64 = 1 << 3 | 1 << 4;

/// `PAGE_IS_PFNZERO` of `linux/fs.h`: read, and never written.
const ZERO: u64 = 1 << 5;

/// `struct page_region` of `linux/fs.h`.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    /// Told by the kernel: how far it came.
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const _: () = assert!(size_of::<Scan>() as u64 == SCAN >> 16 & 0x3fff);

/// The kernel's view of this process, opened when it is first asked.
#[derive(Debug, Default)]
pub(crate) struct Pagemap {
    /// With the system process that opened it: a fork would see the pages of its parent.
    opened: Option<(u32, File)>,
}

impl Pagemap {
    /// The written pages among those at some addresses, in ascending order; `None` if there
    /// are more than [`MOST_PAGES`], too many or too scattered ones were read, or the kernel does
    /// not say.
    pub(super) fn few(&mut self, addresses: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let mut regions = [Region::default(); MOST_REGIONS];
        let mut scan = Scan {
            size: size_of::<Scan>() as u64,
            flags: 0,
            start: addresses.start as u64,
            end: addresses.end as u64,
            walk_end: 0,
            regions: regions.as_mut_ptr().expose_provenance() as u64,
            regions_len: regions.len() as u64,
            max_pages: (MOST_PAGES + MOST_READ) as u64,
            category_inverted: 0,
            category_mask: 0,
            category_anyof_mask: TOUCHED,
            return_mask: ZERO,
        };
        let file = self.file()?.as_raw_fd();
        // SAFETY: the kernel writes to `scan` and to as many regions as it names, all of which
        // are valid during the call.
        let count = unsafe { libc::ioctl(file, SCAN, &raw mut scan) };
        let found = regions.get(..usize::try_from(count).ok()?)?;
        let address = |at: u64| usize::try_from(at).expect("an address of this process");
        let written = found.iter().filter(|region| region.categories & ZERO == 0);
        let written = written.map(|region| address(region.start)..address(region.end));
        let written: Vec<_> = written.collect();
        let pages: usize = written.iter().map(|bytes| bytes.len() / PAGE).sum();
        let complete = scan.walk_end >= scan.end && pages <= MOST_PAGES;
        complete.then_some(written)
    }

    fn file(&mut self) -> Option<&File> {
        let here = std::process::id();
        if self.opened.as_ref().is_none_or(|(owner, _)| *owner != here) {
            self.opened = Some((here, File::open("/proc/self/pagemap").ok()?));
        }
        self.opened.as_ref().map(|(_, file)| file)
    }
}

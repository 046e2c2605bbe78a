//! The arena: one interval of bytes, addressed by `u32` offsets.
//!
//! Offsets 0 to [`NULL_PAGE`] are never accessible; everything from there to
//! [`Arena::len`] is readable and writable, so every wild access has one meaning:
//! inside, or not. An access lies wholly inside or it does not happen: there are
//! no partial stores.
//!
//! [`Arena`] is how trusted code reaches the bytes, whoever holds them: a
//! [`OwnedArena`] for the interpreter, the mapped memory of `cage` for native code.
//! It gives out copies only, never references, because in a cage another party
//! may write while we read.
#![forbid(unsafe_code)]

mod pages;

use std::io;
use std::ops::Range;

use xxhash_rust::xxh3::Xxh3Default;

use crate::cage::OwnedPages;

pub use pages::{MAX_PAGES, Pages, PagesError};
pub(crate) use pages::{arena_pages, merged, touched};

/// Bytes at the start of every arena that no access may touch. It makes offset 0,
/// which the front end selects when a check fails, trap in every executor.
pub const NULL_PAGE: u32 = 0x1_0000;

/// Alignment of an arena's length and of its areas: the granularity at which
/// memory can be protected.
pub const PAGE: u32 = 0x1000;

/// The largest length: 4 GiB less one page, so that a length is always a `u32`.
pub const MAX_LEN: u32 = u32::MAX - PAGE + 1;

/// An access that would have touched a byte outside `[NULL_PAGE, len)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("access of {width} bytes at arena offset {offset:#x} lies outside the arena")]
pub struct OutOfArena {
    /// Where the access began.
    pub offset: u32,
    /// How many bytes it spans.
    pub width: u32,
}

/// Checked access to the bytes of an arena. All integers are little-endian.
///
/// Every method fails with [`OutOfArena`], and touches nothing, when any byte of
/// the access lies outside `[NULL_PAGE, len)`. Accesses of width 0 are allowed
/// anywhere.
#[expect(clippy::len_without_is_empty, reason = "a length counts the null page: it is never 0")]
pub trait Arena {
    /// The end of the accessible interval: a multiple of [`PAGE`].
    fn len(&self) -> u32;

    /// Copies bytes out of the arena.
    ///
    /// # Errors
    /// [`OutOfArena`], and `into` is unchanged.
    fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), OutOfArena>;

    /// Copies bytes into the arena.
    ///
    /// # Errors
    /// [`OutOfArena`], and the arena is unchanged.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfArena>;

    /// Copies `len` bytes from `src` to `dst`; the two may overlap.
    ///
    /// # Errors
    /// [`OutOfArena`], and the arena is unchanged.
    fn copy_within(&mut self, dst: u32, src: u32, len: u32) -> Result<(), OutOfArena>;

    /// Sets `len` bytes to `byte`.
    ///
    /// # Errors
    /// [`OutOfArena`], and the arena is unchanged.
    fn fill(&mut self, offset: u32, byte: u8, len: u32) -> Result<(), OutOfArena>;

    /// The pages that may hold anything but zeroes: ascending, disjoint ranges of offsets.
    fn touched(&self) -> Vec<Range<u32>> {
        let all = NULL_PAGE..self.len();
        vec![all]
    }

    /// The XXH3 hash of `len` bytes.
    ///
    /// # Errors
    /// [`OutOfArena`].
    fn digest(&self, offset: u32, len: u32) -> Result<u64, OutOfArena> {
        let mut hash = Xxh3Default::new();
        let mut chunk = [0; PAGE as usize];
        let mut done = 0;
        while done < len {
            let n = (len - done).min(PAGE);
            let at = offset.checked_add(done).ok_or(OutOfArena { offset, width: len })?;
            let part = &mut chunk[..n as usize];
            self.read(at, part)?;
            hash.update(part);
            done += n;
        }
        Ok(hash.digest())
    }

    /// Reads one 32-bit field.
    ///
    /// # Errors
    /// [`OutOfArena`].
    fn load_u32(&self, offset: u32) -> Result<u32, OutOfArena> {
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Writes one 32-bit field.
    ///
    /// # Errors
    /// [`OutOfArena`].
    fn store_u32(&mut self, offset: u32, value: u32) -> Result<(), OutOfArena> {
        self.write(offset, &value.to_le_bytes())
    }

    /// Reads one 16-byte value slot.
    ///
    /// # Errors
    /// [`OutOfArena`].
    fn load_u128(&self, offset: u32) -> Result<u128, OutOfArena> {
        let mut bytes = [0; 16];
        self.read(offset, &mut bytes)?;
        Ok(u128::from_le_bytes(bytes))
    }

    /// Writes one 16-byte value slot.
    ///
    /// # Errors
    /// [`OutOfArena`].
    fn store_u128(&mut self, offset: u32, value: u128) -> Result<(), OutOfArena> {
        self.write(offset, &value.to_le_bytes())
    }
}

/// An arena whose bytes are at hand, owned or borrowed: nobody else writes them.
#[derive(Debug)]
pub struct PlainArena<B> {
    /// The bytes from [`NULL_PAGE`] on, so that one comparison covers both ends.
    body: B,
}

/// An arena that owns its bytes: what the interpreter runs on.
pub type OwnedArena = PlainArena<OwnedPages>;

/// The arena of an interpreter that is in the middle of an instruction.
pub type BorrowedArena<'a> = PlainArena<&'a mut [u8]>;

impl OwnedArena {
    /// A zeroed arena of `len` bytes, null page included. The host commits memory
    /// only for pages that are touched.
    ///
    /// # Panics
    /// When `len` is below [`NULL_PAGE`] or not a multiple of [`PAGE`], and when the host has
    /// no address space left.
    #[must_use]
    pub fn new(len: u32) -> OwnedArena {
        OwnedArena { body: OwnedPages::new(body_len(len)).expect("address space") }
    }

    /// Makes it a zeroed arena of `len` bytes. Costs time for the pages that were touched.
    ///
    /// # Errors
    /// When the host has no address space left.
    ///
    /// # Panics
    /// When `len` is below [`NULL_PAGE`] or not a multiple of [`PAGE`].
    pub fn reset(&mut self, len: u32) -> io::Result<()> {
        self.body.reset(body_len(len))
    }

    /// The address that offset 0 would have in this process: it tells arenas apart, and
    /// nothing here reaches bytes by it.
    #[must_use]
    pub fn base(&self) -> u64 {
        (self.body.as_ref().as_ptr().addr() as u64).wrapping_sub(NULL_PAGE.into())
    }

    /// The bytes from [`NULL_PAGE`] to the end, for the interpreter's loop.
    pub fn body_mut(&mut self) -> &mut [u8] {
        self.body.as_mut()
    }
}

/// Bytes of an arena of length `len` that are accessible.
fn body_len(len: u32) -> usize {
    assert!(len >= NULL_PAGE && len.is_multiple_of(PAGE), "arena length {len:#x}");
    (len - NULL_PAGE) as usize
}

impl<'a> BorrowedArena<'a> {
    /// The arena of which `body` is all from [`NULL_PAGE`] on.
    pub(crate) fn of(body: &'a mut [u8]) -> BorrowedArena<'a> {
        PlainArena { body }
    }
}

impl<B: AsRef<[u8]>> PlainArena<B> {
    fn range(&self, offset: u32, width: u32) -> Result<std::ops::Range<usize>, OutOfArena> {
        let refused = OutOfArena { offset, width };
        if width == 0 {
            return Ok(0..0);
        }
        let start = offset.checked_sub(NULL_PAGE).ok_or(refused)? as usize;
        let end = start + width as usize;
        if end <= self.body.as_ref().len() { Ok(start..end) } else { Err(refused) }
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Arena for PlainArena<B> {
    #[expect(clippy::cast_possible_truncation, reason = "`new` takes the length as u32")]
    fn len(&self) -> u32 {
        self.body.as_ref().len() as u32 + NULL_PAGE
    }

    fn touched(&self) -> Vec<Range<u32>> {
        touched(self.body.as_ref().as_ptr().addr() as u64, self.len())
    }

    fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), OutOfArena> {
        let range = self.range(offset, width(into))?;
        into.copy_from_slice(&self.body.as_ref()[range]);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfArena> {
        let range = self.range(offset, width(bytes))?;
        self.body.as_mut()[range].copy_from_slice(bytes);
        Ok(())
    }

    fn copy_within(&mut self, dst: u32, src: u32, len: u32) -> Result<(), OutOfArena> {
        let dst = self.range(dst, len)?;
        let src = self.range(src, len)?;
        self.body.as_mut().copy_within(src, dst.start);
        Ok(())
    }

    fn fill(&mut self, offset: u32, byte: u8, len: u32) -> Result<(), OutOfArena> {
        let range = self.range(offset, len)?;
        self.body.as_mut()[range].fill(byte);
        Ok(())
    }
}

/// The width of a buffer as the `u32` that offsets are counted in. A buffer that
/// does not fit is wider than any arena, which saturation preserves.
pub(crate) fn width(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accessible_is_exactly_null_page_to_len() {
        let mut arena = OwnedArena::new(NULL_PAGE + PAGE);
        let end = arena.len();
        for offset in [0, NULL_PAGE - 1, end - 3, end, u32::MAX - 1] {
            assert_eq!(arena.load_u32(offset), Err(OutOfArena { offset, width: 4 }), "{offset:#x}");
        }
        for offset in [NULL_PAGE, end - 4] {
            arena.store_u32(offset, 0x1234_5678).expect("inside");
            assert_eq!(arena.load_u32(offset), Ok(0x1234_5678));
        }
    }

    #[test]
    fn a_refused_store_changes_nothing() {
        let mut arena = OwnedArena::new(NULL_PAGE + PAGE);
        let end = arena.len();
        arena.fill(NULL_PAGE, 0x5a, PAGE).expect("inside");
        let before = arena.digest(NULL_PAGE, PAGE);
        assert!(arena.store_u128(end - 15, 0).is_err());
        assert!(arena.copy_within(end - 8, NULL_PAGE, 9).is_err());
        assert!(arena.fill(NULL_PAGE - 1, 0, 2).is_err());
        assert_eq!(arena.digest(NULL_PAGE, PAGE), before);
    }
}

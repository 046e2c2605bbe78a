//! Decisions from entropy.
#![forbid(unsafe_code)]

use arbitrary::Unstructured;

/// A sequence of decisions; all 0 when the bytes have run out.
pub(super) struct Draw<'e>(Unstructured<'e>);

impl<'e> Draw<'e> {
    pub(super) fn new(entropy: &'e [u8]) -> Draw<'e> {
        Draw(Unstructured::new(entropy))
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0.int_in_range(0..=limit - 1).unwrap_or(0)
    }

    /// True in `percent` of 100 draws; false at the end.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of `options`, which are not empty.
    pub(super) fn choice<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.below(options.len())]
    }

    /// Any number, often one at an edge.
    pub(super) fn number(&mut self) -> u64 {
        const EDGES: [u64; 14] =
            [0, 1, 2, 7, 31, 63, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 1 << 63, !0];
        if self.chance(30) { self.0.arbitrary().unwrap_or(0) } else { self.choice(&EDGES) }
    }

    /// Whether there is nothing left to decide by.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! Bytes that guest code writes, in this process or in another.
//!
//! A reference into such memory would be undefined behaviour, and where another process
//! may write at the same time, so would a plain copy. Copies of such shared bytes are
//! made of relaxed atomic accesses: what comes back may be torn, which trusted code has
//! to expect of bytes that it does not believe anyway. Guest code of this process waits
//! while trusted code looks at its bytes; those are copied plainly, which is faster.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

const WORD: usize = 8;

/// Shared bytes that are moved or filled at once.
const CHUNK: usize = 4096;

/// Who may write while trusted code looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Nobody: only guest code of this process has the bytes, and it waits.
    Private,
    /// Another process.
    Shared,
}

/// A range of mapped bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuestBytes {
    start: *mut u8,
    len: usize,
    sharing: Sharing,
}

impl GuestBytes {
    /// # Safety
    /// The range is mapped, readable and writable, as long as the result is used, this
    /// process accesses it through this type only, and no other does unless it is shared.
    pub(crate) unsafe fn new(start: *mut u8, len: usize, sharing: Sharing) -> GuestBytes {
        GuestBytes { start, len, sharing }
    }

    /// Copies the bytes out; `into` is as long as the range.
    pub(crate) fn load(self, into: &mut [u8]) {
        assert_eq!(into.len(), self.len, "as many bytes as the range has");
        if self.sharing == Sharing::Shared {
            return self.load_shared(into);
        }
        // SAFETY: the range is as long as `into`, which no range of this type overlaps.
        unsafe { self.start.copy_to_nonoverlapping(into.as_mut_ptr(), self.len) };
    }

    /// Copies bytes in; `from` is as long as the range.
    pub(crate) fn store(self, from: &[u8]) {
        assert_eq!(from.len(), self.len, "as many bytes as the range has");
        if self.sharing == Sharing::Shared {
            return self.store_shared(from);
        }
        // SAFETY: as in `load`.
        unsafe { self.start.copy_from_nonoverlapping(from.as_ptr(), self.len) };
    }

    /// Sets every byte.
    pub(crate) fn fill(self, byte: u8) {
        if self.sharing == Sharing::Shared {
            let chunk = [byte; CHUNK];
            return self.chunks().for_each(|part| part.store_shared(&chunk[..part.len]));
        }
        // SAFETY: the range is mapped and writable (`new`).
        unsafe { self.start.write_bytes(byte, self.len) };
    }

    /// Moves the bytes to a range of the same length, which may overlap.
    pub(crate) fn move_to(self, to: GuestBytes) {
        assert_eq!(to.len, self.len, "as many bytes as the range has");
        if Sharing::Shared == self.sharing || Sharing::Shared == to.sharing {
            return self.move_shared(to);
        }
        // SAFETY: both ranges are mapped and as long as each other.
        unsafe { self.start.copy_to(to.start, self.len) };
    }

    fn move_shared(self, to: GuestBytes) {
        let mut chunk = [0; CHUNK];
        let mut step = |(from, to): (GuestBytes, GuestBytes)| {
            from.load_shared(&mut chunk[..from.len]);
            to.store_shared(&chunk[..to.len]);
        };
        // In the direction that reads each byte before it is overwritten.
        let steps = self.chunks().zip(to.chunks());
        if to.start <= self.start { steps.for_each(step) } else { steps.rev().for_each(&mut step) }
    }

    /// The range in parts of at most [`CHUNK`] bytes.
    fn chunks(self) -> impl ExactSizeIterator<Item = GuestBytes> + DoubleEndedIterator {
        (0..self.len.div_ceil(CHUNK)).map(move |index| {
            let offset = index * CHUNK;
            let start = self.start.wrapping_add(offset);
            GuestBytes { start, len: CHUNK.min(self.len - offset), ..self }
        })
    }

    fn load_shared(self, into: &mut [u8]) {
        let (head, words) = self.parts();
        let (first, rest) = into.split_at_mut(head);
        self.load_bytes(0, first);
        let (middle, last) = rest.split_at_mut(words * WORD);
        for (index, chunk) in middle.chunks_exact_mut(WORD).enumerate() {
            chunk.copy_from_slice(&self.word(head + index * WORD).load(Relaxed).to_ne_bytes());
        }
        self.load_bytes(head + words * WORD, last);
    }

    fn store_shared(self, from: &[u8]) {
        let (head, words) = self.parts();
        let (first, rest) = from.split_at(head);
        self.store_bytes(0, first);
        let (middle, last) = rest.split_at(words * WORD);
        for (index, chunk) in middle.chunks_exact(WORD).enumerate() {
            let word = u64::from_ne_bytes(chunk.try_into().expect("a chunk is a word"));
            self.word(head + index * WORD).store(word, Relaxed);
        }
        self.store_bytes(head + words * WORD, last);
    }

    /// Bytes before the first aligned word, and the number of aligned words.
    fn parts(self) -> (usize, usize) {
        let head = self.start.align_offset(WORD).min(self.len);
        (head, (self.len - head) / WORD)
    }

    fn load_bytes(self, offset: usize, into: &mut [u8]) {
        for (byte, at) in into.iter_mut().zip(offset..) {
            *byte = self.byte(at).load(Relaxed);
        }
    }

    fn store_bytes(self, offset: usize, from: &[u8]) {
        for (&byte, at) in from.iter().zip(offset..) {
            self.byte(at).store(byte, Relaxed);
        }
    }

    fn byte(&self, offset: usize) -> &AtomicU8 {
        debug_assert!(offset < self.len);
        // SAFETY: the byte lies in the range, which is mapped; it is accessed by atomic
        // operations only (`new`).
        unsafe { AtomicU8::from_ptr(self.start.wrapping_add(offset)) }
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        debug_assert!(offset + WORD <= self.len);
        let word = self.start.wrapping_add(offset).cast::<u64>();
        debug_assert!(word.is_aligned());
        // SAFETY: as in `byte`; callers count words from the first aligned one.
        unsafe { AtomicU64::from_ptr(word) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Sharing; 2] = [Sharing::Private, Sharing::Shared];

    /// A range within some memory, which is read after the last use of the range.
    fn range(memory: &mut [u64], start: usize, len: usize, sharing: Sharing) -> GuestBytes {
        assert!(start + len <= memory.len() * WORD);
        let at = memory.as_mut_ptr().cast::<u8>().wrapping_add(start);
        // SAFETY: the range lies in `memory`, as just checked.
        unsafe { GuestBytes::new(at, len, sharing) }
    }

    fn bytes(memory: &[u64]) -> Vec<u8> {
        memory.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn every_alignment_and_length_is_copied_whole() {
        let all = BOTH.iter().flat_map(|&sharing| (0..WORD).map(move |start| (sharing, start)));
        for (sharing, start) in all {
            for len in 0..3 * WORD {
                let mut memory = [0_u64; 5];
                let guest = range(&mut memory, start, len, sharing);
                let some: Vec<u8> = (1..=24).take(len).collect();
                guest.store(&some);
                let mut back = vec![0; len];
                guest.load(&mut back);
                assert_eq!(back, some, "{start} {len}");
                let all = bytes(&memory);
                assert_eq!(all[start..start + len], some[..]);
                assert_eq!(all.iter().filter(|&&byte| byte != 0).count(), len);
            }
        }
    }

    #[test]
    fn moves_of_any_direction_and_length_are_those_of_a_slice() {
        for (from, to, len) in
            [(0, 3, 9000), (3, 0, 9000), (5, 4101, 4096), (4101, 5, 4097), (1, 1, 5)]
        {
            let first: Vec<u64> =
                (0..2048).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
            let mut expected = bytes(&first);
            expected.copy_within(from..from + len, to);
            for sharing in BOTH {
                let mut memory = first.clone();
                let source = range(&mut memory, from, len, sharing);
                source.move_to(GuestBytes {
                    start: source.start.wrapping_sub(from).wrapping_add(to),
                    ..source
                });
                assert_eq!(bytes(&memory), expected, "{from} {to} {len} {sharing:?}");
            }
        }
    }

    #[test]
    fn a_fill_sets_the_range_and_nothing_else() {
        for (sharing, (start, len)) in BOTH.into_iter().flat_map(|s| [(s, (3, 9001)), (s, (8, 0))])
        {
            let mut memory = [0_u64; 2048];
            range(&mut memory, start, len, sharing).fill(7);
            let all = bytes(&memory);
            assert!(all[start..start + len].iter().all(|&byte| byte == 7));
            assert_eq!(all.iter().filter(|&&byte| byte != 0).count(), len);
        }
    }
}

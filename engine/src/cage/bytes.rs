//! Bytes that guest code may write at any time, in this process or in another.
//!
//! A reference into such memory would be undefined behaviour, and so would a plain
//! copy that races with the other side. These copies are made of relaxed atomic
//! accesses: what comes back may be torn, which trusted code has to expect of bytes
//! that it does not believe anyway.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

const WORD: usize = 8;

/// A range of mapped bytes that somebody else may write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuestBytes {
    start: *mut u8,
    len: usize,
}

impl GuestBytes {
    /// # Safety
    /// The range is mapped, readable and writable, as long as the result is used, and
    /// this process accesses it through this type only.
    pub(crate) unsafe fn new(start: *mut u8, len: usize) -> GuestBytes {
        GuestBytes { start, len }
    }

    /// Copies the bytes out; `into` is as long as the range.
    pub(crate) fn load(self, into: &mut [u8]) {
        assert_eq!(into.len(), self.len, "as many bytes as the range has");
        let (head, words) = self.parts();
        let (first, rest) = into.split_at_mut(head);
        self.load_bytes(0, first);
        let (middle, last) = rest.split_at_mut(words * WORD);
        for (index, chunk) in middle.chunks_exact_mut(WORD).enumerate() {
            chunk.copy_from_slice(&self.word(head + index * WORD).load(Relaxed).to_ne_bytes());
        }
        self.load_bytes(head + words * WORD, last);
    }

    /// Copies bytes in; `from` is as long as the range.
    pub(crate) fn store(self, from: &[u8]) {
        assert_eq!(from.len(), self.len, "as many bytes as the range has");
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

    #[test]
    fn every_alignment_and_length_is_copied_whole() {
        for start in 0..WORD {
            for len in 0..3 * WORD {
                let mut memory = [0_u64; 5];
                let at = memory.as_mut_ptr().cast::<u8>().wrapping_add(start);
                // SAFETY: the range lies in `memory`, which is read after its last use.
                let guest = unsafe { GuestBytes::new(at, len) };
                let bytes: Vec<u8> = (1..=24).take(len).collect();
                guest.store(&bytes);
                let mut back = vec![0; len];
                guest.load(&mut back);
                assert_eq!(back, bytes, "{start} {len}");
                let all: Vec<u8> = memory.iter().flat_map(|word| word.to_ne_bytes()).collect();
                assert_eq!(all[start..start + len], bytes[..]);
                assert_eq!(all.iter().filter(|&&byte| byte != 0).count(), len);
            }
        }
    }
}

//! Collections of heaps that hold anything: headers, references, frames and roots that no
//! program could have left there, and that change while they are read. A collection ends,
//! with a trap or without, writes to the other half and to roots alone, and does not panic.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::attack::Random;
use super::collection::{BOTTOM, FIRST_HALVES, Heap, NEXT, NODE};
use super::*;
use crate::arena::OutOfArena;
use crate::passes::frame_map::{MAP, VMCTX};
use crate::passes::shadow_stack;
use crate::runtime::collector::{ARRAY_LENGTH, HEADER_BYTES, SIZE, TYPE};
use crate::runtime::gc_heap::RECORDS_END;
use crate::runtime::structures::{GC_HEAP_DATA, SHADOW_STACK};

const HALF: u32 = FIRST_HALVES / 2;

/// More accesses than a collection of such a heap can need: each word of it, of the frames
/// and of the roots a few times.
const MOST_ACCESSES: u32 = 4_000_000;

/// An arena that watches where a collection writes and how long it takes, and of which some
/// reads give what never stood there.
struct Restless<'a> {
    arena: &'a mut OwnedArena,
    /// Where a collection may write.
    writable: [Range<u32>; 3],
    random: RefCell<Random>,
    /// One of so many reads is wrong; none if it is 0.
    wrong: u64,
    accesses: Cell<u32>,
}

impl Restless<'_> {
    fn count(&self) {
        self.accesses.set(self.accesses.get() + 1);
        assert!(self.accesses.get() < MOST_ACCESSES, "a collection does not end");
    }

    fn check(&self, offset: u32, len: u32) {
        self.count();
        let inside = |range: &Range<u32>| range.start <= offset && offset + len <= range.end;
        assert!(self.writable.iter().any(inside), "{len} bytes written to {offset:#x}");
    }
}

impl Arena for Restless<'_> {
    fn len(&self) -> u32 {
        self.arena.len()
    }

    fn read(&self, offset: u32, into: &mut [u8]) -> Result<(), OutOfArena> {
        self.count();
        self.arena.read(offset, into)?;
        let mut random = self.random.borrow_mut();
        if self.wrong != 0 && random.next().is_multiple_of(self.wrong) {
            let word = anything(&mut random, &[16, 32, 48]).to_le_bytes();
            into.iter_mut().zip(word).for_each(|(byte, other)| *byte = other);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfArena> {
        self.check(offset, u32::try_from(bytes.len()).expect("a word"));
        self.arena.write(offset, bytes)
    }

    fn copy_within(&mut self, dst: u32, src: u32, len: u32) -> Result<(), OutOfArena> {
        self.check(dst, len);
        self.arena.copy_within(dst, src, len)
    }

    fn fill(&mut self, offset: u32, byte: u8, len: u32) -> Result<(), OutOfArena> {
        self.check(offset, len);
        self.arena.fill(offset, byte, len)
    }
}

/// A word: one of the usual ones, one near the ends of the halves, a small one, or any.
fn anything(random: &mut Random, usual: &[u32]) -> u32 {
    let ends = [0, RECORDS_END, RECORDS_END + HALF, RECORDS_END + 2 * HALF, 1 << 31];
    match random.next() % 5 {
        0 => usual[random.below(u32::try_from(usual.len()).expect("few")) as usize],
        1 => ends[random.below(5) as usize].wrapping_add(random.below(65)).wrapping_sub(32),
        2 => random.below(64),
        3 => RECORDS_END + random.below(2 * HALF / 16) * 16,
        _ => random.below(u32::MAX),
    }
}

/// A heap with a list of nodes, an array of references to them, and a frame that holds it.
struct Scene {
    heap: Heap,
    /// Arena offsets of all words that a collection reads of objects and frames.
    words: Vec<u32>,
    /// What may stand there: types, sizes, references.
    usual: Vec<u32>,
}

impl Scene {
    fn new() -> Scene {
        const ELEMENTS: u32 = 5;
        let mut heap = Heap::new();
        let array = heap.allocate(heap.types[1], HEADER_BYTES + 4 + 4 * ELEMENTS).expect("room");
        let first = heap.base + array + ARRAY_LENGTH;
        heap.put(first, ELEMENTS);
        let mut usual = vec![array, heap.types[0], heap.types[1], NODE, u32::MAX];
        let mut words: Vec<u32> = [TYPE, SIZE].map(|field| heap.base + array + field).into();
        words.push(first);
        let mut list = 0;
        for element in 0..ELEMENTS {
            list = heap.node(element, list);
            heap.put(first + 4 + 4 * element, list);
            words.push(first + 4 + 4 * element);
            words.extend([TYPE, SIZE, NEXT].map(|field| heap.base + list + field));
            usual.push(list);
        }
        heap.put(heap.global(), list);
        let maps = &heap.store.state.frame_maps[0];
        let number = maps.iter().position(|map| map.references.len() == 1).expect("`f` calls");
        let map = maps[number].clone();
        for frame in [BOTTOM - map.size, BOTTOM - 2 * map.size] {
            heap.put(frame + VMCTX, heap.vmctx);
            heap.put(frame + MAP, u32::try_from(number).expect("small"));
            heap.put(frame + map.references[0], array);
            heap.put(shadow_stack::POINTER, frame);
            words.extend([VMCTX, MAP, map.references[0]].map(|field| frame + field));
            usual.push(frame);
        }
        words.extend([heap.global(), shadow_stack::POINTER, GC_HEAP_DATA]);
        usual.push(heap.vmctx);
        Scene { heap, words, usual }
    }

    /// Collects the lower half; the end of the copies in the upper one.
    fn collect(&mut self, random: Random, wrong: u64) -> Result<u32, Trap> {
        let global = self.heap.global();
        let (base, next) = (self.heap.base, self.heap.get(GC_HEAP_DATA));
        let (from, to) =
            (RECORDS_END..RECORDS_END + HALF, RECORDS_END + HALF..RECORDS_END + 2 * HALF);
        let used = from.start..next.clamp(from.start, from.end) & !15;
        let mut arena = Restless {
            arena: &mut self.heap.executor.arena,
            writable: [base + to.start..base + to.end, SHADOW_STACK..BOTTOM, global..global + 4],
            random: RefCell::new(random),
            wrong,
            accesses: Cell::new(0),
        };
        let ended = self.heap.store.state.collect(&mut arena, used, &to);
        if let Ok(end) = ended {
            assert!((to.start..=to.end).contains(&end), "{end:#x}");
        }
        ended
    }
}

#[test]
fn what_the_scene_holds_survives_a_collection() {
    let mut scene = Scene::new();
    let end = scene.collect(Random(0), 0).expect("nothing is wrong");
    let array = (HEADER_BYTES + 4 + 4 * 5).next_multiple_of(16);
    assert_eq!(end, RECORDS_END + HALF + array + 5 * NODE);
}

#[test]
fn no_word_of_heap_or_stack_gets_the_better_of_a_collection() {
    let (mut ended, mut refused) = (0, 0);
    for seed in 0..600 {
        let mut random = Random(seed);
        let mut scene = Scene::new();
        for _ in 0..=random.below(3) {
            let nth = random.below(u32::try_from(scene.words.len()).expect("few"));
            let value = anything(&mut random, &scene.usual);
            scene.heap.put(scene.words[nth as usize], value);
        }
        match scene.collect(random, 0) {
            Ok(_) => ended += 1,
            Err(Trap::GcHeapCorrupt) => refused += 1,
            Err(trap) => panic!("seed {seed}: {trap:?}"),
        }
    }
    assert!(ended > 30 && refused > 200, "{ended} ended, {refused} refused");
}

#[test]
fn words_that_change_between_two_reads_do_not_either() {
    let (mut ended, mut refused) = (0, 0);
    for (seed, writes) in (0..600).zip([8, 32, 128].into_iter().cycle()) {
        match Scene::new().collect(Random(seed), writes) {
            Ok(_) => ended += 1,
            Err(Trap::GcHeapCorrupt) => refused += 1,
            Err(trap) => panic!("seed {seed}: {trap:?}"),
        }
    }
    assert!(ended > 30 && refused > 100, "{ended} ended, {refused} refused");
}

#[test]
fn a_heap_full_of_anything_is_collected_again_and_again() {
    let (mut made, mut refused) = (0, 0);
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut scene = Scene::new();
        for _ in 0..400 {
            let at = scene.heap.base + RECORDS_END + random.below(2 * HALF / 4) * 4;
            scene.heap.put(at, anything(&mut random, &scene.usual));
            let nth = random.below(u32::try_from(scene.words.len()).expect("few"));
            if random.next().is_multiple_of(40) {
                scene.heap.put(scene.words[nth as usize], anything(&mut random, &scene.usual));
            }
            let size = random.below(0x3000);
            match scene.heap.allocate(scene.usual[random.below(3) as usize], size) {
                Ok(object) => {
                    assert!((RECORDS_END..scene.heap.len()).contains(&object));
                    assert!(object.is_multiple_of(16) && object + size <= scene.heap.len());
                    made += 1;
                }
                Err(Trap::GcHeapCorrupt | Trap::AllocationTooLarge) => refused += 1,
                Err(trap) => panic!("seed {seed}: {trap:?}"),
            }
            if scene.heap.get(GC_HEAP_DATA) > scene.heap.len() {
                scene.heap.put(GC_HEAP_DATA, RECORDS_END);
            }
        }
    }
    assert!(made > 1000 && refused > 1000, "{made} made, {refused} refused");
}

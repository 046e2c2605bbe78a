//! The collector: what is reachable survives, what is not makes room, and nothing that a
//! guest may leave in the arena does more than end the collection.

use super::*;
use crate::passes::frame_map::{MAP, VMCTX};
use crate::passes::shadow_stack;
use crate::runtime::collector::{ARRAY_LENGTH, HEADER_BYTES, SIZE, TYPE};
use crate::runtime::gc_heap::RECORDS_END;
use crate::runtime::structures::{GC_HEAP_DATA, SHADOW_STACK, SHADOW_STACK_BYTES};

/// A module with a list type, an array type, and a global that holds a list.
const LISTS: &str = r#"(module
    (type $list (struct (field i32) (field (mut (ref null $list)))))
    (type $all (array (mut anyref)))
    (global (export "kept") (mut (ref null $list)) (ref.null $list))
    (func $work)
    (func (export "f") (param (ref null $list)) (result (ref null $list))
        (drop (struct.new $list (i32.const 1) (local.get 0)))
        (call $work)
        (local.get 0)))"#;

/// Bytes of a list's node, and where it holds the next.
pub(super) const NODE: u32 = 32;
pub(super) const NEXT: u32 = HEADER_BYTES + 4;

/// Bytes of both halves before the heap has grown.
pub(super) const FIRST_HALVES: u32 = 2 << 16;

pub(super) const BOTTOM: u32 = SHADOW_STACK + SHADOW_STACK_BYTES;

/// A store with an instance of [`LISTS`].
pub(super) struct Heap {
    pub(super) store: Store,
    pub(super) executor: Scripted,
    pub(super) vmctx: u32,
    /// Ids of the list and the array type.
    pub(super) types: [u32; 2],
    pub(super) base: u32,
}

impl Heap {
    pub(super) fn new() -> Heap {
        Heap::made(false)
    }

    fn made(stress: bool) -> Heap {
        let mut executor = Scripted::idle();
        let program = program(LISTS);
        let len = arena_len(&[&program], SMALL).expect("fits");
        let mut store = Store::new(&mut executor, len, SMALL).expect("a store");
        if stress {
            store.stress_gc();
        }
        let id = store.instantiate(&mut executor, &program, &prepared(&program), &[]);
        let instance = store.state.instance(id.expect("an instance"));
        let types = [instance.types[0].as_u32(), instance.types[1].as_u32()];
        let vmctx = instance.vmctx;
        let base = store.state.gc_heap.expect("the code makes objects").base;
        let mut heap = Heap { store, executor, vmctx, types, base };
        heap.put(shadow_stack::POINTER, BOTTOM);
        heap
    }

    pub(super) fn put(&mut self, offset: u32, value: u32) {
        self.executor.arena.store_u32(offset, value).expect("inside");
    }

    pub(super) fn get(&self, offset: u32) -> u32 {
        self.executor.arena.load_u32(offset).expect("inside")
    }

    pub(super) fn allocate(&mut self, ty: u32, size: u32) -> Result<u32, Trap> {
        let args = [self.vmctx, 0, ty, size, 16].map(Slot::from);
        let made = builtin(&mut self.store, &mut self.executor, Builtin::GcAllocRaw, &args)?;
        Ok(u32::try_from(made).expect("an offset"))
    }

    pub(super) fn node(&mut self, value: u32, next: u32) -> u32 {
        let node = self.allocate(self.types[0], NODE).expect("room");
        self.put(self.base + node + HEADER_BYTES, value);
        self.put(self.base + node + NEXT, next);
        node
    }

    /// Where the global holds its list.
    pub(super) fn global(&self) -> u32 {
        self.store.state.globals[0].definition
    }

    /// The values of the list in the global.
    fn kept(&self) -> Vec<u32> {
        let mut node = self.get(self.global());
        let mut values = Vec::new();
        while node != 0 {
            values.push(self.get(self.base + node + HEADER_BYTES));
            node = self.get(self.base + node + NEXT);
        }
        values
    }

    /// Makes objects that nothing refers to, until there must have been one collection: what
    /// lives moves back with the second.
    pub(super) fn churn(&mut self) -> Result<(), Trap> {
        (0..FIRST_HALVES * 3 / 4 / NODE)
            .try_for_each(|_| self.allocate(self.types[0], NODE).map(drop))
    }

    pub(super) fn len(&self) -> u32 {
        self.store.state.gc_heap.expect("it stays").len()
    }
}

#[test]
fn the_heap_of_a_program_that_drops_its_objects_does_not_grow() {
    let mut heap = Heap::new();
    let tail = heap.node(1, 0);
    let head = heap.node(2, tail);
    heap.put(heap.global(), head);
    for _ in 0..20 {
        heap.churn().expect("room");
        assert_eq!(heap.kept(), [2, 1]);
    }

    assert_eq!(heap.len(), RECORDS_END + FIRST_HALVES);
}

#[test]
fn under_stress_compiled_code_never_has_room_and_nothing_readable_is_left_behind() {
    let mut heap = Heap::made(true);
    let kept = heap.node(2, 0);
    heap.put(heap.global(), kept);
    for made in 1..10 {
        assert_eq!(heap.get(GC_HEAP_DATA), heap.get(GC_HEAP_DATA + 4), "no room");
        let place = heap.get(heap.global());
        heap.node(3, 0);
        assert_eq!(heap.store.collections(), made + 1);
        assert_eq!(heap.kept(), [2]);
        assert_eq!(heap.get(heap.base + place + HEADER_BYTES), 0xa5a5_a5a5, "where it was");
    }
    assert_eq!(heap.len(), RECORDS_END + FIRST_HALVES);
}

#[test]
fn the_heap_grows_with_what_lives_and_has_an_end() {
    let mut heap = Heap::new();
    for value in 0..20_000 {
        // What the global holds may move, so the node is linked when it has its place.
        let node = heap.node(value, 0);
        let list = heap.get(heap.global());
        heap.put(heap.base + node + NEXT, list);
        heap.put(heap.global(), node);
    }
    assert_eq!(heap.kept().len(), 20_000);
    assert!(heap.len() > RECORDS_END + 20_000 * NODE);
    assert!(heap.len() <= RECORDS_END + 16 * 20_000 * NODE);
    assert_eq!(heap.allocate(heap.types[0], u32::MAX), Err(Trap::AllocationTooLarge));
    assert_eq!(heap.allocate(heap.types[0], 1 << 30), Err(Trap::AllocationTooLarge));
}

#[test]
fn frames_and_arrays_keep_objects() {
    let mut heap = Heap::new();
    let maps = &heap.store.state.frame_maps[0];
    let number = maps.iter().position(|map| map.references.len() == 1).expect("`f` calls");
    let map = maps[number].clone();
    let frame = BOTTOM - map.size;
    let array = heap.allocate(heap.types[1], HEADER_BYTES + 4 + 4 * 3).expect("room");
    heap.put(heap.base + array + ARRAY_LENGTH, 3);
    let node = heap.node(9, 0);
    for (nth, reference) in [node, 7, 16].into_iter().enumerate() {
        let at = u32::try_from(4 * nth).expect("small");
        heap.put(heap.base + array + ARRAY_LENGTH + 4 + at, reference);
    }
    heap.put(frame + VMCTX, heap.vmctx);
    heap.put(frame + MAP, u32::try_from(number).expect("small"));
    heap.put(frame + map.references[0], array);
    heap.put(shadow_stack::POINTER, frame);
    heap.churn().expect("room");
    let moved = heap.base + heap.get(frame + map.references[0]);
    assert_ne!(moved, heap.base + array);
    let node = heap.get(moved + ARRAY_LENGTH + 4);
    assert_eq!(heap.get(heap.base + node + HEADER_BYTES), 9);
    let others = [heap.get(moved + ARRAY_LENGTH + 8), heap.get(moved + ARRAY_LENGTH + 12)];
    assert_eq!(others, [7, 16], "integers and references of the host stay");
}

#[test]
fn what_lies_above_the_first_frame_is_none() {
    let mut heap = Heap::new();
    let node = heap.node(1, 0);
    heap.put(heap.global(), node);
    let area = BOTTOM - 160;
    heap.store.state.stack_bottom = area;
    heap.put(shadow_stack::POINTER, area);
    heap.churn().expect("a return area of the host is no frame");
    assert_eq!(heap.kept(), [1]);
}

#[test]
fn what_cannot_be_ends_the_collection() {
    type Corruption = (&'static str, fn(&mut Heap, u32));
    let corruptions: [Corruption; 11] = [
        ("a reference between objects", |heap, node| heap.put(heap.global(), node + 8)),
        ("a reference behind all objects", |heap, _| heap.put(heap.global(), 1 << 24)),
        ("an object without a size", |heap, node| heap.put(heap.base + node + SIZE, 0)),
        ("an object of odd size", |heap, node| heap.put(heap.base + node + SIZE, 33)),
        ("an object larger than the heap", |heap, node| heap.put(heap.base + node + SIZE, !15)),
        ("an object of no type", |heap, node| heap.put(heap.base + node + TYPE, u32::MAX)),
        ("an object too short for its type", |heap, node| heap.put(heap.base + node + SIZE, 16)),
        ("an array of more elements than bytes", |heap, node| {
            heap.put(heap.base + node + TYPE, heap.types[1]);
            heap.put(heap.base + node + ARRAY_LENGTH, u32::MAX);
        }),
        ("a stack pointer outside the stack", |heap, _| heap.put(shadow_stack::POINTER, 12)),
        ("a frame without a header", |heap, _| heap.put(shadow_stack::POINTER, BOTTOM - 64)),
        ("a place for new objects outside", |heap, _| heap.put(GC_HEAP_DATA, u32::MAX)),
    ];
    for (what, corrupt) in corruptions {
        let mut heap = Heap::new();
        let node = heap.node(1, 0);
        heap.put(heap.global(), node);
        corrupt(&mut heap, node);
        assert_eq!(heap.churn(), Err(Trap::GcHeapCorrupt), "{what}");
    }
}

//! What a hostile guest may pass and leave in the arena: nothing makes the runtime
//! panic, or move a trusted size past its reservation.

use super::super::gc_heap::GC_HEAP_BYTES;
use super::*;
use crate::executor::ThrownTag;

/// A deterministic generator of arguments.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 32) ^ self.0
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).expect("below a u32")
    }

    /// Small numbers, numbers near powers of two, offsets of the arena, and any.
    pub(super) fn argument(&mut self, vmctx: Slot, len: u32) -> Slot {
        match self.next() % 6 {
            0 => Slot::from(self.next() % 8),
            1 => vmctx,
            2 => (1 << (self.next() % 65)) - Slot::from(self.next().is_multiple_of(3)),
            3 => Slot::from(len) - Slot::from(self.next() % 64),
            4 => Slot::from(self.next() % u64::from(len)),
            _ => Slot::from(self.next()) << 64 | Slot::from(self.next()),
        }
    }
}

/// A module that calls every builtin there is.
const HEAPED: &str = r#"(module
    (type $f (func (param i32) (result i64)))
    (type $row (array (mut i32)))
    (type $box (struct (field (mut (ref null $f)))))
    (import "env" "f" (func $f (type $f)))
    (tag $tag (param i32))
    (memory (export "memory") 1 3)
    (data $passive "later")
    (table (export "table") 4 6 funcref)
    (elem (i32.const 1) func $f $g)
    (elem $late func $g)
    (global (export "global") (mut i64) (i64.const -2))
    (func $g (export "g") (param i32) (result i64)
        (memory.init $passive (local.get 0) (i32.const 0) (i32.const 5))
        (table.init $late (i32.const 0) (i32.const 0) (i32.const 1))
        (drop (array.new $row (i32.const 1) (local.get 0)))
        (drop (struct.new $box (ref.func $g)))
        (throw $tag (i32.const 1))))"#;

#[test]
fn no_argument_and_no_byte_of_the_arena_makes_a_builtin_panic() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = instance_of(&mut executor, HEAPED);
    let context = vmctx(&store, id);
    let len = executor.arena.len();
    let mut random = Random(1);
    let mut served = [0; Builtin::ALL.len()];
    for _ in 0..100_000 {
        // Half of the time with a vmctx that is one, else most calls end there.
        let mut args: Vec<Slot> = (0..4).map(|_| random.argument(context, len)).collect();
        if random.next().is_multiple_of(2) {
            args[0] = context;
        }
        args.truncate(random.below(6) as usize);
        let number = random.below(u32::try_from(Builtin::ALL.len()).expect("few"));
        let wanted = Builtin::from_index(number).expect("one of them");
        // Large fills and copies are allowed, and slow.
        if let Some(length) = args.get_mut(3) {
            *length %= if random.next().is_multiple_of(64) { 1 << 40 } else { 1 << 12 };
        }
        corrupt(&mut executor.arena, &mut random, &store.state, id);
        let outcome = builtin(&mut store, &mut executor, wanted, &args);
        served[number as usize] += u32::from(outcome.is_ok());
        let exception = random.argument(context, len);
        #[expect(clippy::cast_possible_truncation, reason = "any 32 bits")]
        let _: Result<ThrownTag, Trap> = store.state.thrown(&mut executor.arena, exception as u32);
        assert!(store.state.memories[0].pages <= 3);
        assert!(store.state.tables[0].elements <= 6);
        assert!(store.state.gc_heap.is_some_and(|heap| heap.len() <= GC_HEAP_BYTES));
    }
    // Those that only ever trap are asked to, and the memory is not shared.
    let waits = [Builtin::MemoryAtomicWait32, Builtin::MemoryAtomicWait64];
    let only_trap = [&[Builtin::Trap, Builtin::Raise, Builtin::ThrowRef][..], &waits].concat();
    for (&wanted, &times) in Builtin::ALL.iter().zip(&served) {
        assert_eq!(times == 0, only_trap.contains(&wanted), "{wanted:?} was served {times} times");
    }
    let arena = &executor.arena;
    assert_eq!(store.broken_canaries(arena), Ok(Vec::new()), "a builtin wrote between areas");
    // Whatever is left can be looked at.
    let digests = store.memory_digests(arena).expect("sizes are trusted state");
    assert!(store.tables(arena, id).is_ok() && store.globals(arena, id).is_ok());
    assert!(store.arena_digest(arena, &digests).is_ok());
}

#[test]
fn a_builtin_moves_no_byte_from_one_area_to_the_next() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let context = vmctx(&store, id);
    let memory = Slot::from(store.state.memories[0].base);
    let reserved = 3 << 16;
    let mut call = |wanted, args: [Slot; 3]| {
        let args = [context, args[0], args[1], args[2]];
        builtin(&mut store, &mut executor, wanted, &args)
    };
    assert!(call(Builtin::MemoryFill, [memory, 7, reserved]).is_ok());
    assert!(call(Builtin::MemoryCopy, [memory, context, 64]).is_ok(), "from area to area");
    let refused = Err(Trap::ArenaOutOfBounds);
    assert_eq!(call(Builtin::MemoryFill, [memory, 7, reserved + 1]), refused);
    assert_eq!(call(Builtin::MemoryFill, [memory - 1, 7, 2]), refused);
    assert_eq!(call(Builtin::MemoryCopy, [memory, memory, reserved + 1]), refused);
    assert_eq!(call(Builtin::MemoryCopy, [memory, memory - 1, 1]), refused, "a canary is read");
    assert_eq!(store.broken_canaries(&executor.arena), Ok(Vec::new()));
}

#[test]
fn no_argument_makes_a_host_call_panic() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let vmctx = vmctx(&store, id);
    let len = executor.arena.len();
    let mut random = Random(2);
    let mut served = 0;
    for _ in 0..20_000 {
        let count = random.below(6);
        let args: Vec<Slot> = (0..count).map(|_| random.argument(vmctx, len)).collect();
        let mut results = vec![0; random.below(3) as usize];
        let number = if random.next().is_multiple_of(2) { 0 } else { random.below(u32::MAX) };
        let outcome = store.state.host(&mut executor.arena, number, &args, &mut results);
        served += u32::from(outcome.is_ok());
        assert!(outcome.is_err() || (number == 0 && count >= 3));
    }
    assert!(served > 1_000);
    assert!(store.host_calls().len() <= LOGGED);
}

/// Overwrites a field of the VM structures, or any word of theirs.
fn corrupt(arena: &mut OwnedArena, random: &mut Random, state: &State, id: InstanceId) {
    let instance = state.instance(id);
    let value = random.argument(instance.vmctx.into(), arena.len());
    let structures = instance.layout.catalogue();
    let structure =
        &structures[random.below(u32::try_from(structures.len()).expect("few")) as usize];
    let fields = u32::try_from(structure.fields.len()).expect("few");
    let field = structure.fields[random.below(fields) as usize];
    let at = places::offset_of(structure, instance.vmctx)
        + random.below(structure.count) * structure.size
        + field.offset;
    let any = instance.vmctx + random.below(PAGE - 4);
    let offset = if random.next().is_multiple_of(4) { any } else { at };
    #[expect(clippy::cast_possible_truncation, reason = "any 32 bits")]
    arena.store_u32(offset, value as u32).expect("the structures take a page");
}

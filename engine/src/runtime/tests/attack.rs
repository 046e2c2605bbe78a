//! What a hostile guest may pass and leave in the arena: nothing makes the runtime
//! panic, or move a trusted size past its reservation.

use super::*;

/// A deterministic generator of arguments.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 32) ^ self.0
    }

    /// A number below `end`.
    fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).expect("below a u32")
    }

    /// Small numbers, numbers near powers of two, offsets of the arena, and any.
    fn argument(&mut self, vmctx: Slot, len: u32) -> Slot {
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

#[test]
fn no_argument_and_no_byte_of_the_arena_makes_a_builtin_panic() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = rich(&mut executor);
    let context = vmctx(&store, id);
    let len = executor.arena.len();
    let mut random = Random(1);
    for _ in 0..100_000 {
        // Half of the time with a vmctx that is one, else most calls end there.
        let mut args: Vec<Slot> = (0..4).map(|_| random.argument(context, len)).collect();
        if random.next().is_multiple_of(2) {
            args[0] = context;
        }
        args.truncate(random.below(6) as usize);
        let builtins = u32::try_from(Builtin::ALL.len()).expect("a few");
        let wanted = Builtin::from_index(random.below(builtins)).expect("one of them");
        // Large fills and copies are allowed, and slow.
        if let Some(length) = args.get_mut(3) {
            *length %= if random.next().is_multiple_of(64) { 1 << 40 } else { 1 << 12 };
        }
        let _: Result<Slot, Trap> = builtin(&mut store, &mut executor, wanted, &args);
        corrupt(&mut executor.arena, &mut random, store.state.instance(id).vmctx);
        assert!(store.state.memories[0].pages <= 3);
        assert!(store.state.tables[0].elements <= 6);
    }
    // Whatever is left can be looked at.
    let arena = &executor.arena;
    let digests = store.memory_digests(arena).expect("sizes are trusted state");
    assert!(store.tables(arena, id).is_ok() && store.globals(arena, id).is_ok());
    assert!(store.arena_digest(arena, &digests).is_ok());
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

/// Overwrites a word of the VM structures.
fn corrupt(arena: &mut OwnedArena, random: &mut Random, vmctx: u32) {
    let offset = vmctx + random.below(PAGE - 4);
    arena.store_u32(offset, random.below(u32::MAX)).expect("the structures take a page");
}

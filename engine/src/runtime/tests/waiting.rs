//! Waiting and notifying, with whatever guest code may pass: nothing is written, nothing
//! outside the memory is read, and nobody waits.

use super::attack::Random;
use super::*;

const SHARED: &str = r#"(module
    (memory $shared 1 2 shared)
    (memory $own 1 2)
    (func (export "f") (param i32) (result i32)
        (drop (memory.atomic.wait32 $shared (local.get 0) (i32.const 0) (i64.const 0)))
        (memory.atomic.notify $own (local.get 0) (i32.const 1))))"#;

const BUILTINS: [Builtin; 3] =
    [Builtin::MemoryAtomicNotify, Builtin::MemoryAtomicWait32, Builtin::MemoryAtomicWait64];

/// Arguments of which most name a memory, and many a word of it.
fn arguments(random: &mut Random, vmctx: Slot, len: u32) -> Vec<Slot> {
    let mut args: Vec<Slot> = (0..5).map(|_| random.argument(vmctx, len)).collect();
    if !random.next().is_multiple_of(8) {
        args[0] = vmctx;
        args[1] = Slot::from(random.next() % 3);
    }
    if random.next().is_multiple_of(2) {
        args[2] = Slot::from(random.below(0x1_0010) & !3);
    }
    args.truncate(random.below(7) as usize);
    args
}

#[test]
fn no_argument_makes_a_wait_panic_write_or_last() {
    let mut executor = Scripted::idle();
    let (mut store, id, _) = instance_of(&mut executor, SHARED);
    let (vmctx, len) = (vmctx(&store, id), executor.arena.len());
    let mut random = Random(3);
    let before = executor.arena.digest(crate::arena::NULL_PAGE, 16 * PAGE);
    let mut served = [0; BUILTINS.len()];
    for _ in 0..60_000 {
        let nth = random.below(3) as usize;
        let args = arguments(&mut random, vmctx, len);
        match builtin(&mut store, &mut executor, BUILTINS[nth], &args) {
            Ok(result) => {
                assert!(result <= 2, "{result}");
                served[nth] += 1;
                let width = [4, 4, 8][nth];
                let address = args.get(2).map_or(0, |&slot| slot % (1 << 64));
                assert!(address.is_multiple_of(width) && address + width <= 0x1_0000, "{args:x?}");
            }
            Err(Trap::Host | Trap::HeapMisaligned | Trap::HeapOutOfBounds) => {}
            Err(Trap::AtomicWaitNonSharedMemory) => {
                assert!(args.get(1).is_some_and(|&memory| memory != 0))
            }
            Err(Trap::Interrupt) => assert!(args.len() > 4, "without a timeout none is asked for"),
            Err(trap) => panic!("{:?} of {args:x?}: {trap:?}", BUILTINS[nth]),
        }
    }
    assert!(served.iter().all(|&times| times > 500), "{served:?}");
    assert_eq!(executor.arena.digest(crate::arena::NULL_PAGE, 16 * PAGE), before);
}

//! Calls with arguments drawn at random, mostly from the edges of what could be valid.

use std::collections::BTreeSet;

use super::*;
use xxhash_rust::xxh3::xxh3_64;

const PROGRAMS: usize = 200;
/// Calls of each.
const CALLS: usize = 100;

/// Numbers that follow from a counter.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        xxh3_64(&self.0.to_le_bytes())
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        let index = self.next() % choices.len() as u64;
        choices[usize::try_from(index).expect("an index")]
    }

    fn argument(&mut self) -> u64 {
        let end = u64::from(LEN);
        let near = [0, 1, 2, 3, 4, 5, 6, 8, 24, 64, 1024, end - 8, end - 1, end, end + 1];
        let far = [0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];
        let places = [RESULT, TEXT.into(), BUFFERS.into(), DATA.into()];
        match self.next() % 8 {
            0..4 => self.of(&near),
            4 => self.of(&far),
            5 => self.next(),
            _ => self.of(&places),
        }
    }
}

#[test]
fn no_call_panics_leaves_its_folder_or_writes_outside_memory() {
    let mut draw = Draw(0);
    let mut made = BTreeSet::new();
    for _ in 0..PROGRAMS {
        let guest = program(&mut draw);
        guest.assert_confined("one of the calls");
        let beside = std::fs::read_dir(&guest.scratch.0).expect("a folder").count();
        assert_eq!(beside, 2, "nothing was made beside the folder");
        assert_eq!(std::fs::read(guest.scratch.0.join("secret")).expect("kept"), b"secret");
        made.extend(guest.wasi.made());
    }
    assert_eq!(made.len(), table::CALLS.len() - 1, "every call was made but the one that exits");
}

/// A guest after some calls.
fn program(draw: &mut Draw) -> Guest {
    let paths = ["file", "../secret", "sub/x", "out", "/etc/x", "a\0", "round", "sub/../.."];
    let calls: Vec<_> = table::CALLS.iter().filter(|call| call.name != "proc_exit").collect();
    let mut guest = Guest::with(|config| config.repeatable = true);
    guest.path(draw.of(&paths));
    let (at, len) = (draw.of(&[0, DATA, LEN - 4, u32::MAX]), draw.of(&[0, 4, 64, LEN, u32::MAX]));
    guest.buffer(at, len);
    for _ in 0..CALLS {
        let call = draw.of(&calls);
        let mut args: Vec<u64> = call.ty().params.iter().map(|_| draw.argument()).collect();
        if call.name.starts_with("path_") && draw.of(&[true, false]) {
            args[0] = FOLDER;
        }
        guest.unchecked(call.name, &args);
    }
    guest
}

//! Where records land, in a store made by hand.
#![forbid(unsafe_code)]

use super::*;
use crate::runtime::ObjectMap;

const BASE: u64 = 0x7f12_0000_0000;
const LEN: u32 = 0x10_0000;

/// Two instances: the first has a memory from 0x3_0000, the second one from 0x8_0000.
fn judge(addressing: Addressing) -> Judge {
    let area = |kind, offset, len| Area { kind, offset, len };
    let map = ObjectMap::of_intervals(
        LEN,
        &[
            ("PublicMemory", vec![(0x3_0000, 0x4_0000), (0x8_0000, 0x9_0000)]),
            ("VMContext", vec![(0x2_0000, 0x2_0100), (0x6_0000, 0x6_0100)]),
            ("DefinedMemory(0)", vec![(0x8_0000, 0x9_0000)]),
        ],
    );
    let classes = map.classes_of(&["VMContext+0x8", "DefinedMemory(0)"]);
    Judge {
        addressing,
        base: BASE,
        len: LEN,
        map,
        classes,
        program: 0,
        widths: vec![4, 8],
        areas: vec![
            area(AreaKind::Store, 0x1_0000, 0x1000),
            area(AreaKind::Instance, 0x2_0000, 0x1000),
            area(AreaKind::Memory, 0x3_0000, 0x2_0000),
            area(AreaKind::Instance, 0x6_0000, 0x1000),
            area(AreaKind::Memory, 0x8_0000, 0x2_0000),
        ],
        witness: Some(SiteId(1)),
    }
}

const CONTEXT: SiteId = SiteId(0);
const MEMORY: SiteId = SiteId(1);

#[test]
fn an_access_is_judged_by_the_object_that_it_lies_in() {
    for addressing in Addressing::ALL {
        let judge = judge(addressing);
        let at = |site, offset: u64| judge.access(site, BASE + offset);
        assert_eq!(at(CONTEXT, 0x6_0010), Some(Class::Own));
        assert_eq!(at(MEMORY, 0x8_fff8), Some(Class::Own));
        assert_eq!(at(MEMORY, 0x8_fff9), Some(Class::OtherObject), "into what it may grow to");
        assert_eq!(at(MEMORY, 0x6_0010), Some(Class::OtherObject), "its own instance");
        assert_eq!(at(CONTEXT, 0x1_0010), Some(Class::OtherObject), "the store");
        assert_eq!(at(CONTEXT, 0x8_0000), Some(Class::OtherInstance), "a memory");
        assert_eq!(at(MEMORY, 0x3_0000), Some(Class::OtherInstance), "the other memory");
        assert_eq!(at(MEMORY, 0x2_0010), Some(Class::OtherInstance), "the other instance");
    }
}

#[test]
fn outside_of_the_arena_offsets_are_stopped_and_raw_pointers_are_not() {
    let far = [BASE + u64::from(LEN) - 4, BASE + (3 << 30), BASE - 64, 0x7fff_0000_0000, 1 << 63];
    for address in far {
        assert_eq!(judge(Addressing::Arena32).access(MEMORY, address), None, "{address:#x}");
        let raw = judge(Addressing::Raw64).access(MEMORY, address);
        assert_eq!(raw, Some(Class::Outside), "{address:#x}");
    }
}

#[test]
fn addresses_that_no_process_has_are_told_apart() {
    let judge = judge(Addressing::Raw64);
    let mut reach = Reach::default();
    for address in [0x7654_3210, 1 << 47, u64::MAX - 8, BASE - 64, 0x5555_5555_0000] {
        judge.note(Recorded::Access { site: MEMORY, address }, &mut reach);
    }
    assert_eq!((reach.counts[Class::Outside as usize], reach.plausible), (5, 2));
}

#[test]
fn each_layout_has_its_own_null_page() {
    let (arena, raw) = (judge(Addressing::Arena32), judge(Addressing::Raw64));
    assert_eq!(arena.access(MEMORY, BASE + 8), None);
    assert_eq!(raw.access(MEMORY, 8), None);
    assert_eq!(raw.access(MEMORY, BASE + 8), Some(Class::Outside));
}

#[test]
fn a_builtin_is_judged_by_all_that_it_touches() {
    let judge = judge(Addressing::Raw64);
    assert_eq!(judge.service(BASE + 0x8_0000, 0x1_0000), Some(Class::Own));
    assert_eq!(judge.service(BASE + 0x8_0000, 0x1_0001), Some(Class::OtherObject));
    assert_eq!(judge.service(BASE + 0x8_0000, 1 << 40), Some(Class::Outside));
}

#[test]
fn records_are_counted_and_the_witness_is_noticed() {
    let judge = judge(Addressing::Raw64);
    let mut reach = Reach { witnessed: Some(false), ..Reach::default() };
    judge.note(Recorded::Access { site: CONTEXT, address: BASE + 0x6_0000 }, &mut reach);
    assert_eq!((reach.worst(), reach.witnessed), (Some(Class::Own), Some(false)));
    judge.note(Recorded::Call { site: MEMORY, address: 1, fits: false }, &mut reach);
    judge.note(Recorded::Lost(7), &mut reach);
    assert_eq!((reach.worst(), reach.witnessed), (Some(Class::BadTransfer), Some(true)));
    assert_eq!((reach.counts, reach.lost), ([1, 0, 0, 0, 1], 7));
}

//! The cage by itself: what is accessible, and where it lies.

use super::*;

#[test]
fn accessible_is_exactly_null_page_to_len() {
    let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
    cage.reset(NULL_PAGE + PAGE).expect("memory");
    let end = cage.len();
    for offset in [0, NULL_PAGE - 1, end - 3, end, u32::MAX - 1] {
        assert_eq!(cage.load_u32(offset), Err(OutOfArena { offset, width: 4 }), "{offset:#x}");
    }
    for offset in [NULL_PAGE, end - 4] {
        cage.store_u32(offset, 0x1234_5678).expect("inside");
        assert_eq!(cage.load_u32(offset), Ok(0x1234_5678));
    }
}

#[test]
fn a_reset_zeroes_and_resizes() {
    let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
    for pages in [16, 4, 64, 0, 1] {
        cage.reset(NULL_PAGE + pages * PAGE).expect("memory");
        assert_eq!(cage.len(), NULL_PAGE + pages * PAGE);
        let mut bytes = vec![1; (pages * PAGE) as usize];
        cage.read(NULL_PAGE, &mut bytes).expect("inside");
        assert!(bytes.iter().all(|&byte| byte == 0), "{pages} pages");
        cage.fill(NULL_PAGE, 0xff, pages * PAGE).expect("inside");
    }
}

#[test]
fn overlapping_copies_move_every_byte() {
    let mut cage = Cage::new(GuardMode::Guard).expect("a cage");
    cage.reset(NULL_PAGE + PAGE).expect("memory");
    cage.write(NULL_PAGE, &[1, 2, 3, 4]).expect("inside");
    cage.copy_within(NULL_PAGE + 1, NULL_PAGE, 4).expect("inside");
    let mut bytes = [0; 5];
    cage.read(NULL_PAGE, &mut bytes).expect("inside");
    assert_eq!(bytes, [1, 1, 2, 3, 4]);
}

#[test]
fn there_is_always_room_for_the_opposite_of_a_cage() {
    let cage = Cage::new(GuardMode::Guard).expect("a cage");
    let base = cage.base() ^ OPPOSITE;
    let opposite = Cage::with_base(Some(base), GuardMode::Guard).expect("another cage");
    assert_eq!(opposite.base(), base);
    let taken = Cage::with_base(Some(base), GuardMode::Guard).expect_err("no room for a third");
    assert!(matches!(taken, CageError::Reserve(_)), "{taken}");
}

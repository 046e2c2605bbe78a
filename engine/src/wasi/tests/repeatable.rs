//! Repeatable programs see the same world every time, and others see this one.

use super::*;

/// What a program sees of clocks, random bytes and files.
fn seen(guest: &mut Guest) -> Vec<u8> {
    let data = u64::from(DATA);
    let mut seen = Vec::new();
    for clock in 0..4 {
        assert_eq!(guest.call("clock_time_get", &[clock, 0, RESULT]), Ok(()));
        seen.extend(guest.get::<8>(RESULT));
    }
    assert_eq!(guest.call("random_get", &[data, 37]), Ok(()));
    seen.extend(guest.get::<37>(data));
    let (path, len) = guest.path("file");
    assert_eq!(guest.call("path_filestat_get", &[FOLDER, 0, path, len, RESULT]), Ok(()));
    seen.extend(guest.get::<64>(RESULT));
    assert_eq!(guest.call("fd_readdir", &[FOLDER, data, 200, 0, RESULT]), Ok(()));
    seen.extend(guest.get::<200>(data));
    seen
}

#[test]
fn a_repeatable_world_is_the_same_over_any_copy_of_a_folder() {
    let repeatable = || Guest::with(|config| config.repeatable = true);
    assert_eq!(seen(&mut repeatable()), seen(&mut repeatable()));
    assert_ne!(seen(&mut Guest::new()), seen(&mut Guest::new()));
}

#[test]
fn a_repeatable_clock_goes_forward_and_waits_at_once() {
    let mut guest = Guest::with(|config| config.repeatable = true);
    let mut now = || {
        assert_eq!(guest.call("clock_time_get", &[1, 0, RESULT]), Ok(()));
        u64::from_le_bytes(guest.get(RESULT))
    };
    let before = now();
    assert!(now() > before);
    let hour = 3_600_000_000_000_u64;
    let mut subscription = [0; 48];
    subscription[16] = 1;
    subscription[24..32].copy_from_slice(&hour.to_le_bytes());
    guest.put(DATA, &subscription);
    assert_eq!(guest.call("poll_oneoff", &[DATA.into(), 0x9000, 1, RESULT]), Ok(()));
    assert_eq!(guest.result(), 1);
    assert_eq!(guest.call("clock_time_get", &[1, 0, RESULT]), Ok(()));
    assert!(u64::from_le_bytes(guest.get(RESULT)) >= before + hour);
}

#[test]
fn one_file_has_one_number() {
    let mut guest = Guest::with(|config| config.repeatable = true);
    let number = |guest: &mut Guest, path: &str| {
        let (at, len) = guest.path(path);
        assert_eq!(guest.call("path_filestat_get", &[FOLDER, 0, at, len, RESULT]), Ok(()));
        u64::from_le_bytes(guest.get(RESULT + 8))
    };
    let (file, sub) = (number(&mut guest, "file"), number(&mut guest, "sub"));
    assert_ne!(file, sub);
    assert_eq!(number(&mut guest, "sub/../file"), file);
}

#[test]
fn clocks_that_are_not_there_are_invalid() {
    for repeatable in [false, true] {
        let mut guest = Guest::with(|config| config.repeatable = repeatable);
        assert_eq!(guest.call("clock_time_get", &[4, 0, RESULT]), Err(Errno::Invalid));
        assert_eq!(guest.call("clock_res_get", &[0xffff_ffff, RESULT]), Err(Errno::Invalid));
    }
}

#[test]
fn calls_that_were_made_are_known_by_name() {
    let mut guest = Guest::new();
    assert!(guest.wasi.made().is_empty());
    let _ = guest.call("random_get", &[DATA.into(), 1]);
    let _ = guest.call("fd_close", &[99]);
    assert_eq!(guest.wasi.made(), ["fd_close", "random_get"]);
}

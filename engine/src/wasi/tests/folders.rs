//! Reading folders: tiny buffers, and cookies that a guest made up.

use super::*;

const HEAD: usize = 24;

/// Reads entries from a cookie on into a buffer of some bytes; gives what was written.
fn read(guest: &mut Guest, len: usize, cookie: u64) -> Result<Vec<u8>, Errno> {
    guest.call("fd_readdir", &[FOLDER, DATA.into(), len as u64, cookie, RESULT])?;
    let mut bytes = vec![0; guest.result() as usize];
    guest.arena.read(BASE + DATA, &mut bytes).expect("inside");
    Ok(bytes)
}

/// Cookie and name of each whole entry.
fn entries(mut bytes: &[u8]) -> Vec<(u64, String)> {
    let mut entries = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() {
        let next = u64::from_le_bytes(*head.first_chunk().expect("8 bytes"));
        let len = u32::from_le_bytes(*head[16..].first_chunk().expect("4 bytes")) as usize;
        let Some(name) = rest.get(..len) else { break };
        entries.push((next, String::from_utf8(name.to_vec()).expect("a name")));
        bytes = &rest[len..];
    }
    entries
}

const NAMES: [&str; 7] = [".", "..", "absolute", "file", "out", "round", "sub"];

#[test]
fn all_entries_come_sorted() {
    let found = entries(&read(&mut Guest::new(), 1000, 0).expect("a folder"));
    let names: Vec<&str> = found.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, NAMES);
}

#[test]
fn every_buffer_that_holds_an_entry_comes_to_the_end() {
    for len in HEAD + 8..HEAD + 40 {
        let mut guest = Guest::new();
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            let bytes = read(&mut guest, len, cookie).expect("a folder");
            let found = entries(&bytes);
            let Some((next, _)) = found.last() else { break };
            cookie = *next;
            names.extend(found.into_iter().map(|(_, name)| name));
            assert!(names.len() <= NAMES.len());
        }
        assert_eq!(names, NAMES, "{len} bytes at a time");
    }
}

#[test]
fn a_buffer_that_is_too_small_is_filled_with_part_of_an_entry() {
    let mut guest = Guest::new();
    let whole = read(&mut guest, 100, 0).expect("a folder");
    for len in 0..=HEAD {
        let part = read(&mut guest, len, 0).expect("a folder");
        assert_eq!(part, whole[..len], "as much as there is room for");
    }
}

#[test]
fn a_forged_cookie_is_past_the_end() {
    let mut guest = Guest::new();
    for cookie in [NAMES.len() as u64, 8, 1 << 31, 1 << 32, u64::MAX] {
        assert_eq!(read(&mut guest, 1000, cookie), Ok(Vec::new()), "cookie {cookie:#x}");
    }
}

#[test]
fn a_cookie_keeps_its_meaning_while_the_folder_changes() {
    let mut guest = Guest::new();
    let first = entries(&read(&mut guest, 1000, 0).expect("a folder"));
    std::fs::write(guest.inside("another"), "").expect("a file");
    let rest = entries(&read(&mut guest, 1000, first[2].0).expect("a folder"));
    assert_eq!(rest, first[3..]);
    let again = entries(&read(&mut guest, 1000, 0).expect("a folder"));
    assert_eq!(again.len(), NAMES.len() + 1, "from the start, the folder is read anew");
}

#[test]
fn a_folder_has_its_name_and_no_other_has() {
    let mut guest = Guest::new();
    assert_eq!(guest.call("fd_prestat_get", &[FOLDER, RESULT]), Ok(()));
    assert_eq!(guest.get::<8>(RESULT), [0, 0, 0, 0, 6, 0, 0, 0]);
    let data = u64::from(DATA);
    for len in [0, 5] {
        let outcome = guest.call("fd_prestat_dir_name", &[FOLDER, data, len]);
        assert_eq!(outcome, Err(Errno::NameTooLong), "{len} bytes");
    }
    assert_eq!(guest.call("fd_prestat_dir_name", &[FOLDER, data, 6]), Ok(()));
    assert_eq!(guest.get::<6>(data), *b"folder");
    let sub = guest.open("sub", 2, READ).expect("it is there");
    assert_eq!(guest.call("fd_prestat_get", &[sub, RESULT]), Err(Errno::BadF));
}

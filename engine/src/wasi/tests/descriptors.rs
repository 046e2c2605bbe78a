//! Descriptors that a guest made up, closed, or uses for what they are not for.

use super::*;

/// Every call that takes a descriptor first, with arguments that are good otherwise.
fn calls_on(descriptor: u64, buffers: u64, path: u64, len: u64) -> Vec<(&'static str, Vec<u64>)> {
    let data = u64::from(DATA);
    let others: [(&str, &[u64]); 27] = [
        ("fd_advise", &[0, 0, 0]),
        ("fd_allocate", &[0, 1]),
        ("fd_close", &[]),
        ("fd_datasync", &[]),
        ("fd_fdstat_get", &[RESULT]),
        ("fd_fdstat_set_flags", &[0]),
        ("fd_fdstat_set_rights", &[0, 0]),
        ("fd_filestat_get", &[RESULT]),
        ("fd_filestat_set_size", &[0]),
        ("fd_filestat_set_times", &[0, 0, 0]),
        ("fd_pread", &[buffers, 1, 0, RESULT]),
        ("fd_prestat_dir_name", &[data, 100]),
        ("fd_prestat_get", &[RESULT]),
        ("fd_pwrite", &[buffers, 1, 0, RESULT]),
        ("fd_read", &[buffers, 1, RESULT]),
        ("fd_readdir", &[data, 100, 0, RESULT]),
        ("fd_renumber", &[1]),
        ("fd_seek", &[0, 0, RESULT]),
        ("fd_sync", &[]),
        ("fd_tell", &[RESULT]),
        ("fd_write", &[buffers, 1, RESULT]),
        ("path_create_directory", &[path, len]),
        ("path_filestat_get", &[0, path, len, RESULT]),
        ("path_filestat_set_times", &[0, path, len, 0, 0, 0]),
        ("path_open", &[0, path, len, 0, READ, 0, 0, RESULT]),
        ("path_readlink", &[path, len, data, 100, RESULT]),
        ("path_unlink_file", &[path, len]),
    ];
    others.iter().map(|(name, rest)| (*name, [&[descriptor], *rest].concat())).collect()
}

#[test]
fn what_is_not_open_is_bad_for_every_call() {
    let mut guest = Guest::new();
    let buffers = guest.buffer(DATA, 4);
    let (path, len) = guest.path("file");
    for descriptor in [4, 1023, 1024, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        for (name, args) in calls_on(descriptor, buffers, path, len) {
            assert_eq!(guest.call(name, &args), Err(Errno::BadF), "{name} on {descriptor:#x}");
        }
    }
}

#[test]
fn a_closed_descriptor_is_bad_and_its_number_is_given_again() {
    let mut guest = Guest::new();
    let first = guest.open("file", 0, READ).expect("it is there");
    assert_eq!(guest.call("fd_close", &[first]), Ok(()));
    assert_eq!(guest.call("fd_close", &[first]), Err(Errno::BadF));
    assert_eq!(guest.open("file", 0, READ), Ok(first));
}

#[test]
fn a_descriptor_that_is_moved_leaves_its_number() {
    let mut guest = Guest::new();
    let (a, b) = (guest.open("file", 0, READ), guest.open("sub", 2, READ));
    let (a, b) = (a.expect("it is there"), b.expect("it is there"));
    assert_eq!(guest.call("fd_renumber", &[a, b]), Ok(()));
    assert_eq!(guest.call("fd_tell", &[a, RESULT]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_tell", &[b, RESULT]), Ok(()));
    assert_eq!(guest.call("fd_renumber", &[b, 77]), Err(Errno::BadF), "77 is not open");
    assert_eq!(guest.call("fd_renumber", &[b, b]), Ok(()));
}

#[test]
fn streams_have_a_direction_and_no_position() {
    let mut guest = Guest::new();
    let buffers = guest.buffer(DATA, 4);
    assert_eq!(guest.call("fd_write", &[0, buffers, 1, RESULT]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_read", &[1, buffers, 1, RESULT]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_seek", &[1, 0, 0, RESULT]), Err(Errno::Seek));
    assert_eq!(guest.call("fd_tell", &[0, RESULT]), Err(Errno::Seek));
    assert_eq!(guest.call("fd_pread", &[0, buffers, 1, 0, RESULT]), Err(Errno::BadF));
}

#[test]
fn a_file_allows_what_it_was_opened_for() {
    let mut guest = Guest::new();
    let buffers = guest.buffer(DATA, 4);
    let read = guest.open("file", 0, READ).expect("it is there");
    assert_eq!(guest.call("fd_write", &[read, buffers, 1, RESULT]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_pwrite", &[read, buffers, 1, 0, RESULT]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_filestat_set_size", &[read, 0]), Err(Errno::BadF));
    let write = guest.open("file", 0, WRITE).expect("it is there");
    assert_eq!(guest.call("fd_read", &[write, buffers, 1, RESULT]), Err(Errno::BadF));
    assert_eq!(guest.call("fd_pread", &[write, buffers, 1, 0, RESULT]), Err(Errno::BadF));
    assert_eq!(std::fs::read(guest.inside("file")).expect("it is there"), b"hello");
    let rights = guest.call("fd_fdstat_set_rights", &[write, 0, 0]);
    assert_eq!(rights, Err(Errno::NotSupported), "nobody may think that rights were dropped");
}

#[test]
fn positions_that_no_file_has_are_invalid() {
    let mut guest = Guest::new();
    let buffers = guest.buffer(DATA, 4);
    let file = guest.open("file", 0, READ | WRITE).expect("it is there");
    let minus_one = u64::MAX;
    for (offset, whence) in [(minus_one, 0), (minus_one, 1), (-6i64 as u64, 2), (0, 3), (0, 255)] {
        let outcome = guest.call("fd_seek", &[file, offset, whence, RESULT]);
        assert_eq!(outcome, Err(Errno::Invalid), "{offset:#x} {whence}");
    }
    let outcome = guest.call("fd_pread", &[file, buffers, 1, 1 << 63, RESULT]);
    assert_eq!(outcome, Err(Errno::Invalid));
    let outcome = guest.call("fd_allocate", &[file, u64::MAX, 1]);
    assert_eq!(outcome, Err(Errno::FileTooBig));
}

#[test]
fn only_so_many_files_are_open_at_once() {
    let mut guest = Guest::new();
    let open = std::iter::from_fn(|| guest.open("sub", 2, READ).ok()).take(2000).count();
    assert_eq!(open, 1024 - 4);
    assert_eq!(guest.open("sub", 2, READ), Err(Errno::TooManyFiles));
}

#[test]
fn output_that_has_no_room_is_said() {
    let mut guest = Guest::with(|config| config.stdout = Output::Capture(Captured::new(3)));
    let buffers = guest.buffer(DATA, 4);
    assert_eq!(guest.call("fd_write", &[1, buffers, 1, RESULT]), Ok(()));
    assert_eq!(guest.result(), 3, "a short count");
    assert_eq!(guest.call("fd_write", &[1, buffers, 1, RESULT]), Err(Errno::NoSpace));
}

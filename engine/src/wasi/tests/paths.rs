//! Paths cannot leave the folder that they are relative to, whatever they say.

use super::*;

/// Paths that lead out, by their text or by links.
const OUT: [&str; 9] = [
    "..",
    "../secret",
    "sub/../../secret",
    "./../inside/file",
    "/etc/passwd",
    "//etc/passwd",
    "out",
    "absolute/passwd",
    "sub/../out",
];

#[test]
fn nothing_outside_is_opened() {
    for path in OUT {
        for (oflags, rights) in [(0, READ), (0, READ | WRITE), (8, WRITE), (1, WRITE)] {
            let mut guest = Guest::new();
            assert_eq!(guest.open(path, oflags, rights), Err(Errno::NotPermitted), "{path}");
            assert_eq!(std::fs::read(guest.scratch.0.join("secret")).expect("kept"), b"secret");
        }
    }
}

#[test]
fn nothing_outside_is_changed_or_told() {
    for path in ["../secret", "/etc/passwd", "sub/../../secret", "absolute/passwd"] {
        let mut guest = Guest::new();
        let (at, len) = guest.path(path);
        let data = u64::from(DATA);
        guest.put(DATA, b"file");
        let calls: [(&str, &[u64]); 10] = [
            ("path_create_directory", &[FOLDER, at, len]),
            ("path_remove_directory", &[FOLDER, at, len]),
            ("path_unlink_file", &[FOLDER, at, len]),
            ("path_filestat_get", &[FOLDER, 1, at, len, RESULT]),
            ("path_filestat_set_times", &[FOLDER, 1, at, len, 0, 0, 2]),
            ("path_readlink", &[FOLDER, at, len, data, 100, RESULT]),
            ("path_rename", &[FOLDER, at, len, FOLDER, data, 4]),
            ("path_rename", &[FOLDER, data, 4, FOLDER, at, len]),
            ("path_link", &[FOLDER, 0, data, 4, FOLDER, at, len]),
            ("path_symlink", &[data, 4, FOLDER, at, len]),
        ];
        for (name, args) in calls {
            assert_eq!(guest.call(name, args), Err(Errno::NotPermitted), "{name} {path}");
        }
        assert_eq!(std::fs::read(guest.scratch.0.join("secret")).expect("kept"), b"secret");
        assert_eq!(std::fs::read_dir(&guest.scratch.0).expect("kept").count(), 2);
    }
}

#[test]
fn a_link_that_is_not_followed_is_a_link() {
    let mut guest = Guest::new();
    let (at, len) = guest.path("out");
    let outcome = guest.call("path_open", &[FOLDER, 0, at, len, 0, READ, 0, 0, RESULT]);
    assert_eq!(outcome, Err(Errno::Loop));
    assert_eq!(guest.call("path_filestat_get", &[FOLDER, 0, at, len, RESULT]), Ok(()));
    assert_eq!(guest.get::<1>(RESULT + 16), [7], "a symbolic link");
    assert_eq!(guest.call("path_unlink_file", &[FOLDER, at, len]), Ok(()));
    assert!(guest.scratch.0.join("secret").exists(), "the link is gone, not what it led to");
}

#[test]
fn links_that_a_guest_makes_lead_nowhere_else() {
    let mut guest = Guest::new();
    let data = u64::from(DATA);
    guest.put(DATA, b"/etc");
    let (at, len) = guest.path("link");
    let absolute = guest.call("path_symlink", &[data, 4, FOLDER, at, len]);
    assert_eq!(absolute, Err(Errno::NotPermitted));
    guest.put(DATA, b"../secret");
    assert_eq!(guest.call("path_symlink", &[data, 9, FOLDER, at, len]), Ok(()));
    assert_eq!(guest.open("link", 0, READ), Err(Errno::NotPermitted));
}

#[test]
fn links_that_go_round_end() {
    assert_eq!(Guest::new().open("round", 0, READ), Err(Errno::Loop));
}

#[test]
fn a_path_is_text() {
    let mut guest = Guest::new();
    assert_eq!(guest.open(b"\xff\xfe", 0, READ), Err(Errno::IllegalBytes));
    assert_eq!(guest.open(b"fi\xc3", 0, READ), Err(Errno::IllegalBytes));
    for path in ["file\0", "\0", "file\0/../../secret"] {
        assert_eq!(guest.open(path, 1, WRITE), Err(Errno::Invalid), "{path:?}");
    }
    assert_eq!(guest.open("", 0, READ), Err(Errno::NoEntry));
}

#[test]
fn a_path_has_a_length() {
    let mut guest = Guest::new();
    assert_eq!(guest.open("a".repeat(256), 0, READ), Err(Errno::NameTooLong));
    assert_eq!(guest.open("sub/../".repeat(800) + "file", 0, READ), Err(Errno::NameTooLong));
    let outcome = guest.call("path_open", &[FOLDER, 1, 0, 0xffff_ffff, 0, READ, 0, 0, RESULT]);
    assert_eq!(outcome, Err(Errno::Fault));
}

#[test]
fn a_path_names_what_it_says() {
    let mut guest = Guest::new();
    assert_eq!(guest.open("missing", 0, READ), Err(Errno::NoEntry));
    assert_eq!(guest.open("file/x", 0, READ), Err(Errno::NotDirectory));
    assert_eq!(guest.open("file/", 0, READ), Err(Errno::NotDirectory));
    assert_eq!(guest.open("file", 2, READ), Err(Errno::NotDirectory));
    assert_eq!(guest.open("sub", 0, WRITE), Err(Errno::IsDirectory));
    assert_eq!(guest.open("file", 1 | 4, WRITE), Err(Errno::Exist));
    assert!(guest.open("sub/../file", 0, READ).is_ok());
    assert!(guest.open("sub/./", 2, READ).is_ok());
}

#[test]
fn flags_that_nobody_knows_are_invalid() {
    let mut guest = Guest::new();
    let (at, len) = guest.path("file");
    for [lookup, oflags, fdflags] in [[2, 0, 0], [0xffff_ffff, 0, 0], [0, 16, 0], [0, 0, 32]] {
        let args = [FOLDER, lookup, at, len, oflags, READ, 0, fdflags, RESULT];
        assert_eq!(guest.call("path_open", &args), Err(Errno::Invalid), "{args:?}");
    }
    assert_eq!(
        guest.open("file", 1 | 2, READ),
        Err(Errno::Invalid),
        "a folder is not made by opening"
    );
    let file = guest.open("file", 0, READ | WRITE).expect("it is there");
    for flags in [3, 12, 16] {
        let outcome = guest.call("fd_filestat_set_times", &[file, 0, 0, flags]);
        assert_eq!(outcome, Err(Errno::Invalid), "both times at once, or unknown flags: {flags}");
    }
    let outcome = guest.call("fd_fdstat_set_flags", &[file, 4]);
    assert_eq!(outcome, Err(Errno::NotSupported), "non-blocking");
}

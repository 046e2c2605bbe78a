//! Pointers, lengths and counts that a guest made up.

use super::*;

const END: u64 = LEN as u64;

#[test]
fn a_buffer_must_lie_in_memory() {
    let outside = [
        (LEN - 2, 4),
        (LEN, 1),
        (0xffff_fff0, 0x20),
        (0, 0xffff_ffff),
        (0x8000_0000, 0x8000_0000),
        (LEN + 1, 0),
    ];
    for (at, len) in outside {
        let mut guest = Guest::new();
        let buffers = guest.buffer(at, len);
        let file = guest.open("file", 0, READ | WRITE).expect("it is there");
        for (name, descriptor) in
            [("fd_write", 1), ("fd_read", 0), ("fd_write", file), ("fd_read", file)]
        {
            let outcome = guest.call(name, &[descriptor, buffers, 1, RESULT]);
            assert_eq!(outcome, Err(Errno::Fault), "{name} of {len} bytes at {at:#x}");
        }
        for name in ["fd_pread", "fd_pwrite"] {
            let outcome = guest.call(name, &[file, buffers, 1, 0, RESULT]);
            assert_eq!(outcome, Err(Errno::Fault), "{name} of {len} bytes at {at:#x}");
        }
        assert!(guest.stdout.bytes().is_empty());
        assert_eq!(std::fs::read(guest.inside("file")).expect("it is there"), b"hello");
    }
}

#[test]
fn an_empty_buffer_may_end_where_memory_does() {
    let mut guest = Guest::new();
    let buffers = guest.buffer(LEN, 0);
    assert_eq!(guest.call("fd_write", &[1, buffers, 1, RESULT]), Ok(()));
    assert_eq!(guest.call("random_get", &[END, 0]), Ok(()));
}

#[test]
fn a_list_of_buffers_must_lie_in_memory() {
    for at in [END - 7, END, 0xffff_fff8, 0xffff_ffff] {
        let mut guest = Guest::new();
        assert_eq!(guest.call("fd_write", &[1, at, 1, RESULT]), Err(Errno::Fault), "at {at:#x}");
    }
}

#[test]
fn a_huge_count_of_buffers_is_invalid() {
    for count in [1025, 0x2000_0000, 0xffff_ffff] {
        let mut guest = Guest::new();
        let buffers = guest.buffer(DATA, 4);
        let outcome = guest.call("fd_write", &[1, buffers, count, RESULT]);
        assert_eq!(outcome, Err(Errno::Invalid), "{count} buffers");
        assert!(guest.stdout.bytes().is_empty());
    }
}

#[test]
fn of_as_many_buffers_as_linux_takes_the_first_with_something_in_it_is_written() {
    let mut guest = Guest::new();
    let entry = |len: u32| [DATA.to_le_bytes(), len.to_le_bytes()].concat();
    let list = [entry(0).repeat(1022), entry(2), entry(1)].concat();
    guest.put(BUFFERS, &list);
    guest.put(DATA, b"xy");
    assert_eq!(guest.call("fd_write", &[1, BUFFERS.into(), 1024, RESULT]), Ok(()));
    assert_eq!((guest.result(), guest.stdout.bytes()), (2, b"xy".to_vec()));
}

#[test]
fn buffers_may_overlap_their_own_list() {
    let mut guest = Guest::new();
    let buffers = guest.buffer(BUFFERS, 8);
    assert_eq!(guest.call("fd_read", &[0, buffers, 1, RESULT]), Ok(()));
    assert_eq!(
        (guest.result(), guest.get(BUFFERS.into())),
        (5, *b"input"),
        "the list was read before"
    );
}

#[test]
fn misaligned_structures_are_read_and_written() {
    let mut guest = Guest::new();
    guest.put(BUFFERS + 1, &[DATA.to_le_bytes(), 2u32.to_le_bytes()].concat());
    guest.put(DATA, b"ok");
    assert_eq!(guest.call("fd_write", &[1, u64::from(BUFFERS) + 1, 1, RESULT + 3]), Ok(()));
    assert_eq!(guest.get(RESULT + 3), 2u32.to_le_bytes());
}

#[test]
fn a_result_must_lie_in_memory() {
    let mut guest = Guest::new();
    let (path, len) = guest.path("file");
    let buffers = guest.buffer(DATA, 1);
    let calls: [(&str, &[u64]); 14] = [
        ("fd_write", &[1, buffers, 1, END - 3]),
        ("fd_prestat_get", &[FOLDER, END - 4]),
        ("fd_prestat_get", &[FOLDER, 0xffff_fffc]),
        ("fd_fdstat_get", &[1, END - 23]),
        ("fd_filestat_get", &[1, END - 63]),
        ("path_filestat_get", &[FOLDER, 0, path, len, END - 63]),
        ("path_open", &[FOLDER, 0, path, len, 0, READ, 0, 0, END - 3]),
        ("fd_readdir", &[FOLDER, DATA.into(), 100, 0, END]),
        ("clock_time_get", &[0, 0, END - 7]),
        ("clock_res_get", &[0, END - 7]),
        ("args_sizes_get", &[RESULT, END - 3]),
        ("environ_sizes_get", &[0xffff_ffff, RESULT]),
        ("random_get", &[END - 4, 8]),
        ("random_get", &[16, 0xffff_fff8]),
    ];
    for (name, args) in calls {
        assert_eq!(guest.call(name, args), Err(Errno::Fault), "{name}");
    }
}

#[test]
fn strings_and_their_pointers_must_lie_in_memory() {
    for name in ["args_get", "environ_get"] {
        for args in
            [[END, 0], [0, END], [END - 3, 0], [0, END - 3], [0xffff_fffe, 0], [0, 0xffff_fffe]]
        {
            let mut guest = Guest::new();
            let outcome = guest.call(name, &args);
            assert!(matches!(outcome, Err(Errno::Fault)), "{name} {args:x?}: {outcome:?}");
        }
    }
}

#[test]
fn waiting_takes_subscriptions_from_memory_only() {
    let mut guest = Guest::new();
    let from = u64::from(DATA);
    assert_eq!(guest.call("poll_oneoff", &[from, from, 0, RESULT]), Err(Errno::Invalid));
    assert_eq!(guest.call("poll_oneoff", &[from, from, 0xffff_ffff, RESULT]), Err(Errno::Invalid));
    assert_eq!(guest.call("poll_oneoff", &[END - 47, from, 1, RESULT]), Err(Errno::Fault));
    assert_eq!(guest.call("poll_oneoff", &[from, END - 31, 1, RESULT]), Err(Errno::Fault));
    assert_eq!(guest.call("poll_oneoff", &[0xffff_ffe0, from, 1, RESULT]), Err(Errno::Fault));
}

#[test]
fn a_guest_without_memory_traps() {
    let mut guest = Guest::new();
    let call = table::CALLS.iter().find(|call| call.name == "sched_yield").expect("a call");
    let mut code = guest.wasi.function("sched_yield", &call.ty()).expect("of this type").code;
    let outcome = called(&mut code, &mut guest.arena, None, &[], &mut [0]);
    assert_eq!(outcome, Err(HostError::Trap(crate::trap::Trap::Host)));
}

#[test]
fn a_call_of_another_type_is_not_there() {
    let guest = Guest::new();
    let call = table::CALLS.iter().find(|call| call.name == "fd_close").expect("a call");
    assert!(guest.wasi.function("fd_read", &call.ty()).is_none());
    assert!(guest.wasi.function("fd_open", &call.ty()).is_none());
}

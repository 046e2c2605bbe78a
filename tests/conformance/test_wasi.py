"""Calls of WASI that a hostile program may make: our error number, and Wasmtime's beside it.

Where the two differ, the table says what Wasmtime does, and the reason stands at the head of
its part. Everywhere, Wasmtime traps on pointers outside memory, misaligned pointers and
numbers that name nothing, where we give the error number that the standard has for it.
"""

from __future__ import annotations

import pytest
from wasi_probe import FOLDER, MEMORY_BYTES, RESULT, TRAP, Probe, ours, theirs

END = MEMORY_BYTES
FILE, READ, WRITE = 4, 2, 64
Call = tuple[str, str, tuple[int, ...], str, str]


def agreed(name: str, params: str, args: tuple[int, ...], error: str) -> Call:
    """A call to which both give the same answer."""
    return name, params, args, error, error


def open_of(
    probe: Probe, path: str | bytes, *, oflags: int = 0, rights: int = READ, follow: int = 1
) -> tuple[int, ...]:
    return (FOLDER, follow, *probe.path(path), oflags, rights, 0, 0, RESULT)


def pointers(probe: Probe) -> list[Call]:
    """Wasmtime looks at the buffers that it uses, we look at all; and we keep to Linux's limit of 1024 of them."""
    good, past, wraps = probe.buffer(200, 4), probe.buffer(END - 2, 4), probe.buffer(0xFFFF_FFF0, 0x20)
    name, io = "fd_write", "iiii"
    return [
        agreed(name, io, (1, good, 1, RESULT), "success"),
        agreed(name, io, (1, good, 0, RESULT), "success"),
        (name, io, (1, past, 1, RESULT), "fault", TRAP),
        (name, io, (1, wraps, 1, RESULT), "fault", TRAP),
        (name, io, (1, 0xFFFF_FFF8, 1, RESULT), "fault", TRAP),
        (name, io, (1, good, 1, END - 3), "fault", TRAP),
        (name, io, (1, good, 1025, RESULT), "inval", "success"),
        (name, io, (1, good, 0xFFFF_FFFF, RESULT), "inval", "nomem"),
        (name, io, (1, good, 1, RESULT + 1), "success", TRAP),
        ("fd_prestat_get", "ii", (FOLDER, END - 4), "fault", TRAP),
        ("fd_fdstat_get", "ii", (1, END - 8), "fault", TRAP),
        ("fd_readdir", "iiiIi", (FOLDER, END - 4, 100, 0, RESULT), "fault", TRAP),
        ("clock_time_get", "iIi", (0, 0, END - 4), "fault", TRAP),
        ("random_get", "ii", (END - 4, 8), "fault", TRAP),
        ("args_get", "ii", (END, RESULT), "fault", TRAP),
        ("path_open", "iiiiiIIii", (FOLDER, 1, 0xFFFF_FFFF, 0xFFFF_FFFF, 0, READ, 0, 0, RESULT), "fault", "nomem"),
    ]


def descriptors(probe: Probe) -> list[Call]:
    """Where Wasmtime has no such call, or takes a descriptor for bad that is of another kind."""
    good = probe.buffer(200, 4)
    opened = open_of(probe, "file", rights=READ)
    return [
        agreed("fd_write", "iiii", (99, good, 1, RESULT), "badf"),
        agreed("fd_write", "iiii", (0xFFFF_FFFF, good, 1, RESULT), "badf"),
        agreed("fd_write", "iiii", (0, good, 1, RESULT), "badf"),
        agreed("fd_read", "iiii", (1, good, 1, RESULT), "badf"),
        agreed("fd_read", "iiii", (FOLDER, good, 1, RESULT), "badf"),
        agreed("fd_close", "i", (99,), "badf"),
        agreed("fd_seek", "iIii", (1, 0, 0, RESULT), "spipe"),
        agreed("fd_tell", "ii", (1, RESULT), "spipe"),
        agreed("fd_sync", "i", (1,), "badf"),
        agreed("fd_renumber", "ii", (99, FOLDER), "badf"),
        agreed("fd_renumber", "ii", (1, 99), "badf"),
        agreed("fd_pread", "iiiIi", (1, good, 1, 0, RESULT), "badf"),
        agreed("fd_prestat_get", "ii", (0, RESULT), "badf"),
        agreed("fd_prestat_dir_name", "iii", (FOLDER, RESULT, 0), "nametoolong"),
        agreed("fd_filestat_set_size", "iI", (1, 0), "badf"),
        agreed("fd_fdstat_set_rights", "iII", (FOLDER, 0, 0), "notsup"),
        agreed("fd_sync", "i", (FOLDER,), "badf"),
        agreed("fd_readdir", "iiiIi", (1, 512, 100, 0, RESULT), "badf"),
        agreed("path_open", "iiiiiIIii", opened, "success"),
        agreed("fd_write", "iiii", (FILE, good, 1, RESULT), "badf"),
        agreed("fd_seek", "iIii", (FILE, -1, 0, RESULT), "inval"),
        agreed("fd_seek", "iIii", (FILE, -1, 1, RESULT), "inval"),
        ("fd_seek", "iIii", (FILE, 0, 9, RESULT), "inval", TRAP),
        agreed("fd_pread", "iiiIi", (FILE, good, 1, 1 << 63, RESULT), "inval"),
        ("fd_filestat_set_size", "iI", (FILE, 5), "badf", "inval"),
        ("fd_readdir", "iiiIi", (FILE, 512, 100, 0, RESULT), "notdir", "badf"),
        agreed("fd_renumber", "ii", (FILE, 1), "success"),
        agreed("fd_close", "i", (FILE,), "badf"),
        agreed("fd_close", "i", (FOLDER,), "success"),
        agreed("fd_prestat_get", "ii", (FOLDER, RESULT), "badf"),
    ]


def paths(probe: Probe) -> list[Call]:
    """Wasmtime says of a link that is no folder, not of what it leads to, that it is a link."""
    kind = "path_open", "iiiiiIIii"
    outside = ("..", "../secret", "sub/../../secret", "/file", "/etc/passwd", "out", "absolute")
    return [
        *(agreed(*kind, open_of(probe, path), "perm") for path in outside),
        *(agreed(*kind, open_of(probe, path, oflags=1, rights=WRITE), "perm") for path in outside),
        agreed(*kind, open_of(probe, "out", follow=0), "loop"),
        agreed(*kind, open_of(probe, "round"), "loop"),
        agreed(*kind, open_of(probe, "sub/../file"), "success"),
        agreed(*kind, open_of(probe, "link"), "success"),
        agreed(*kind, open_of(probe, "missing"), "noent"),
        agreed(*kind, open_of(probe, ""), "noent"),
        agreed(*kind, open_of(probe, "file\0"), "inval"),
        agreed(*kind, open_of(probe, b"\xff\xfe"), "ilseq"),
        agreed(*kind, open_of(probe, "a" * 300), "nametoolong"),
        agreed(*kind, open_of(probe, "x/" * 3000), "nametoolong"),
        agreed(*kind, open_of(probe, "file/"), "notdir"),
        agreed(*kind, open_of(probe, "file/x"), "notdir"),
        agreed(*kind, open_of(probe, "file", oflags=2), "notdir"),
        agreed(*kind, open_of(probe, "sub", rights=WRITE), "isdir"),
        agreed(*kind, open_of(probe, "file", oflags=5, rights=WRITE), "exist"),
        agreed(*kind, open_of(probe, "file", oflags=3), "inval"),
        (*kind, open_of(probe, "file", oflags=16), "inval", TRAP),
        (*kind, open_of(probe, "folder_link", oflags=2, follow=0), "notdir", "loop"),
        agreed("path_create_directory", "iii", (FOLDER, *probe.path("sub")), "exist"),
        agreed("path_create_directory", "iii", (FOLDER, *probe.path("../sub")), "perm"),
        agreed("path_remove_directory", "iii", (FOLDER, *probe.path("file")), "notdir"),
        agreed("path_unlink_file", "iii", (FOLDER, *probe.path("sub")), "isdir"),
        agreed("path_unlink_file", "iii", (FOLDER, *probe.path("../secret")), "perm"),
        agreed("path_symlink", "iiiii", (*probe.path("/etc"), FOLDER, *probe.path("l")), "perm"),
        agreed("path_symlink", "iiiii", (*probe.path("file"), FOLDER, *probe.path("../l")), "perm"),
        agreed("path_rename", "iiiiii", (FOLDER, *probe.path("file"), FOLDER, *probe.path("../f")), "perm"),
        agreed("path_link", "iiiiiii", (FOLDER, 0, *probe.path("file"), FOLDER, *probe.path("../f")), "perm"),
        agreed("path_readlink", "iiiiii", (FOLDER, *probe.path("file"), RESULT, 9, 512), "inval"),
    ]


def others(probe: Probe) -> list[Call]:
    """The clocks of process and thread, which we have; and waiting, which stops a program there."""
    del probe
    return [
        agreed("clock_time_get", "iIi", (1, 0, RESULT), "success"),
        ("clock_time_get", "iIi", (2, 0, RESULT), "success", "badf"),
        ("clock_time_get", "iIi", (9, 0, RESULT), "inval", TRAP),
        agreed("fd_readdir", "iiiIi", (FOLDER, 512, 0, 0, RESULT), "success"),
        agreed("fd_readdir", "iiiIi", (FOLDER, 512, 1, 0, RESULT), "success"),
        agreed("fd_readdir", "iiiIi", (FOLDER, 512, 100, 999_999, RESULT), "success"),
        agreed("fd_readdir", "iiiIi", (FOLDER, 512, 100, (1 << 64) - 1, RESULT), "success"),
        agreed("poll_oneoff", "iiii", (512, 1024, 0, RESULT), "inval"),
        agreed("random_get", "ii", (END, 0), "success"),
    ]


@pytest.mark.parametrize("table", [pointers, descriptors, paths, others], ids=lambda table: table.__name__)
def test_error_numbers(table: object) -> None:
    assert callable(table)
    probe = Probe()
    rows = table(probe)
    probe.calls = [row[:3] for row in rows]
    pairs = list(zip(ours(probe), theirs(probe), strict=True))
    assert [(row[0], row[2], *pair) for row, pair in zip(rows, pairs, strict=True)] == [
        (row[0], row[2], *row[3:]) for row in rows
    ]

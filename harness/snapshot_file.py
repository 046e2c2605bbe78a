"""Snapshot files: a case between two of its calls, to go on with elsewhere.

    0   8 bytes    ``fpsnap`` and a line end of two bytes, which a copy as text would change
    8   u32        version of the format
    12  u32        length of the head
    16  u64        length of the pages
    24  16 bytes   XXH3-128 of all other bytes
    40  the head: JSON, compressed
        the pages: 4096 bytes each, one after the other, compressed

Integers are little-endian; sections are zlib streams that end where their section does. The
head has the case itself (``suffix``, ``case``), the ``engine`` that made it, the ``pages`` as
pairs of an offset and a number of pages, and the ``record``, all that the engine trusts
(`engine/src/run/snapshot.rs`).

The checksum finds accidents. A file may have been made by anybody: everything here is checked
as if there were none, sections are never unpacked further than they may be long, and the
engine checks its record again.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from xxhash import xxh3_128_digest

import engine
from harness.case_file import CLIF_SUFFIX, file_of, parse_case
from harness.errors import FileError, from_os

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine import _native
    from harness.case import Case
    from harness.plan import Mode

MAGIC = b"fpsnap\r\n"
VERSION = 1
PREFIX = struct.Struct("<8sIIQ")
CHECKSUM_BYTES = 16
HEADER_BYTES = PREFIX.size + CHECKSUM_BYTES
PAGE = 4096
MAX_PAGES = 1 << 16
MAX_OFFSET = 1 << 32
MAX_HEAD_BYTES = 64 << 20
MAX_FILE_BYTES = 512 << 20
MAX_MEMORY = 4 << 30
MAX_TABLE = 10_000_000
LEVEL = 1
"""Of compression: what a higher one saves of sparse pages is not worth three times the time."""

HEAD_KEYS = {"suffix", "case", "engine", "pages", "record"}
SUFFIXES = (".wasm", ".wat", CLIF_SUFFIX)


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """What a snapshot file holds.

    Attributes:
        case: the whole of it; `record` says how many of its calls are behind.
        engine: versions of its components.
        snapshot: as the engine gives and takes it.
    """

    case: Case
    engine: dict[str, str]
    snapshot: _native.Snapshot

    @property
    def record(self) -> dict[str, Any]:
        """All that the engine trusts, as data."""
        return cast("dict[str, Any]", json.loads(self.snapshot["record"]))

    @property
    def mode(self) -> Mode:
        """The kind of run."""
        return cast("Mode", self.record["mode"])

    @property
    def calls_behind(self) -> int:
        """How many calls were made."""
        return len(self.record["calls"])

    @property
    def max_memory(self) -> int:
        """Bytes that a memory may grow to."""
        return cast("int", self.record["reservations"]["memory_bytes"])

    @property
    def max_table(self) -> int:
        """Elements that a table may grow to."""
        return cast("int", self.record["reservations"]["table_elements"])

    @property
    def runs(self) -> list[tuple[int, int]]:
        """The pages: offset of the first, and how many follow each other."""
        return list(_runs(self.snapshot["offsets"]))


def write_snapshot(case: Case, snapshot: _native.Snapshot) -> bytes:
    """The bytes of a snapshot file."""
    suffix, data = file_of(case)
    head = {
        "suffix": f".{suffix}",
        "case": base64.b64encode(data).decode(),
        "engine": engine.versions(),
        "pages": list(_runs(snapshot["offsets"])),
        "record": json.loads(snapshot["record"]),
    }
    return pack(json.dumps(head, separators=(",", ":")).encode(), snapshot["pages"])


def pack(head: bytes, pages: bytes, version: int = VERSION) -> bytes:
    """A file of a head and pages, with the right lengths and checksum."""
    sections = (zlib.compress(head, LEVEL), zlib.compress(pages, LEVEL))
    prefix = PREFIX.pack(MAGIC, version, len(sections[0]), len(sections[1]))
    return seal(b"".join((prefix, bytes(CHECKSUM_BYTES), *sections)))


def seal(data: bytes) -> bytes:
    """The same bytes with the checksum that they must have."""
    return data[: PREFIX.size] + _checksum(data) + data[HEADER_BYTES:]


def load_snapshot(path: Path) -> SnapshotFile:
    """Reads a snapshot file.

    Raises:
        FileError: it cannot be read, or is no snapshot.
        InputError: the case in it is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise from_os(error, str(path), "read the snapshot") from None
    return parse_snapshot(data, str(path))


def parse_snapshot(data: bytes, where: str) -> SnapshotFile:
    """What the bytes of a snapshot file hold.

    Raises:
        FileError: they are no snapshot, a damaged one, or one of another version or engine.
        InputError: the case in it is none.
    """
    try:
        return _parse(data, where)
    except _Broken as error:
        raise FileError(f"broken snapshot: {error}", where) from None


class _Broken(Exception):
    """What is wrong with the bytes, in words."""


def _parse(data: bytes, where: str) -> SnapshotFile:
    head_bytes, pages_bytes = _sections(data, where)
    head = _head(head_bytes)
    _check_engine(head["engine"], where)
    record = json.dumps(head["record"])
    _check_record(record)
    offsets = list(_offsets(head["pages"]))
    pages = _unpacked(pages_bytes, len(offsets) * PAGE)
    if len(pages) != len(offsets) * PAGE:
        raise _Broken(f"{len(pages)} bytes for {len(offsets)} pages")
    case = parse_case(_case_bytes(head["case"]), f"{where}, its case", is_clif=head["suffix"] == CLIF_SUFFIX)
    snapshot: _native.Snapshot = {"record": record, "offsets": offsets, "pages": pages}
    return SnapshotFile(case, head["engine"], snapshot)


def _sections(data: bytes, where: str) -> tuple[bytes, bytes]:
    """The head and the pages, still compressed."""
    if not data.startswith(MAGIC[:6]):
        raise FileError("not a snapshot", where, "fencepost snapshot save makes one")
    if len(data) < HEADER_BYTES:
        raise _Broken("it ends in its first bytes")
    if len(data) > MAX_FILE_BYTES:
        raise _Broken(f"more than {MAX_FILE_BYTES >> 20} MiB")
    magic, version, head_length, pages_length = PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise _Broken("it was copied as text")
    if version != VERSION:
        hint = f"this Fencepost reads format {VERSION}"
        raise FileError(f"snapshot of format {version}", where, hint)
    if HEADER_BYTES + head_length + pages_length != len(data):
        raise _Broken(f"{len(data)} bytes, not the {HEADER_BYTES + head_length + pages_length} that it tells of")
    if data[PREFIX.size : HEADER_BYTES] != _checksum(data):
        raise _Broken("its checksum is another")
    return data[HEADER_BYTES : HEADER_BYTES + head_length], data[HEADER_BYTES + head_length :]


def _checksum(data: bytes) -> bytes:
    return xxh3_128_digest(data[: PREFIX.size] + data[HEADER_BYTES:])


def _unpacked(section: bytes, most: int) -> bytes:
    """A section of at most so many bytes, unpacked no further than that."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(section, most + 1)
    except zlib.error as error:
        raise _Broken(str(error)) from None
    if len(unpacked) > most:
        raise _Broken(f"a section of more than {most} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise _Broken("a section that does not end where it should")
    return unpacked


def _head(section: bytes) -> dict[str, Any]:
    try:
        head = json.loads(_unpacked(section, MAX_HEAD_BYTES))
    except (ValueError, RecursionError) as error:
        raise _Broken(f"its head is not JSON: {error}") from None
    if not isinstance(head, dict) or head.keys() != HEAD_KEYS:
        raise _Broken(f"its head has not the keys {', '.join(sorted(HEAD_KEYS))}")
    if head["suffix"] not in SUFFIXES:
        raise _Broken("a case of no known kind")
    return head


def _check_engine(made_by: object, where: str) -> None:
    """Another engine may lay out its structures in another way."""
    if not isinstance(made_by, dict) or not all(isinstance(version, str) for version in made_by.values()):
        raise _Broken("its engine has no versions")
    ours = engine.versions()
    for name in sorted(made_by.keys() | ours.keys()):
        if made_by.get(name) != ours.get(name):
            theirs = made_by.get(name, "none")
            raise FileError(
                f"snapshot made with {name} {theirs}, this is {ours.get(name, 'none')}",
                where,
                "take it again from its case",
            )


def _check_record(record: str) -> None:
    """A record is one, and asks for no more than a case can; whether it is one of its case is seen later."""
    try:
        engine.check_record(record)
    except engine.SnapshotError as error:
        raise _Broken(f"its record: {error}") from None
    reservations = json.loads(record)["reservations"]
    if reservations["memory_bytes"] > MAX_MEMORY or reservations["table_elements"] > MAX_TABLE:
        raise _Broken("reservations that no case has")


def _is_number(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _offsets(runs: object) -> Iterator[int]:
    """The offsets of runs of pages, no more than there may be; their order is the engine's to check."""
    if not isinstance(runs, list) or len(runs) > MAX_PAGES:
        raise _Broken("pages without a list")
    left = MAX_PAGES
    for run in runs:
        if not isinstance(run, list) or len(run) != 2 or not all(_is_number(number, MAX_OFFSET) for number in run):  # noqa: PLR2004 (a pair)
            raise _Broken("a run of pages that is no pair of numbers")
        first, count = run
        left -= count
        if left < 0 or first + count * PAGE > MAX_OFFSET:
            raise _Broken("more pages than an arena has, or a snapshot may have")
        yield from range(first, first + count * PAGE, PAGE)


def _runs(offsets: list[int]) -> Iterator[tuple[int, int]]:
    first = count = 0
    for offset in offsets:
        if count and offset == first + count * PAGE:
            count += 1
            continue
        if count:
            yield first, count
        first, count = offset, 1
    if count:
        yield first, count


def _case_bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise _Broken("its case is no text")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _Broken("its case is not base64") from None

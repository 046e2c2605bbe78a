"""Snapshot files: what is written is read again, and what is no such file is refused in one line."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import engine
from harness.case_file import read_case
from harness.errors import FileError, InputError
from harness.executors import EngineExecutor, Subject
from harness.snapshot_file import (
    HEADER_BYTES,
    MAX_HEAD_BYTES,
    PAGE,
    PREFIX,
    load_snapshot,
    pack,
    parse_snapshot,
    seal,
    write_snapshot,
)

if TYPE_CHECKING:
    from engine import _native
    from harness.case import Case

CORPUS = Path(__file__).parents[2] / "corpus"
AFTER = 3


def taken() -> tuple[Case, _native.Snapshot]:
    case = read_case(CORPUS / "table_many.wat")
    _, snapshot = EngineExecutor("interpreter").save(Subject(case), AFTER)
    assert snapshot is not None
    return case, snapshot


DATA = write_snapshot(*taken())


def head_of(data: bytes) -> dict[str, Any]:
    head: dict[str, Any] = json.loads(zlib.decompressobj().decompress(data[HEADER_BYTES:]))
    return head


def with_head(**changes: Any) -> bytes:
    """The file with another head, and all checksums right."""
    pages = parse_snapshot(DATA, "").snapshot["pages"]
    return pack(json.dumps(head_of(DATA) | changes).encode(), pages)


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as refused:
        parse_snapshot(data, "x.snap")
    return str(refused.value)


def test_what_is_written_is_read_again() -> None:
    case, snapshot = taken()
    file = parse_snapshot(DATA, "x.snap")
    assert (file.case.wasm, file.case.text, file.case.calls) == (case.wasm, case.text, case.calls)
    assert (file.snapshot["offsets"], file.snapshot["pages"]) == (snapshot["offsets"], snapshot["pages"])
    assert json.loads(file.snapshot["record"]) == json.loads(snapshot["record"])
    assert (file.mode, file.calls_behind, file.engine) == ("exact", AFTER, engine.versions())


def test_the_same_snapshot_is_the_same_file() -> None:
    assert write_snapshot(*taken()) == DATA


def test_only_dirtied_pages_are_in_it() -> None:
    pages = len(parse_snapshot(DATA, "").snapshot["pages"])
    assert 0 < pages <= 4 * PAGE
    assert len(DATA) < pages


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_is_found_by_the_checksum(bit: int) -> None:
    data = bytearray(DATA)
    data[HEADER_BYTES + 100] ^= 1 << bit
    assert refusal(bytes(data)) == "broken snapshot: its checksum is another (x.snap)"


def test_files_that_are_none() -> None:
    assert refusal(b"") == "not a snapshot (x.snap); fencepost snapshot save makes one"
    assert refusal(b"\0asm\1\0\0\0").startswith("not a snapshot")
    assert refusal(DATA[:20]) == "broken snapshot: it ends in its first bytes (x.snap)"
    assert "bytes, not the" in refusal(DATA[:-1])
    assert "bytes, not the" in refusal(DATA + b"\0")
    assert refusal(DATA.replace(b"\r\n", b"\n", 1)) == "broken snapshot: it was copied as text (x.snap)"


def test_another_format_or_engine_is_named() -> None:
    newer = PREFIX.unpack_from(DATA)
    data = seal(PREFIX.pack(newer[0], 7, *newer[2:]) + DATA[PREFIX.size :])
    assert refusal(data) == "snapshot of format 7 (x.snap); this Fencepost reads format 1"
    made_by = engine.versions() | {"cranelift-codegen": "0.1"}
    assert refusal(with_head(engine=made_by)).startswith("snapshot made with cranelift-codegen 0.1, this is")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"pages": [[65536, 1 << 16], [1 << 30, 1]]}, "more pages than"),
        ({"pages": [[65536, 1 << 40]]}, "no pair of numbers"),
        ({"pages": [[65536, True]]}, "no pair of numbers"),
        ({"pages": [[65536, 1]]}, "a section of more than 4096 bytes"),
        ({"pages": [[65536, 64]]}, "bytes for 64 pages"),
        ({"pages": {}}, "pages without a list"),
        ({"case": "%"}, "not base64"),
        ({"case": 1}, "no text"),
        ({"case": ""}, "not a valid module"),
        ({"suffix": ".exe"}, "no known kind"),
        ({"suffix": []}, "no known kind"),
        ({"engine": []}, "no versions"),
        ({"record": {}}, "missing field"),
        ({"record": None}, "invalid type: null"),
        ({"more": 1}, "has not the keys"),
    ],
)
def test_heads_that_no_snapshot_has(changes: dict[str, Any], what: str) -> None:
    assert what in refusal(with_head(**changes))


@pytest.mark.parametrize("head", [b"", b"[", b"[" * 100_000, b"1" * 10_000, b"NaN", b"\xff", b"[]"])
def test_heads_that_are_no_json_object(head: bytes) -> None:
    assert refusal(pack(head, b"")).startswith("broken snapshot: its head ")


@pytest.mark.parametrize("field", ["memory_bytes", "table_elements"])
def test_reservations_are_bounded(field: str) -> None:
    record = head_of(DATA)["record"]
    record["reservations"][field] = (1 << 64) - 1
    assert "reservations that no case has" in refusal(with_head(record=record))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = pack(b" " * (6 * MAX_HEAD_BYTES), b"")
    tracemalloc.start()
    try:
        assert f"a section of more than {MAX_HEAD_BYTES} bytes" in refusal(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MAX_HEAD_BYTES, "a buffer that is grown is there twice"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read the snapshot"):
        load_snapshot(tmp_path)

"""Snapshot files that somebody has changed: refused in one line, or run inside the arena.

Half of the changes are made to the bytes of a file, half to what it says; the checksum is right in
all but a quarter of them. Whatever comes of it is exit code 0 or 2: a panic, an escape, an
error that nobody foresaw and a case that never ends would be others, or no answer at all.
"""

from __future__ import annotations

import io
import json
import random
import zlib
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import cli
from harness.case_file import read_case
from harness.executors import EngineExecutor, Subject
from harness.snapshot_file import HEADER_BYTES, PAGE, pack, seal, write_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
FILES = (
    *(
        f"corpus/{name}.wat"
        for name in ("table_copy_init_drop", "memory_grow_in_callee", "gc_structs", "references_host")
    ),
    "corpus/imports_memory_table_globals.wat",
    "tests/data/runtests/arithmetic.clif",
)
VALUES: tuple[Any, ...] = (
    *(0, -1, 1, 2, 4096, 65535, 65536, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 64) - 1, 1 << 64, 1 << 128),
    *("", "exact", "as-shipped", "i32", "funcref", "\ud800", "0" * 16, "x" * 5000),
    *([], {}, None, True, False, 1.5, float("nan"), [0] * 3000, [[0, 1]] * 50, {"values": []}),
)
SLOW_EXAMPLES, EXAMPLES = 10_000, 400
EXECUTORS = ("interpreter", "interpreter", "interpreter", "jit")


@cache
def snapshots() -> tuple[bytes, ...]:
    """Files of cases that have something of everything, after the middle of their calls."""
    made = []
    for name in FILES:
        case = read_case(ROOT / name)
        subject = Subject(case)
        _, snapshot = EngineExecutor("interpreter").save(subject, len(subject.calls) // 2)
        assert snapshot is not None, name
        made.append(write_snapshot(case, snapshot))
    return tuple(made)


def of_bytes(data: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, lost or added."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = dice.randrange(len(changed)) if dice.random() < 0.5 else dice.randrange(min(64, len(changed)))
        match dice.randrange(4):
            case 0:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del changed[at : at + dice.randrange(1, 40)]
            case _:
                changed[at:at] = dice.randbytes(dice.randrange(1, 40))
        if not changed:
            break
    return bytes(changed)


def of_head(data: bytes, dice: random.Random) -> bytes:
    """Values of the head replaced, lost or repeated."""
    head, pages = parts(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        places = list(places_of(head))
        if not places:
            break
        holder, key = dice.choice(places)
        match dice.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, holder[key])
            case 2 if isinstance(holder[key], int):
                holder[key] += dice.choice((-1, 1, 16, 4096, 65536))
            case _:
                holder[key] = deepcopy(dice.choice(VALUES))
    return pack(json.dumps(head).encode(), pages)


def of_pages(data: bytes, dice: random.Random) -> bytes:
    """VM data overwritten, as a corruption of the arena would."""
    head, pages = parts(data)
    changed = bytearray(pages)
    words = [value for value in VALUES if isinstance(value, int) and 0 <= value < 1 << 32]
    for _ in range(dice.choice((1, 4, 64)) if changed else 0):
        at = dice.randrange(0, len(changed), 4)
        word = dice.choice(words) if dice.random() < 0.5 else dice.getrandbits(32)
        changed[at : at + 4] = word.to_bytes(4, "little")
    return pack(json.dumps(head).encode(), bytes(changed))


def of_places(data: bytes, dice: random.Random) -> bytes:
    """Pages that lie elsewhere: on structures, canaries, or nothing."""
    head, pages = parts(data)
    count = len(pages) // PAGE
    starts = sorted(
        {
            dice.choice((0x1_0000, 0x1_1000, 0x41_3000, 0x41_5000, 0x8000_0000, dice.getrandbits(20) << 12))
            for _ in range(count)
        }
    )
    head["pages"] = [[start, 1] for start in starts]
    return pack(json.dumps(head).encode(), pages[: len(starts) * PAGE])


def parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    unpacker = zlib.decompressobj()
    head = json.loads(unpacker.decompress(data[HEADER_BYTES:]))
    return head, zlib.decompress(unpacker.unused_data)


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a JSON value, as what holds it and its key."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places_of(value[key])


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    of_bytes,
    of_bytes,
    of_head,
    of_head,
    of_pages,
    of_places,
)


def changed(seed: int) -> tuple[bytes, str]:
    """A changed file, and the executor that is to go on with it."""
    dice = random.Random(seed)
    data = dice.choice(CHANGES)(dice.choice(snapshots()), dice)
    sealed = len(data) >= HEADER_BYTES and dice.random() < 0.75
    return seal(data) if sealed else data, dice.choice(EXECUTORS)


def restored(path: Path, seed: int) -> tuple[int, str]:
    """The exit code of going on with a changed file, and what was said."""
    data, executor = changed(seed)
    path.write_bytes(data)
    said = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(said):
        code = cli.run(["snapshot", "restore", str(path), "--executor", executor, "--native", "in-process"])
        if code == 0:
            code = cli.run(["snapshot", "show", str(path)])
    return code, said.getvalue()


def holds(path: Path, seed: int) -> None:
    code, said = restored(path, seed)
    assert code in (0, 2), said
    assert (code == 2) == said.startswith("fencepost: error: "), said
    assert said.count("\n") <= 1, said


SEEDS = st.integers(min_value=0, max_value=(1 << 64) - 1)


@given(seed=SEEDS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_snapshot_is_refused_or_stays_inside(tmp_path: Path, seed: int) -> None:
    holds(tmp_path / "changed.snap", seed)


@pytest.mark.slow
@given(seed=SEEDS)
@settings(max_examples=SLOW_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_so_are_ten_thousand(tmp_path: Path, seed: int) -> None:
    holds(tmp_path / "changed.snap", seed)


def test_changes_reach_all_that_is_checked(tmp_path: Path) -> None:
    """Not only the checksum refuses, and not everything is refused."""
    outcomes = [restored(tmp_path / "changed.snap", seed) for seed in range(300)]
    refusals = {said.split(" (")[0] for code, said in outcomes if code == 2}
    assert sum(code == 0 for code, _ in outcomes) >= 30
    assert len(refusals) >= 15
    for part in ("checksum", "its record", "no snapshot of this run", "snapshot made with", "bytes, not the"):
        assert any(part in said for said in refusals), part


def test_a_record_without_what_may_be_null_is_shown(tmp_path: Path) -> None:
    head, pages = parts(snapshots()[0])
    del head["record"]["store"]
    path = tmp_path / "changed.snap"
    path.write_bytes(pack(json.dumps(head).encode(), pages))
    with redirect_stdout(io.StringIO()) as shown:
        assert cli.run(["snapshot", "show", str(path)]) == 0
    assert "calls behind" in shown.getvalue()

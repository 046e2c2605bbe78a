"""The keeper: a disk that is full for a while costs nothing, one that stays full is survived and said."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from harness.keeper import Keeper
from harness.position import Position
from harness.record import Record
from harness.store import CASES_PER_KEY, Progress, Store
from harness.verdict import Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.case import Case

ESCAPE = Verdict(Kind.ESCAPE, "containment", "access read", "jit/exact: call 1: base-0x8")
PROGRESS = Progress(1.0, Position(5), {})


class Disk:
    """A disk that can be full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        synchronise = os.fsync

        def fsync(descriptor: int) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            synchronise(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    store = Store(tmp_path)
    yield Keeper(store, lambda _record, _where: None)
    store.close()


def folders(keeper: Keeper) -> set[str]:
    return {path.name for path in (keeper.store.folder / "findings").glob("*")}


def test_a_finding_waits_for_room(keeper: Keeper, disk: Disk, add: Case, capsys: pytest.CaptureFixture[str]) -> None:
    disk.full = True
    keeper.keep(Record(1, ESCAPE), add, 0.5)
    keeper.save(PROGRESS)
    assert folders(keeper) == set()
    assert keeper.store.progress() is None, "the position must not pass a finding that is not stored"
    assert keeper.trouble
    disk.full = False
    keeper.keep(Record(2, ESCAPE), add, 0.7)
    keeper.save(PROGRESS)
    keeper.keep(Record(3, ESCAPE), add, 0.9)
    assert folders(keeper) == {f"escape-{ESCAPE.key8}-{index}" for index in (1, 2, 3)}
    assert keeper.store.progress() == PROGRESS
    assert keeper.trouble is None
    said = [line.split(":")[1] for line in capsys.readouterr().err.splitlines()]
    assert said.count(" warning") == 1
    assert said[-1] == " findings can be written again"


def test_what_cannot_be_stored_is_printed_as_often_as_it_would_be_stored(
    keeper: Keeper, disk: Disk, add: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    disk.full = True
    for index in range(3 * CASES_PER_KEY):
        keeper.keep(Record(index, ESCAPE), add, 0.5)
        keeper.save(PROGRESS)
    assert capsys.readouterr().err.count("base64 of a .wat file") == CASES_PER_KEY
    assert len(keeper.unsaved) == CASES_PER_KEY


def test_statistics_that_cannot_be_written_stop_nothing_else(
    keeper: Keeper, add: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", lambda _file, data: len(data) - 1)
    keeper.report({"cases": 1})
    monkeypatch.undo()
    assert (keeper.store.folder / "stats.jsonl").read_text() == "", "half a line would spoil the next"
    keeper.keep(Record(1, ESCAPE), add, 0.5)
    assert folders(keeper)
    assert set(keeper.troubles) == {"statistics"}
    keeper.report({"cases": 2})
    assert keeper.trouble is None

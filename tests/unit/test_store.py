"""The output folder: findings are kept, capped and never half there."""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from harness.case import Case, CaseOptions
from harness.case_file import read_case
from harness.errors import EnvironmentFailure, UsageError
from harness.keeper import print_finding
from harness.record import Record
from harness.store import CASES_PER_KEY, SCHEMA_VERSION, Store
from harness.verdict import Kind, Verdict

ESCAPE = Verdict(Kind.ESCAPE, "containment", "access read", "jit/exact: call 1: base-0x8")


def test_a_finding_is_a_case_that_can_be_read_again(tmp_path: Path, add: Case) -> None:
    store = Store(tmp_path)
    case = replace(add, options=CaseOptions(fault="02"))
    folder = store.add_finding(Record(7, ESCAPE), case)
    store.close()
    assert folder == tmp_path / "findings" / f"escape-{ESCAPE.key8}-7"
    assert read_case(folder / "case.wat") == case
    finding = json.loads((folder / "finding.json").read_text())
    assert (finding["key"], finding["case"]) == (ESCAPE.key, 7)


def test_at_most_so_many_cases_of_a_key_are_kept_and_the_rest_counted(tmp_path: Path, add: Case) -> None:
    store = Store(tmp_path)
    folders = [store.add_finding(Record(index, ESCAPE), add) for index in range(CASES_PER_KEY + 3)]
    store.close()
    assert len({folder for folder in folders if folder}) == CASES_PER_KEY
    assert folders[CASES_PER_KEY:] == [None] * 3
    database = sqlite3.connect(tmp_path / "campaign.db")
    assert database.execute("SELECT cases FROM keys").fetchall() == [(CASES_PER_KEY + 3,)]
    kept = database.execute("SELECT count(*), count(folder) FROM findings").fetchone()
    assert kept == (CASES_PER_KEY + 3, CASES_PER_KEY)
    assert database.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    database.close()


def test_the_least_indices_are_kept_in_whatever_order_they_come(tmp_path: Path, add: Case) -> None:
    indices = list(range(2 * CASES_PER_KEY))
    random.Random(1).shuffle(indices)
    store = Store(tmp_path)
    for index in indices:
        store.add_finding(Record(index, ESCAPE), add)
    store.close()
    kept = {folder.name for folder in (tmp_path / "findings").iterdir()}
    assert kept == {f"escape-{ESCAPE.key8}-{index}" for index in range(CASES_PER_KEY)}


def test_a_finding_that_is_known_is_not_counted_again(tmp_path: Path, add: Case) -> None:
    store = Store(tmp_path)
    first, second = (store.add_finding(Record(7, ESCAPE), add) for _ in range(2))
    store.close()
    assert first == second
    database = sqlite3.connect(tmp_path / "campaign.db")
    assert database.execute("SELECT cases FROM keys").fetchall() == [(1,)]
    database.close()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match="cannot write the output folder") as caught:
        Store(tmp_path / "file" / "out")
    assert "\n" not in str(caught.value)


def test_nothing_is_made_where_there_is_nothing_to_resume(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("missing", "empty"):
        with pytest.raises(UsageError, match="holds no campaign to resume"):
            Store(tmp_path / name, resume=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_finding_that_cannot_be_stored_is_printed_whole(capsys: pytest.CaptureFixture[str], add: Case) -> None:
    print_finding(Record(7, ESCAPE), replace(add, text=None))
    printed = capsys.readouterr().err
    assert ESCAPE.key in printed
    assert "AGFzbQEAAAA" in printed  # base64 of the preamble


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "stats.jsonl").symlink_to("/dev/full")
    store = Store(tmp_path)
    with pytest.raises(EnvironmentFailure, match="no space left on device"):
        store.add_statistics({"cases": 1})
    store.close()
    assert not (tmp_path / "lock").exists()

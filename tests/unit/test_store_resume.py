"""Output folders that something has happened to: kills, damage, other versions, other processes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.case_file import read_case
from harness.errors import FileError, UsageError
from harness.position import Position
from harness.record import Record
from harness.store import CASES_PER_KEY, SCHEMA_VERSION, Progress, Store
from harness.verdict import Kind, Verdict

if TYPE_CHECKING:
    from harness.case import Case

ESCAPE = Verdict(Kind.ESCAPE, "containment", "access read", "jit/exact: call 1: base-0x8")
PROGRESS = Progress(12.5, Position(40, {42}), {"verdicts": {"clean": 41}})


class Killed(BaseException):
    """Stands for the end of the process."""


def begun(folder: Path) -> Store:
    store = Store(folder)
    store.configure({"seed": 1})
    return store


def counts(folder: Path) -> tuple[int, int, int]:
    """Cases of the key, its rows, its rows with a folder."""
    database = sqlite3.connect(folder / "campaign.db")
    [cases] = database.execute("SELECT sum(cases) FROM keys").fetchone()
    rows, kept = database.execute("SELECT count(*), count(folder) FROM findings").fetchone()
    database.close()
    return cases or 0, rows, kept


def test_a_resumed_store_has_what_the_last_session_wrote(tmp_path: Path) -> None:
    store = begun(tmp_path)
    assert store.progress() is None
    store.set_progress(PROGRESS)
    store.close()
    again = Store(tmp_path, resume=True)
    assert again.configuration == {"seed": 1}
    assert again.progress() == PROGRESS
    again.close()


def test_a_finding_without_a_row_is_adopted(tmp_path: Path, add: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    store = begun(tmp_path)
    monkeypatch.setattr(Store, "_add", lambda *_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        store.add_finding(Record(7, ESCAPE), add)
    monkeypatch.undo()
    store.close()
    again = Store(tmp_path, resume=True)
    assert again.adopted == 1
    assert counts(tmp_path) == (1, 1, 1)
    again.add_finding(Record(7, ESCAPE), add)
    assert counts(tmp_path) == (1, 1, 1), "the case that runs again counts once"
    again.close()


def test_a_folder_that_should_have_made_room_goes(tmp_path: Path, add: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    store = begun(tmp_path)
    for index in range(1, CASES_PER_KEY + 1):
        store.add_finding(Record(index, ESCAPE), add)
    monkeypatch.setattr("harness.store.remove_folder", lambda _: None)
    store.add_finding(Record(0, ESCAPE), add)
    store.close()
    monkeypatch.undo()
    assert len(list((tmp_path / "findings").iterdir())) == CASES_PER_KEY + 1
    Store(tmp_path, resume=True).close()
    assert len(list((tmp_path / "findings").iterdir())) == CASES_PER_KEY
    assert counts(tmp_path) == (CASES_PER_KEY + 1, CASES_PER_KEY + 1, CASES_PER_KEY)


def test_half_a_finding_is_none_and_files_of_others_stay(tmp_path: Path) -> None:
    begun(tmp_path).close()
    findings = tmp_path / "findings"
    (findings / ".escape-12345678-3").mkdir(parents=True)
    (findings / ".escape-12345678-3" / "case.wasm").write_bytes(b"\0as")
    (findings / "notes").mkdir()
    (findings / "notes" / "finding.json").write_text("{}")
    store = Store(tmp_path, resume=True)
    assert store.adopted == 0
    store.close()
    assert [path.name for path in findings.iterdir()] == ["notes"]


def test_a_folder_holds_one_campaign(tmp_path: Path) -> None:
    begun(tmp_path).close()
    with pytest.raises(UsageError, match=r"holds a campaign already .*--resume"):
        Store(tmp_path)


def test_there_must_be_something_to_resume(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no campaign to resume"):
        Store(tmp_path, resume=True)


def test_a_campaign_that_never_began_is_none(tmp_path: Path) -> None:
    Store(tmp_path).close()
    begun(tmp_path).close()
    Store(tmp_path, resume=True).close()


def test_a_lock_of_a_living_process_names_it(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from harness.store import Store; "
        "store = Store(pathlib.Path(sys.argv[1])); print(flush=True); input()"
    )
    command = [sys.executable, "-c", program, tmp_path]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(UsageError, match=f"process {holder.pid} is using the folder"):
            Store(tmp_path)
        holder.kill()
    assert (tmp_path / "lock").read_text() == f"{holder.pid}\n"
    begun(tmp_path).close()
    assert not (tmp_path / "lock").exists()


def test_a_lock_file_whose_number_is_in_use_again_is_stale(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(f"{os.getppid()}\n")
    begun(tmp_path).close()


@pytest.mark.parametrize(("version", "words"), [(SCHEMA_VERSION + 1, "newer"), (SCHEMA_VERSION - 1, "older")])
def test_a_folder_of_another_version_says_so(tmp_path: Path, version: int, words: str) -> None:
    begun(tmp_path).close()
    database = sqlite3.connect(tmp_path / "campaign.db")
    database.execute(f"PRAGMA user_version = {version}")
    database.close()
    before = (tmp_path / "campaign.db").read_bytes()
    with pytest.raises(UsageError, match=rf"{words} version: schema {version}, this Fencepost reads {SCHEMA_VERSION}"):
        Store(tmp_path, resume=True)
    assert (tmp_path / "campaign.db").read_bytes() == before


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, for sure" * 100)


def hole(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xa5" * 4096
    path.write_bytes(data)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def no_tables(path: Path) -> None:
    path.unlink()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    database.close()


@pytest.mark.parametrize("damage", [garbage, hole, nothing, half, no_tables, Path.unlink])
@pytest.mark.parametrize("resume", [True, False])
def test_a_damaged_database_is_refused_and_left_alone(tmp_path: Path, add: Case, damage: object, resume: bool) -> None:
    store = begun(tmp_path)
    folder = store.add_finding(Record(7, ESCAPE), add)
    store.set_progress(PROGRESS)
    store.close()
    assert callable(damage)
    damage(tmp_path / "campaign.db")
    with pytest.raises(FileError, match=r"the database is damaged: .*fencepost replay .*findings") as caught:
        Store(tmp_path, resume=resume)
    assert caught.value.exit_code == 2
    assert folder
    assert read_case(folder / "case.wat") == add
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("statement", ["UPDATE progress SET position = '{}'", "UPDATE campaign SET value = '{'"])
def test_a_damaged_value_is_refused(tmp_path: Path, statement: str) -> None:
    store = begun(tmp_path)
    store.set_progress(PROGRESS)
    store.close()
    database = sqlite3.connect(tmp_path / "campaign.db")
    database.execute(statement)
    database.commit()
    database.close()
    with pytest.raises(FileError, match="the database is damaged: the "):
        Store(tmp_path, resume=True).progress()


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    begun(tmp_path).close()
    (tmp_path / "stats.jsonl").write_text('{"cases": 1}\n{"ca')
    store = Store(tmp_path, resume=True)
    store.add_statistics({"cases": 2})
    store.close()
    assert (tmp_path / "stats.jsonl").read_text().splitlines()[-1] == '{"cases": 2}'

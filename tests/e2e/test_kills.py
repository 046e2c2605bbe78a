"""kill -9, of the main process or of a worker, at any moment: no finding is lost, none is counted twice.

A campaign that is killed all the time and resumed must end with exactly what one that
nobody disturbs ends with: the same folders with the same files, the same counts.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.position import Position

if TYPE_CHECKING:
    from conftest import Fencepost

KILLS = 50
"""The workers of a session, if there are any yet, and then its main process."""
AT_WORK = 0.7
"""The share of sessions in which the moment counts from their first finding, not from their start."""
MOMENT_SECONDS = (0.0, 0.4)
MORE_CASES = 30
FOUND = "SELECT sum(cases) FROM keys"
OPTIONS = ("--seed", "1", "--fault", "02", "--jobs", "2", "--no-tty", "--json")


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    command = [sys.executable, "-m", "harness", "fuzz", "--out", "killed", *OPTIONS, *options]
    with (folder / "stderr.txt").open("ab") as stderr:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)


def workers(parent: int) -> list[int]:
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return []
    return [int(pid) for pid in children if b"spawn_main" in command_line(pid)]


def wait_for_a_finding(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Waits until a session has found something that no session before it has."""
    before = rows(folder, FOUND)
    deadline = time.monotonic() + 100
    while rows(folder, FOUND) == before and process.poll() is None:
        assert time.monotonic() < deadline, "nothing is found"
        time.sleep(0.02)


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_until_gone(pid: int) -> None:
    """A zombie, whose parent is gone too and whom nobody has fetched yet, is gone."""
    deadline = time.monotonic() + 30
    while command_line(str(pid)):
        assert time.monotonic() < deadline, "a worker outlives its parent"
        time.sleep(0.02)


def has_begun(folder: Path) -> bool:
    return bool(rows(folder / "killed", "SELECT 1 FROM campaign"))


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    if not (folder / "campaign.db").exists():
        return []
    database = sqlite3.connect(folder / "campaign.db")
    try:
        return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []  # killed before there were tables
    finally:
        database.close()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def killed_again_and_again(folder: Path) -> None:
    """Makes ``killed`` in ``folder``."""
    chance = random.Random(1)
    kills = 0
    while kills < KILLS:
        process = start(folder, *(["--resume"] if has_begun(folder) else ["--time", "1h"]))
        if chance.random() < AT_WORK:
            wait_for_a_finding(folder / "killed", process)
        time.sleep(chance.uniform(*MOMENT_SECONDS))
        for victim in workers(process.pid):
            os.kill(victim, 9)
            kills += 1
            time.sleep(chance.uniform(0, 0.2))
        victims = workers(process.pid)
        process.kill()
        assert process.wait() == -9, (folder / "stderr.txt").read_text()
        kills += 1
        for victim in victims:
            wait_until_gone(victim)


def cases_begun(folder: Path) -> int:
    [(position,)] = rows(folder, "SELECT position FROM progress")
    assert isinstance(position, str)
    [(found,)] = rows(folder, "SELECT max(case_index) FROM findings")
    assert isinstance(found, int)
    return max(Position.from_json(json.loads(position)).end, found + 1)


def test_fifty_kills_lose_nothing(fencepost: Fencepost, tmp_path: Path) -> None:
    killed_again_and_again(tmp_path)
    cases = str(cases_begun(tmp_path / "killed") + MORE_CASES)
    last = fencepost("fuzz", "--out", "killed", "--resume", "--cases", cases, "--no-tty", "--json")
    undisturbed = fencepost("fuzz", "--out", "undisturbed", "--cases", cases, *OPTIONS)
    assert (last.returncode, undisturbed.returncode) == (1, 1), last.stderr
    assert files(tmp_path / "killed" / "findings") == files(tmp_path / "undisturbed" / "findings")
    for query in ("SELECT * FROM keys ORDER BY key", "SELECT * FROM findings ORDER BY key, case_index"):
        assert rows(tmp_path / "killed", query) == rows(tmp_path / "undisturbed", query)
    ours, theirs = (json.loads(result.stdout) for result in (last, undisturbed))
    assert [ours[name] for name in ("cases", "verdicts")] == [theirs[name] for name in ("cases", "verdicts")]

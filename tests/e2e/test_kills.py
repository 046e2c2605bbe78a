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

if TYPE_CHECKING:
    from conftest import Fencepost

KILLS = 50
"""The workers of a session, if there are any yet, and then its main process."""
MOMENT_SECONDS = (0.0, 0.9)
AT_WORK = 0.8
"""The share of sessions in which the moment counts from when there are workers, not from the start."""
OPTIONS = ("--seed", "1", "--fault", "02", "--jobs", "2", "--no-tty", "--json")
CASES = "500"


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


def wait_for_workers(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not workers(process.pid) and process.poll() is None:
        assert time.monotonic() < deadline, "no worker was started"
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
    return (folder / "killed" / "campaign.db").exists() and bool(rows(folder / "killed", "SELECT 1 FROM campaign"))


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(folder / "campaign.db")
    try:
        return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []  # killed before there were tables
    finally:
        database.close()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_fifty_kills_lose_nothing(fencepost: Fencepost, tmp_path: Path) -> None:
    undisturbed = fencepost("fuzz", "--out", "undisturbed", "--cases", CASES, *OPTIONS)
    assert undisturbed.returncode == 1, undisturbed.stderr
    chance = random.Random(1)
    kills = 0
    while kills < KILLS:
        process = start(tmp_path, "--resume") if has_begun(tmp_path) else start(tmp_path, "--cases", CASES)
        if chance.random() < AT_WORK:
            wait_for_workers(process)
        time.sleep(chance.uniform(*MOMENT_SECONDS))
        for victim in workers(process.pid):
            os.kill(victim, 9)
            kills += 1
            time.sleep(chance.uniform(0, 0.2))
        victims = workers(process.pid)
        process.kill()
        assert process.wait() == -9, (tmp_path / "stderr.txt").read_text()
        kills += 1
        for victim in victims:
            wait_until_gone(victim)
    before = rows(tmp_path / "killed", "SELECT sum(cases) FROM keys")
    assert before != [(None,)], "no finding was made before the last kill"
    last = fencepost("fuzz", "--out", "killed", "--resume", "--no-tty", "--json")
    assert last.returncode == 1, last.stderr
    assert files(tmp_path / "killed" / "findings") == files(tmp_path / "undisturbed" / "findings")
    for query in ("SELECT * FROM keys ORDER BY key", "SELECT * FROM findings ORDER BY key, case_index"):
        assert rows(tmp_path / "killed", query) == rows(tmp_path / "undisturbed", query)
    ours, theirs = (json.loads(result.stdout) for result in (last, undisturbed))
    assert [ours[name] for name in ("cases", "verdicts")] == [theirs[name] for name in ("cases", "verdicts")]
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()

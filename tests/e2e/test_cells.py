"""Cells as a user meets them: where native code runs, and what a cell that dies leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import engine

if TYPE_CHECKING:
    from conftest import Fencepost

pytestmark = pytest.mark.skipif(engine.cell_refusal() is not None, reason=f"no cells here: {engine.cell_refusal()}")

ENDLESS = '(module (func (export "f") (loop (br 0))))'
ADD = '(module (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
ONLY_JIT = ("--executor", "jit", "--reference", "none", "--mode", "exact")
BUSY_TICKS = 10
"""Processor time after which a cell is in the middle of an endless call."""


def cells() -> list[int]:
    """The cells of this user that have worked for a while."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")
        except OSError:
            continue  # it has ended
        pid, _, name = before.partition(" (")
        if name == "fencepost-cell" and int(fields.split()[11]) >= BUSY_TICKS:  # proc(5): utime
            found.append(int(pid))
    return found


def descends_from(pid: int, ancestor: int) -> bool:
    """Whether a process is a descendant of another."""
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def kill_a_cell(ancestor: int) -> None:
    """Kills the next cell of a command that is at an endless call."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in cells():
            if descends_from(pid, ancestor):
                os.kill(pid, signal.SIGKILL)
                return
        time.sleep(0.005)
    raise AssertionError("no cell got to work")


def test_a_killed_cell_is_a_finding_with_its_case_and_the_next_case_runs_unharmed(tmp_path: Path) -> None:
    for name, text in (("1.wat", ENDLESS), ("2.wat", ADD)):
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "harness", "check", "--json", "--native", "cell", *ONLY_JIT, "1.wat", "2.wat"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        killer = threading.Thread(target=kill_a_cell, args=(process.pid,))
        killer.start()
        output, _ = process.communicate(timeout=100)
        killer.join()
    verdicts = {line["file"]: line for line in map(json.loads, output.splitlines())}
    assert {name: line["verdict"] for name, line in verdicts.items()} == {
        "1.wat": "runtime-fault",
        "2.wat": "clean",
    }
    assert "killed by signal 9" in verdicts["1.wat"]["evidence"]
    assert process.returncode == 1


def test_a_campaign_says_where_native_code_ran_and_keeps_to_it(fencepost: Fencepost) -> None:
    ran = fencepost("fuzz", "--cases", "20", "--seed", "3", "--out", "out", "--json", "--no-tty")
    assert json.loads(ran.stdout)["native"] == "cell"
    resumed = fencepost("fuzz", "--resume", "--out", "out", "--cases", "30", "--native", "in-process")
    assert resumed.returncode == 2
    assert "the campaign has --native cell, not in-process" in resumed.stderr
    there = fencepost("fuzz", "--cases", "20", "--seed", "3", "--json", "--no-tty", "--native", "in-process")
    assert json.loads(there.stdout)["native"] == "in-process"
    same = ("cases", "decided", "findings", "verdicts", "honesty", "coverage")
    ours, theirs = json.loads(ran.stdout), json.loads(there.stdout)
    assert {name: ours[name] for name in same} == {name: theirs[name] for name in same}


def test_an_escape_is_seen_in_a_cell(fencepost: Fencepost) -> None:
    found = fencepost("fuzz", "--cases", "60", "--seed", "1", "--fault", "02", "--no-tty", "--json", "--out", "out")
    assert found.returncode == 1
    assert json.loads(found.stdout)["verdicts"]["escape"] > 0
    replayed = fencepost("replay", "out", "--fault", "02")
    assert replayed.returncode == 1
    assert "escape" in replayed.stdout


def test_decoys_and_cells_exclude_each_other(fencepost: Fencepost) -> None:
    asked = fencepost("fuzz", "--cases", "1", "--guard", "decoy", "--native", "cell")
    assert asked.returncode == 2
    assert asked.stderr.startswith("fencepost: error: there are no decoys in a cell (--guard decoy)")

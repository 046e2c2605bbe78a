"""Machines that lack what cells need: a line says what, and native code runs without, or the exit code is 3."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from poor_machine import CALLS

import engine

pytestmark = pytest.mark.skipif(
    engine.cell_refusal() is not None or platform.machine() != "x86_64",
    reason="this machine is poor already",
)

HERE = Path(__file__).parent
ADD = '(module (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
REASONS = {
    "memfd": "cannot reserve 64 GiB of address space: Function not implemented",
    "seccomp": "the cell did not start: system calls cannot be filtered",
    "pidfd": "cannot start a cell: Function not implemented",
    "close_range": "the cell did not start: descriptors cannot be closed",
}


def poor(lack: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs fencepost on a machine that lacks something."""
    command = [sys.executable, str(HERE / "poor_machine.py"), lack, sys.executable, "-m", "harness", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path])}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "add.wat").write_text(ADD)
    return tmp_path


@pytest.mark.parametrize("lack", REASONS)
def test_without_cells_native_code_runs_in_the_workers_and_a_line_says_why(lack: str, folder: Path) -> None:
    ran = poor(lack, folder, "fuzz", "--cases", "5", "--seed", "1", "--jobs", "1", "--no-tty", "--json", "--out", "out")
    assert ran.returncode == 0
    assert f"fencepost: no cells here, native code runs in the workers: {REASONS[lack]}" in ran.stderr
    assert json.loads(ran.stdout)["native"] == "in-process"


@pytest.mark.parametrize("lack", REASONS)
def test_cells_that_were_asked_for_and_are_not_there_are_an_error(lack: str, folder: Path) -> None:
    ran = poor(lack, folder, "check", "--native", "cell", "add.wat")
    assert (ran.returncode, ran.stdout) == (3, "")
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"fencepost: error: {REASONS[lack]}")
    assert line.endswith("(--native cell); see fencepost doctor; --native in-process works without")


def test_a_cell_is_killed_and_reaped_also_where_signals_need_its_number(folder: Path) -> None:
    assert "pidfd signals" in CALLS
    ran = poor(
        "pidfd signals", folder, "check", "--native", "cell", "--executor", "jit", "--reference", "none", "add.wat"
    )
    assert (ran.returncode, ran.stdout) == (0, "add.wat: clean\n")


def test_no_native_code_without_address_space(folder: Path) -> None:
    for native in ("cell", "in-process"):
        ran = poor("address space", folder, "check", "--native", native, "add.wat")
        assert ran.returncode == 3
        assert "fencepost: error: cannot reserve 64 GiB of address space: Cannot allocate memory" in ran.stderr
    ran = poor("address space", folder, "check", "--executor", "interpreter", "--reference", "none", "add.wat")
    assert (ran.returncode, ran.stdout) == (0, "add.wat: clean\n")


def test_too_few_files_are_said_to_be_too_few(folder: Path) -> None:
    ran = poor("files", folder, "check", "add.wat")
    assert ran.returncode == 3
    last = ran.stderr.splitlines()[-1]
    assert last.startswith(
        "fencepost: error: the machine denied something: too many open files (add.wat); raise ulimit"
    )

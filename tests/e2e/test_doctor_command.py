"""`fencepost doctor` on this machine, and on this machine with less."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Fencepost

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


def test_a_machine_that_runs_the_tests_runs_the_main_job(fencepost: Fencepost) -> None:
    result = fencepost("doctor", "--json")
    report = json.loads(result.stdout)
    broken = [check for check in report["checks"] if check["state"] == "broken"]
    assert broken == []
    assert report["runs"] is True
    assert result.returncode == 0
    assert result.stderr == "the main job can run here\n"
    assert all(bool(check["mend"]) == (check["state"] != "ok") for check in report["checks"])
    groups = {check["group"] for check in report["checks"]}
    assert groups == {"machine", "limits", "engine", "packages", "tools"}


def test_too_little_address_space_is_said_with_the_line_that_mends_it() -> None:
    command = f"ulimit -v 40000000; exec {sys.executable} -m harness doctor"
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env=os.environ | {"COLUMNS": "100"},
    )
    assert result.returncode == 3, result.stdout
    assert "ulimit -v unlimited" in result.stdout
    assert result.stdout.splitlines()[-1] == "the main job cannot run here"
    assert max(map(len, result.stdout.splitlines())) <= 100

"""`fencepost compare` on the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from conftest import Fencepost

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpus"


def test_raw_pointers_escape_and_the_arena_does_not(fencepost: Fencepost, tmp_path: Path) -> None:
    result = fencepost("compare", "--cases", "192", "--seed", "5", "--corpus", CORPUS, "--out", "out", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "out/comparison.json").read_text())
    escapes = ("outside VM data", "bad control transfer")
    counted = {
        layout: sum(row["plans"] for row in report["effects"] if row[layout] in escapes)
        for layout in ("arena32", "raw64")
    }
    assert counted["arena32"] == 0
    assert counted["raw64"] > 0
    parts = (report["compared"], report["lost"], report["empty"], *report["refused"].values())
    assert not any("attack" in why for why in report["refused"]), "the layouts agree without one"
    assert sum(parts) + sum(row["plans"] for row in report["unmapped"]) == report["plans"] == 192
    ET.fromstring((tmp_path / "out/comparison.svg").read_text())
    assert "compared on both layouts" in result.stderr


def test_corruption_is_compared_too(fencepost: Fencepost) -> None:
    options = ("--generator", "corrupt", "--cases", "128", "--seed", "2", "--corpus", CORPUS)
    result = fencepost("compare", *options, "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["generator"] == "corrupt"
    assert {row["kind"] for row in report["effects"]} <= {"at entry", "at builtin", "at host_call"}
    assert report["reached"] > 0


def test_any_number_of_jobs_compares_the_same_plans(fencepost: Fencepost) -> None:
    drawn = []
    for jobs in ("1", "2"):
        result = fencepost("compare", "--cases", "130", "--jobs", jobs, "--corpus", CORPUS, "--json")
        report = json.loads(result.stdout)
        compared: Counter[tuple[str, str]] = Counter()
        for row in report["effects"]:
            compared[row["kind"], row["object"]] += row["plans"]
        drawn.append((compared, report["unmapped"], report["refused"]))
    assert drawn[0] == drawn[1]


def stopped(folder: Path, how: signal.Signals) -> tuple[int, str]:
    """The exit code and last words of an endless comparison that is stopped after its first line of progress."""
    command = [
        sys.executable,
        "-m",
        "harness",
        "compare",
        "--cases",
        "1000000",
        "--corpus",
        str(CORPUS),
        "--out",
        "out",
    ]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            assert "plans" in process.stderr.readline(), "the first line of progress"
            time.sleep(0.1)
            workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            process.send_signal(how)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    until = time.monotonic() + 20
    while any(map(is_running, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not [worker for worker in workers if is_running(worker)]
    return process.returncode, errors


def is_running(process: str) -> bool:
    """Whether it has not ended; one that nobody has asked for has."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    code, errors = stopped(tmp_path, signal.SIGINT)
    assert code == 0, errors
    assert "interrupted" in errors
    report = json.loads((tmp_path / "out/comparison.json").read_text())
    assert report["interrupted"]
    assert report["compared"] > 0


def test_a_killed_comparison_goes_on(fencepost: Fencepost, tmp_path: Path) -> None:
    code, _ = stopped(tmp_path, signal.SIGKILL)
    assert code == -signal.SIGKILL
    before = json.loads((tmp_path / "out/comparison.json").read_text())
    assert before["interrupted"]
    cases = before["plans"] + 80
    again = ("compare", "--resume", "--out", "out", "--cases", str(cases), "--corpus", CORPUS)
    result = fencepost(*again)
    assert result.returncode == 0, result.stderr
    after = json.loads((tmp_path / "out/comparison.json").read_text())
    assert (after["plans"], after["interrupted"]) == (cases, False)
    assert before["compared"] <= after["compared"] <= before["compared"] + 80
    other = fencepost(*again, "--seed", "9")
    assert other.returncode == 2
    assert other.stderr.startswith("fencepost: error: the report is of another seed")


def test_there_must_be_something_to_go_on_from(fencepost: Fencepost) -> None:
    nowhere = fencepost("compare", "--resume")
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (2, 1)
    assert "--out" in nowhere.stderr
    nothing = fencepost("compare", "--resume", "--out", "fresh")
    assert nothing.returncode == 2
    assert nothing.stderr.startswith("fencepost: error: cannot read the report")


def test_a_corpus_without_modules_is_refused(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "only.clif").write_text("function %f() { block0: return }\n")
    result = fencepost("compare", "--corpus", "only.clif")
    assert result.returncode == 2
    assert result.stderr.startswith("fencepost: error: there is no module")


def test_a_folder_that_cannot_be_made_is_said(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = fencepost("compare", "--out", "file/out", "--cases", "1")
    assert result.returncode == 3
    assert result.stderr.startswith("fencepost: error: cannot make the folder")

"""`fuzz --driver atheris`: libFuzzer decides, the campaign keeps what is found, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.case_file import read_case
from harness.drivers.libfuzzer import LibFuzzerSource
from harness.files import read_all
from harness.source import GENERATORS, GeneratedSource

if TYPE_CHECKING:
    from conftest import Fencepost

pytest.importorskip("atheris", reason="atheris has no wheel for this Python")

ROOT = Path(__file__).parents[2]
LETHAL = """
import os, signal

class LethalOracle:
    name = "lethal"

    def judge(self, case, outcomes):
        from harness.verdict import CLEAN
        if len(case.wasm) % 5 == 0:
            os.kill(os.getpid(), signal.SIGSEGV)
        return CLEAN
"""


def source_of(out: Path) -> LibFuzzerSource:
    """The source of a campaign with the default generators in this checkout."""
    corpus = read_all([ROOT / "corpus"])[1]
    return LibFuzzerSource(GeneratedSource(1, GENERATORS, corpus), out / "libfuzzer")


def case_of(finding: Path) -> Path:
    """The case beside a finding's description."""
    [path] = finding.parent.glob("case.*")
    return path


def findings(out: Path) -> list[Path]:
    return sorted((out / "findings").glob("*/finding.json"))


def test_libfuzzer_runs_the_cases_and_keeps_a_corpus(fencepost: Fencepost, tmp_path: Path) -> None:
    done = fencepost("fuzz", "--driver", "atheris", "--cases", "80", "--seed", "1", "--json", "--no-tty", "--out", "o")
    assert done.returncode == 0, done.stderr
    statistics = json.loads(done.stdout)
    assert statistics["cases"] == 80
    assert statistics["decided"] >= 72
    log = (tmp_path / "o/libfuzzer/log.txt").read_text()
    assert "INITED" in log
    assert "cov: " in log
    assert len(list((tmp_path / "o/libfuzzer/corpus").iterdir())) > 32, "something was new"
    left = list((tmp_path / "o/libfuzzer/inputs").iterdir())
    assert len(left) <= 1, "clean cases leave no input, but for the one that the worker was at"


def test_escapes_are_the_engines_to_see_and_replay(fencepost: Fencepost, tmp_path: Path) -> None:
    options = ("--fault", "02", "--cases", "60", "--seed", "1", "--jobs", "2", "--no-tty", "--out", "o")
    done = fencepost("fuzz", "--driver", "atheris", *options)
    assert done.returncode == 1, done.stderr
    assert "escape:containment:access" in done.stderr
    assert "pool" not in done.stderr, "no worker died of it"
    assert "deadly signal" not in (tmp_path / "o/libfuzzer/log.txt").read_text()
    finding = json.loads(findings(tmp_path / "o")[0].read_text())
    case = read_case(case_of(findings(tmp_path / "o")[0]))
    assert source_of(tmp_path / "o").case(finding["case"]).wasm == case.wasm, "its input makes it again"
    assert fencepost("replay", case_of(findings(tmp_path / "o")[0])).returncode == 1


def test_ctrl_c_keeps_the_findings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "fuzz", "--driver", "atheris", "--fault", "02", "--time", "100s"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    process = subprocess.Popen([*command, "--out", "o", "--no-tty"], cwd=tmp_path, env=environment)
    deadline = time.monotonic() + 60
    while not findings(tmp_path / "o"):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 1
    assert all(read_case(case_of(path)).wasm for path in findings(tmp_path / "o"))
    assert "libFuzzer: run interrupted" not in (tmp_path / "o/libfuzzer/log.txt").read_text()


def test_a_crash_of_the_worker_is_a_finding_with_its_case(tmp_path: Path) -> None:
    (tmp_path / "lethal.py").write_text(LETHAL)
    info = tmp_path / "lethal-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lethal\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fencepost.oracles]\nlethal = lethal:LethalOracle\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT), *sys.path])}
    command = [sys.executable, "-m", "harness", "fuzz", "--driver", "atheris", "--cases", "40", "--seed", "1"]
    done = subprocess.run(
        [*command, "--out", "o", "--no-tty", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    statistics = json.loads(done.stdout)
    assert statistics["cases"] == 40, "the campaign went on"
    crashed = [json.loads(path.read_text()) | {"path": path} for path in findings(tmp_path / "o")]
    assert crashed
    for finding in crashed:
        assert finding["key"] == "escape:pool:SIGSEGV"
        case = read_case(case_of(finding["path"]))
        assert len(case.wasm) % 5 == 0
        assert source_of(tmp_path / "o").case(finding["case"]).wasm == case.wasm


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--libfuzzer", "-runs=3"), "--libfuzzer needs --driver atheris"),
        (("--driver", "atheris", "--libfuzzer", "runs"), "'runs' is no flag of libFuzzer (--libfuzzer)"),
    ],
)
def test_flags_that_make_no_sense_are_refused(fencepost: Fencepost, options: tuple[str, ...], message: str) -> None:
    done = fencepost("fuzz", "--cases", "1", *options)
    assert done.returncode == 2
    assert message in done.stderr

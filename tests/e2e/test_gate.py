"""The gate and replay as a CI job and its users run them, with the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import engine

if TYPE_CHECKING:
    from conftest import Fencepost

ROOT = Path(__file__).parents[2]
OUT_OF_BOUNDS = """(module (memory (export "m") 1)
  (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))
"""
STORE = """;; fencepost: {"fencepost": 1, "options": {"fault": "02"},
;; fencepost:  "calls": [{"export": "f", "args": [{"i32": "8"}]}]}
(module (memory 1) (func (export "f") (param i32) (i32.store (local.get 0) (i32.const 1))))
"""
REASON = "planted fault 02 sign-extends the offset"


def expecting(verdict: str, module: str = "(module)") -> str:
    return f';; fencepost: {{"fencepost": 1, "expect": {{"verdict": "{verdict}", "reason": "known"}}}}\n{module}'


def test_the_gate_is_green_on_the_repository(fencepost: Fencepost) -> None:
    folders = ("--crashes", ROOT / "crashes", "--corpus", ROOT / "corpus")
    result = fencepost("gate", *folders, "--budget", "100", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["generated"]["cases"] == 100
    assert report["cases"] >= 100 + len(list((ROOT / "corpus").glob("*.wat")))
    assert report["counts"].keys() <= {"passed", "known", "undecided"}


FOUND_AS = {"14": "mismatch", "19": "mismatch", "20": "mismatch", "25": "mismatch"} | {"27": "runtime-fault"}
"""Faults that stay in the arena, which only show in what programs do, and one that the host's own buffer shows."""


@pytest.mark.parametrize("fault", [name for name, _ in engine.faults()])
def test_known_cases_turn_the_gate_red_with_each_planted_fault(fencepost: Fencepost, fault: str) -> None:
    folders = ("--crashes", ROOT / "crashes", "--corpus", ROOT / "corpus")
    result = fencepost("gate", *folders, "--fault", fault, "--budget", "0")
    assert result.returncode == 1, result.stdout
    assert f"planted fault {fault}" in result.stderr
    assert re.search(rf"^failed: .*: {FOUND_AS.get(fault, 'escape')}:", result.stdout, re.MULTILINE)
    assert result.stdout.endswith("gate: failed\n")


def test_the_campaign_alone_finds_a_fault_and_keeps_it(fencepost: Fencepost, tmp_path: Path) -> None:
    result = fencepost("gate", "--budget", "30", "--fault", "02", "--json", "--out", "out")
    assert result.returncode == 1, result.stderr
    [finding, *_] = json.loads(result.stdout)["results"]
    assert finding["status"] == "failed"
    assert (tmp_path / finding["file"]).is_file()
    assert fencepost("replay", "out").returncode == 1


def test_generators_draw_from_the_corpus_of_the_gate(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "seed.wat").write_text(OUT_OF_BOUNDS)
    options = ("--generator", "corpus", "--generator", "wasm", "--budget", "40", "--json", "--out", "out")
    report = json.loads(fencepost("gate", *options).stdout)
    assert {name for name, tally in report["generated"]["generators"].items() if tally["cases"]} == {"corpus", "wasm"}
    resumed = fencepost("fuzz", "--resume", "--out", "out", "--cases", "50", "--json")
    assert json.loads(resumed.stdout)["cases"] == 50, resumed.stderr


def test_the_seed_is_fixed_and_jobs_change_nothing(fencepost: Fencepost) -> None:
    options = ("--budget", "40", "--fault", "02", "--json")
    runs = [json.loads(fencepost("gate", *options, "--jobs", jobs).stdout) for jobs in ("1", "2")]
    first, second = ([(line["case"], line["key"], line["cases"]) for line in run["results"]] for run in runs)
    assert first == second
    assert first


def test_what_a_header_expects_passes_and_what_differs_fails(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "crashes").mkdir()
    (tmp_path / "crashes" / "clean.wat").write_text(expecting("clean"))
    (tmp_path / "crashes" / "escape.wat").write_text(expecting("escape"))
    (tmp_path / "crashes" / "known.wat").write_text(
        STORE.replace('"calls"', '"expect": {"verdict": "escape"}, "calls"')
    )
    result = fencepost("gate", "--budget", "0", "-v")
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()
    assert "passed: crashes/clean.wat: clean, as expected (known)" in lines
    assert "failed: crashes/escape.wat: clean, expected escape (known)" in lines
    assert "known: crashes/known.wat: escape:containment:access write, as expected (no reason given)" in lines
    assert fencepost("replay", "crashes/clean.wat", "crashes/known.wat").returncode == 0
    assert fencepost("replay", "crashes/escape.wat").returncode == 1


def test_a_promoted_finding_is_known(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "finding.wat").write_text(STORE)
    assert fencepost("replay", "finding.wat").returncode == 1
    promoted = fencepost("replay", "finding.wat", "--promote", "--reason", REASON)
    assert promoted.returncode == 0, promoted.stderr
    [known] = (tmp_path / "crashes").iterdir()
    assert REASON in known.read_text()
    assert fencepost("replay", "finding.wat", "--promote", "--reason", REASON).returncode == 0
    assert list((tmp_path / "crashes").iterdir()) == [known], "the same case twice is one file"
    gate = fencepost("gate", "--budget", "0")
    assert gate.returncode == 0, gate.stderr
    assert f"known: crashes/{known.name}: escape:containment:access write, as expected ({REASON})" in gate.stdout


def test_a_case_is_promoted_with_the_options_that_it_needs(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "plain.wat").write_text(OUT_OF_BOUNDS)
    promoted = fencepost("replay", "plain.wat", "--fault", "02", "--promote", "--reason", REASON)
    assert promoted.returncode == 0, promoted.stderr
    replayed = fencepost("replay", "crashes")
    assert (replayed.returncode, replayed.stdout.split(":")[0]) == (0, "known")


def test_only_what_comes_back_is_promoted(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "clean.wat").write_text("(module)")
    result = fencepost("replay", "clean.wat", "--promote", "--reason", REASON)
    assert result.returncode == 1
    assert "nothing promoted" in result.stderr
    assert not (tmp_path / "crashes").exists()


def test_a_baseline_turns_the_gate_green_until_something_new(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "store.wat").write_text(STORE)
    written = fencepost("gate", "--budget", "0", "--write-baseline", "base.json", "--reason", REASON)
    assert written.returncode == 0, written.stderr
    accepted = fencepost("gate", "--budget", "0", "--baseline", "base.json")
    assert accepted.returncode == 0, accepted.stderr
    assert f"known: corpus/store.wat: escape:containment:access write, accepted by the baseline ({REASON})" in (
        accepted.stdout
    )
    (tmp_path / "corpus" / "load.wat").write_text(OUT_OF_BOUNDS)
    assert fencepost("gate", "--budget", "0", "--baseline", "base.json").returncode == 0
    worse = fencepost("gate", "--budget", "0", "--baseline", "base.json", "--fault", "02")
    assert worse.returncode == 1
    assert "failed: corpus/load.wat: escape:containment:access read" in worse.stdout


def test_too_few_decided_is_no_answer(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "continuation.wat").write_text("(module (type $run (func)) (type (cont $run)))")
    result = fencepost("gate", "continuation.wat", "--budget", "0")
    assert result.returncode == 3
    assert result.stdout.splitlines()[0].startswith("undecided: continuation.wat: incomplete:front end:")
    assert result.stdout.endswith("gate: no answer: it decided 0.0% of the cases, fewer than 80%\n")


def test_no_case_is_no_answer(fencepost: Fencepost) -> None:
    result = fencepost("gate", "--budget", "0")
    assert (result.returncode, result.stdout.splitlines()[-1]) == (3, "gate: no answer: it ran no case")
    assert "note: nothing to replay: " in result.stdout


def test_an_empty_folder_of_crashes_is_a_note_and_a_missing_one_an_error(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "seed.wat").write_text("(module)")
    result = fencepost("gate", "seed.wat", "--crashes", "none", "--budget", "0")
    assert (result.returncode, "note: the folder holds no cases (none)" in result.stdout) == (0, True)
    assert fencepost("gate", "seed.wat", "--crashes", "missing", "--budget", "0").returncode == 2
    assert fencepost("gate", "none", "--budget", "0").returncode == 2


@pytest.mark.parametrize("phase", ["replay", "campaign"])
def test_ctrl_c_is_no_answer_but_shows_what_was_seen(tmp_path: Path, phase: str) -> None:
    for index in range(1 if phase == "campaign" else 3000):
        (tmp_path / f"{index}.wat").write_text(OUT_OF_BOUNDS)
    command = [sys.executable, "-m", "harness", "gate", ".", "--budget", "600s", "--junit", "gate.xml", "--out", "out"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        stats = tmp_path / "out" / "stats.jsonl"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (stats.exists() and (stats.stat().st_size or phase == "replay")):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 3, stderr
    assert stdout.endswith("gate: no answer: it was interrupted\n")
    assert "Traceback" not in stderr
    suite = ET.parse(tmp_path / "gate.xml").find("testsuite")
    assert suite is not None
    assert suite.find("testcase[@name='answer']/error") is not None
    assert (suite.find("testcase[@name='0.wat']") is not None) == (phase == "campaign")


def test_the_files_for_ci_are_written(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "store.wat").write_text(STORE)
    result = fencepost("gate", "store.wat", "--budget", "0", "--junit", "gate.xml", "--sarif", "gate.sarif")
    assert result.returncode == 1
    suite = ET.parse(tmp_path / "gate.xml").find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    [run] = json.loads((tmp_path / "gate.sarif").read_text())["runs"]
    assert [finding["ruleId"] for finding in run["results"]] == ["escape/containment"]


def test_github_gets_annotations_and_a_summary(
    fencepost: Fencepost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "summary.md").write_text("before\n")
    (tmp_path / "store.wat").write_text(STORE)
    result = fencepost("gate", "store.wat", "--budget", "0")
    assert "::error file=store.wat,line=1,title=fencepost%3A escape%3Acontainment" in result.stdout
    assert (tmp_path / "summary.md").read_text().startswith("before\n### gate&#58; failed")

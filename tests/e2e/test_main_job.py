"""The main job end to end: fuzz, check, replay and layout with the real engine."""

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

if TYPE_CHECKING:
    from conftest import Fencepost

MODULE = """;; fencepost: {"fencepost": 1, "calls": [{"export": "f", "args": [{"i32": "7"}]}, {"export": "t"}]}
(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 3))
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 8) (local.get 0)) (i32.add (i32.load (i32.const 8)) (global.get 0)))
  (func (export "t") (drop (i32.load (i32.const -4)))))
"""


def test_check_runs_everything_and_finds_agreement(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "module.wat").write_text(MODULE)
    result = fencepost("check", "--json", "module.wat")
    assert result.returncode == 0, result.stderr
    verdict = json.loads(result.stdout)
    assert verdict["verdict"] == "clean", verdict
    names = {line.split(":")[0] for line in verdict["outcomes"]}
    executors = ("interpreter", "jit", "jit-unoptimized")
    engine = {f"{executor}/{mode}" for executor in executors for mode in ("exact", "as-shipped")}
    elsewhere = {f"{name}/{again}" for name in engine for again in ("relocated", "resumed")}
    assert names == engine | elsewhere | {"wasmtime", "wasmtime-pulley"}
    for line in verdict["outcomes"]:
        assert "returned i32 0xa; trapped heap_out_of_bounds" in line


def test_fuzz_decides_generated_cases(fencepost: Fencepost, tmp_path: Path) -> None:
    result = fencepost("fuzz", "--cases", "50", "--seed", "1", "--json", "--out", "out")
    assert result.returncode == 0, result.stderr
    statistics = json.loads(result.stdout)
    assert statistics["cases"] == 50
    assert statistics["decided_share"] >= 0.9, statistics["reasons"]
    assert statistics["honesty"]["median_ops"] >= 100
    assert not (tmp_path / "out" / "lock").exists()
    last = (tmp_path / "out" / "stats.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["verdicts"] == statistics["verdicts"]


def test_fuzz_counts_coverage_and_writes_statistics_for_machines(fencepost: Fencepost, tmp_path: Path) -> None:
    options = ("--cases", "60", "--seed", "1", "--jobs", "2", "--generator", "wasm")
    result = fencepost("fuzz", *options, "--stats", "stats.jsonl", "--metrics-port", "0", "--json", "--out", "out")
    assert result.returncode == 0, result.stderr
    assert "metrics at http://127.0.0.1:" in result.stderr
    statistics = json.loads(result.stdout)
    assert statistics["generators"]["wasm"]["cases"] == 60
    assert statistics["coverage"]["opcodes"]["return"] > 50
    assert "VMMemoryDefinition.base" in statistics["coverage"]["fields"]
    assert statistics["covered"]["opcodes"] > 30
    last = (tmp_path / "stats.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["verdicts"] == statistics["verdicts"]


def test_findings_do_not_depend_on_the_number_of_jobs(fencepost: Fencepost, tmp_path: Path) -> None:
    options = ("fuzz", "--cases", "60", "--seed", "5", "--fault", "02", "--json")
    came_to = []
    for jobs in ("1", "3"):
        result = fencepost(*options, "--jobs", jobs, "--out", jobs)
        findings = tmp_path / jobs / "findings"
        files = {str(path.relative_to(findings)): path.read_bytes() for path in findings.glob("*/*")}
        came_to.append((json.loads(result.stdout)["verdicts"], files))
    assert came_to[0][1], "without findings this proves nothing"
    assert came_to[0] == came_to[1]


@pytest.mark.parametrize("mode", ["exact", "as-shipped"])
@pytest.mark.parametrize("fault", ["02", "07"])
def test_a_planted_fault_is_found_stored_and_replayed(
    fencepost: Fencepost, tmp_path: Path, fault: str, mode: str
) -> None:
    corpus = Path(__file__).parents[2] / "corpus"
    generators = ("--generator", "mutate", "--generator", "corpus", "--corpus", str(corpus))
    options = ("--cases", "150", "--seed", "1", "--fault", fault, "--mode", mode, "--out", "out")
    result = fencepost("fuzz", *generators, *options)
    assert result.returncode == 1, result.stderr
    assert f"planted fault {fault}" in result.stderr
    (escape, *_) = (tmp_path / "out" / "findings").glob("escape-*")
    replayed = fencepost("replay", escape)
    assert replayed.returncode == 1
    assert re.search(r"case\.wa(sm|t): escape:containment:access", replayed.stdout)


def test_layout_shows_and_draws_the_arena(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "module.wat").write_text(MODULE)
    result = fencepost("layout", "module.wat", "--svg", "map.svg")
    assert result.returncode == 0, result.stderr
    assert "VMContext" in result.stdout
    picture = ET.fromstring((tmp_path / "map.svg").read_text())
    data = json.loads(fencepost("layout", "module.wat", "--json").stdout)
    boxes = picture.findall(".//{http://www.w3.org/2000/svg}rect")
    assert len(boxes) == len(data["areas"]) > 0


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", "fuzz", "--seed", "1", "--no-tty", "--json", "--out", "out"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "out" / "stats.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    statistics = json.loads(stdout)
    assert statistics["cases"] > 0
    assert process.returncode == int(statistics["findings"] > 0), stderr
    assert "(interrupted)" in stderr
    assert "Traceback" not in stderr
    assert not (tmp_path / "out" / "lock").exists()

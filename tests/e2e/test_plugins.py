"""Generators and oracles of another distribution, installed beside this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
import engine
from harness.case import Call, Case
from harness.outcome import Ran
from harness.verdict import CLEAN, Kind, Verdict

class ProbeGenerator:
    name = "probe"

    def generate(self, entropy):
        number = entropy.integer(0, 9)
        text = f'(module (func (export "probe") (result i32) (i32.const {number})))'
        return Case(engine.assemble(text.encode()), calls=(Call("probe"),))

class NineOracle:
    name = "no-nines"

    def judge(self, case, outcomes):
        runs = [outcome for outcome in outcomes.values() if isinstance(outcome, Ran)]
        if any("0x9" in str(run.calls[0]) for run in runs):
            return Verdict(Kind.MISMATCH, self.name, "nine", "a nine was returned")
        return CLEAN

class Nameless:
    def generate(self, entropy):
        return None

def broken():
    raise RuntimeError("no luck")
"""
ENTRIES = {
    "good": "[fencepost.generators]\nprobe = probe:ProbeGenerator\n[fencepost.oracles]\nno-nines = probe:NineOracle\n",
    "broken": "[fencepost.generators]\nprobe = probe:broken\n",
    "nameless": "[fencepost.generators]\nprobe = probe:Nameless\n",
    "oracle": "[fencepost.oracles]\nprobe = nowhere:Oracle\n",
}


def install(folder: Path, entries: str) -> dict[str, str]:
    """Installs the distribution.

    Returns:
        The environment that it is seen in.
    """
    (folder / "probe.py").write_text(MODULE)
    info = folder / "fencepost_probe-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fencepost-probe\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES[entries])
    return {**os.environ, "PYTHONPATH": str(folder)}


def fuzz(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", "fuzz", "--seed", "1", "--no-tty", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_third_party_generator_and_oracle_take_part(tmp_path: Path) -> None:
    environment = install(tmp_path, "good")
    out = tmp_path / "out"
    done = fuzz(environment, "--generator", "probe", "--cases", "40", "--json", "--out", str(out))
    assert done.returncode == 1, done.stderr
    statistics = json.loads(done.stdout)
    assert list(statistics["generators"]) == ["probe"]
    assert statistics["oracles"] == {"no-nines": statistics["findings"]}
    assert 0 < statistics["findings"] < 20
    found = next((out / "findings").iterdir())
    replay = [sys.executable, "-m", "harness", "replay", str(found)]
    assert subprocess.run(replay, env=environment, capture_output=True, timeout=60, check=False).returncode == 1


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ("broken", "a plugin cannot be loaded: RuntimeError: no luck (entry point probe = probe:broken)"),
        ("nameless", "a plugin has no name, or no method 'generate' (entry point probe = probe:Nameless)"),
    ],
)
def test_a_broken_generator_is_said_in_one_line(tmp_path: Path, entries: str, what: str) -> None:
    environment = install(tmp_path, entries)
    done = fuzz(environment, "--generator", "probe", "--cases", "4", "--out", str(tmp_path / "out"))
    assert done.returncode == 3
    assert what in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_oracle_is_said_in_one_line(tmp_path: Path) -> None:
    done = fuzz(install(tmp_path, "oracle"), "--cases", "4", "--out", str(tmp_path / "out"))
    assert done.returncode == 3
    assert "a plugin cannot be loaded: ModuleNotFoundError" in done.stderr


def test_an_unknown_generator_is_a_usage_error_that_names_the_known_ones(tmp_path: Path) -> None:
    done = fuzz(install(tmp_path, "good"), "--generator", "prob", "--cases", "4")
    assert done.returncode == 2
    assert "'prob' is not one of wasm, mutate, corpus" in done.stderr
    assert "probe" in done.stderr

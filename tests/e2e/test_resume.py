"""Campaigns and their folders on the command line: resumed, refused, and never two in one."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.store import SCHEMA_VERSION

if TYPE_CHECKING:
    from conftest import Fencepost

COUNTED = ("cases", "verdicts", "honesty")


def numbers(output: str) -> dict[str, object]:
    statistics = json.loads(output)
    return {name: statistics[name] for name in COUNTED}


def test_a_resumed_campaign_ends_like_one_in_one_piece(fencepost: Fencepost, tmp_path: Path) -> None:
    options = ("--seed", "5", "--json", "--max-memory", "64MiB", "--jobs", "2")
    whole = fencepost("fuzz", *options, "--cases", "30", "--out", "whole")
    fencepost("fuzz", *options, "--cases", "11")
    resumed = fencepost("fuzz", "--resume", "--jobs", "3", "--cases", "30", "--json")
    assert "goes on after 11 cases" in resumed.stderr
    assert numbers(resumed.stdout) == numbers(whole.stdout)
    again = fencepost("fuzz", "--resume", "--json")
    assert "nothing is left of its budget" in again.stderr
    assert numbers(again.stdout) == numbers(whole.stdout)
    assert (tmp_path / "fencepost-out" / "latest").resolve().name == "0001"


def test_what_decides_on_the_cases_cannot_change(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "fencepost.toml").write_text('[fuzz]\nmode = "exact"\n')
    fencepost("fuzz", "--seed", "5", "--cases", "1", "--out", "out")
    seed = fencepost("fuzz", "--resume", "--out", "out", "--seed", "6")
    assert seed.returncode == 2
    assert "the campaign has --seed 5, not 6 (out); leave the option away" in seed.stderr
    (tmp_path / "fencepost.toml").write_text('[fuzz]\nmode = "both"\n')
    mode = fencepost("fuzz", "--resume", "--out", "out")
    assert mode.returncode == 2
    assert "the campaign has --mode exact, not both (out)" in mode.stderr
    (tmp_path / "fencepost.toml").unlink()
    assert fencepost("fuzz", "--resume", "--out", "out", "--seed", "5", "--cases", "2").returncode == 0


def test_a_corpus_that_has_changed_is_another_campaign(fencepost: Fencepost, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "a.wat").write_text('(module (func (export "f")))')
    fencepost("fuzz", "--generator", "corpus", "--corpus", "seeds", "--cases", "2", "--out", "out")
    (seeds / "b.wat").write_text('(module (func (export "g")))')
    result = fencepost("fuzz", "--resume", "--out", "out", "--cases", "4")
    assert result.returncode == 2
    assert "the corpus is not the one that the campaign began with" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resume"], r"there is no campaign yet \(fencepost-out/latest\)"),
        (["--resume", "--out", "none"], r"the folder holds no campaign to resume \(none\)"),
    ],
)
def test_nothing_to_resume_is_one_line(fencepost: Fencepost, arguments: list[str], words: str) -> None:
    result = fencepost("fuzz", *arguments)
    assert result.returncode == 2
    assert re.fullmatch(rf"fencepost: error: {words}.*\n", result.stderr)


def test_folders_of_a_newer_version_or_damaged_are_one_line(fencepost: Fencepost, tmp_path: Path) -> None:
    fencepost("fuzz", "--seed", "5", "--cases", "1", "--out", "out")
    path = tmp_path / "out" / "campaign.db"
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    newer = fencepost("fuzz", "--resume", "--out", "out")
    assert newer.returncode == 2
    assert re.fullmatch(r"fencepost: error: the folder is of a newer version.*\(out\).*\n", newer.stderr)
    path.write_bytes(b"\0" * 5000)
    damaged = fencepost("fuzz", "--resume", "--out", "out")
    assert damaged.returncode == 2
    assert re.fullmatch(r"fencepost: error: the database is damaged: .*out/campaign\.db.*\n", damaged.stderr)


@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_two_campaigns_in_one_folder(fencepost: Fencepost, tmp_path: Path, options: list[str]) -> None:
    command = [sys.executable, "-m", "harness", "fuzz", "--no-tty", "--out", "out"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as first:
        try:
            wait_for(tmp_path / "out" / "stats.jsonl")
            second = fencepost("fuzz", "--cases", "1", "--out", "out", *options)
        finally:
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=100)
    assert second.returncode == 2
    assert f"process {first.pid} is using the folder (out)" in second.stderr
    assert fencepost("fuzz", "--cases", "1", "--resume", "--out", "out").returncode in (0, 1)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    result = fencepost("fuzz", "--cases", "1", "--out", "out")
    assert result.returncode == 3
    assert result.stderr.startswith("fencepost: error: cannot write the output folder: permission denied (out)")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "module.wat").write_text("(module)")
    shell = ["sh", "-c", '"$0" -m harness check module.wat > /dev/full', sys.executable]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    result = subprocess.run(
        shell, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 3
    assert result.stderr == "fencepost: error: cannot write the output: no space left on device; free some space\n"
    shell[2] = '"$0" -m harness fuzz --cases 3 --seed 1 --out lost 2> /dev/full'
    lost = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, timeout=100, check=False)
    assert lost.returncode == 0
    assert fencepost("fuzz", "--resume", "--out", "lost", "--json").returncode == 0

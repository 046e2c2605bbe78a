"""Confused programs on the command line: fuzzing, explaining, and plans that do not fit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

import engine

if TYPE_CHECKING:
    from conftest import Fencepost

CORPUS = Path(__file__).parents[2] / "corpus"
MODULE = '(module (memory 1 1) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))'
PROGRAM = engine.Program(engine.assemble(MODULE.encode()))
DROPPED = next(({"function": f, "site": s, "kind": kind} for f, s, kind in PROGRAM.places() if kind == "drop-check"))


def write(path: Path, **header: Any) -> None:
    calls = [{"export": "load", "args": [{"i32": "65536"}]}]
    header = {"fencepost": 1, "plan": [DROPPED], "program_hash": PROGRAM.hash, "calls": calls} | header
    header = {name: part for name, part in header.items() if part is not None}
    path.write_text(f";; fencepost: {json.dumps(header)}\n{MODULE}")


def test_fuzz_confuses_programs_and_says_which_plans_took_effect(fencepost: Fencepost) -> None:
    generator = ("--generator", "confuse", "--corpus", str(CORPUS))
    result = fencepost("fuzz", *generator, "--cases", "60", "--seed", "1", "--json", "--out", "out")
    assert result.returncode == 0, result.stderr
    honesty = json.loads(result.stdout)["honesty"]
    assert honesty["plan_triggered_share"] > 0.2
    assert re.search(r"\d+% of the plans took effect, \d+% of their entries", result.stderr)


def test_a_confused_case_is_checked_and_explained(fencepost: Fencepost, tmp_path: Path) -> None:
    write(tmp_path / "case.wat")
    checked = fencepost("check", "case.wat")
    assert (checked.returncode, checked.stdout) == (0, "case.wat: clean\n"), checked.stderr
    result = fencepost("explain", "case.wat", "--svg", "map.svg")
    assert result.returncode == 0, result.stderr
    for words in (
        "change 0: drop-check in function 0",
        "before   v10 = select.i32",
        "after    v10 is v",
        "meant    DefinedMemory",
        "executed 1 time in interpreter/exact",
        "landed   read of 4 bytes at 0x",
        "outside what was meant",
        "jit/as-shipped: returned i32",
    ):
        assert words in result.stdout, result.stdout
    picture = ET.fromstring((tmp_path / "map.svg").read_text())
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}g[@class='mark']")) == 1


def test_an_explanation_as_json(fencepost: Fencepost, tmp_path: Path) -> None:
    write(tmp_path / "case.wat")
    result = fencepost("explain", "case.wat", "--executor", "interpreter", "--reference", "none", "--json")
    explanation = json.loads(result.stdout)
    assert explanation["verdict"] == "clean"
    [change] = explanation["changes"]
    assert change["entry"] == DROPPED
    assert change["in_object"] is False
    assert len(explanation["outcomes"]) == 2


@pytest.mark.parametrize("command", ["check", "replay", "explain"])
@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"program_hash": "0" * 16}, "the plan is for the program 0000000000000000"),
        ({"program_hash": None}, "a plan needs the hash of its program"),
        ({"plan": [DROPPED | {"function": 7}]}, "the program has no such function"),
        ({"plan": [DROPPED | {"site": 999}]}, "the function has no such site"),
        ({"plan": [DROPPED | {"site": 0}]}, "the instruction there is not what this kind changes"),
        ({"plan": [DROPPED | {"kind": "wish"}]}, 'there is no kind "wish"'),
    ],
)
def test_a_plan_that_does_not_fit_is_one_line(
    fencepost: Fencepost, tmp_path: Path, command: str, header: dict[str, Any], words: str
) -> None:
    write(tmp_path / "case.wat", **header)
    result = fencepost(command, "case.wat")
    assert result.returncode == 2, result.stdout
    assert re.fullmatch(r"fencepost: error: .*\n", result.stderr), result.stderr
    assert words in result.stderr


def test_a_case_without_a_plan_cannot_be_explained(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "plain.wat").write_text(MODULE)
    result = fencepost("explain", "plain.wat")
    assert result.returncode == 2
    assert result.stderr.startswith("fencepost: error: the case has no plan or schedule (plain.wat); ")


def test_the_folder_of_a_finding_is_explained_and_one_of_several_cases_refused(
    fencepost: Fencepost, tmp_path: Path
) -> None:
    (tmp_path / "finding").mkdir()
    write(tmp_path / "finding" / "case.wat")
    explained = fencepost("explain", "finding", "--executor", "interpreter", "--reference", "none", "--mode", "exact")
    assert (explained.returncode, "drop-check" in explained.stdout) == (0, True), explained.stderr
    write(tmp_path / "finding" / "other.wat")
    several = fencepost("explain", "finding")
    assert several.returncode == 2
    assert several.stderr == "fencepost: error: there are 2 cases (finding); name one of them\n"

"""Corrupted programs on the command line: fuzzing, explaining, and schedules that do not fit."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import engine

if TYPE_CHECKING:
    from conftest import Fencepost

CORPUS = Path(__file__).parents[2] / "corpus"
MODULE = '(module (memory 1 2) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))'
HASH = engine.Program(engine.assemble(MODULE.encode())).hash
TARGET = {"structure": "VMMemoryDefinition", "field": "current_length"}
SHORTER = {"event": "entry", "nth": 0, "target": TARGET, "width": 4, "value": {"old": -65528}}


def write(path: Path, **header: Any) -> None:
    calls = [{"export": "load", "args": [{"i32": "16"}]}]
    header = {"fencepost": 1, "schedule": [SHORTER], "program_hash": HASH, "calls": calls} | header
    header = {name: part for name, part in header.items() if part is not None}
    path.write_text(f";; fencepost: {json.dumps(header)}\n{MODULE}")


def test_fuzz_corrupts_data_and_nothing_escapes(fencepost: Fencepost) -> None:
    generator = ("--generator", "corrupt", "--corpus", str(CORPUS))
    result = fencepost("fuzz", *generator, "--cases", "60", "--seed", "1", "--json", "--out", "out")
    assert result.returncode == 0, result.stderr
    honesty = json.loads(result.stdout)["honesty"]
    assert honesty["trap_share"] > 0.1
    assert honesty["written_share"] > 0.5
    assert re.search(r"; \d+% of the scheduled writes were made", result.stderr)


def test_a_corrupted_case_is_checked_and_explained(fencepost: Fencepost, tmp_path: Path) -> None:
    write(tmp_path / "case.wat")
    checked = fencepost("check", "case.wat")
    assert (checked.returncode, checked.stdout) == (0, "case.wat: clean\n"), checked.stderr
    result = fencepost("explain", "case.wat", "--svg", "map.svg")
    assert result.returncode == 0, result.stderr
    for words in (
        "write 0: before entry 0 into guest code: 4 bytes of VMMemoryDefinition[0].current_length (arena offset 0x",
        "become what stands there -65528",
        "  interpreter/exact: 0x00010000 to 0x00000008",
        "  jit/as-shipped: 0x00010000 to 0x00000008",
        "what could be waited for:",
        "  jit/exact: entry 1",
        "jit/exact: trapped heap_out_of_bounds",
    ):
        assert words in result.stdout, result.stdout
    assert "VMMemoryDefinition" in (tmp_path / "map.svg").read_text()


def test_an_explanation_as_json_has_the_writes(fencepost: Fencepost, tmp_path: Path) -> None:
    write(tmp_path / "case.wat")
    result = fencepost("explain", "case.wat", "--executor", "interpreter", "--json")
    [made] = json.loads(result.stdout)["writes"]
    assert made["entry"] == SHORTER
    assert set(made["made"]) == {"interpreter/exact", "interpreter/as-shipped"}


@pytest.mark.parametrize("command", ["check", "replay", "explain"])
@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"program_hash": "0" * 16}, "the schedule is for the program 0000000000000000"),
        ({"program_hash": None}, "a schedule needs the hash of its program"),
        ({"schedule": [SHORTER | {"target": TARGET | {"index": 1}}]}, "there is no VMMemoryDefinition[1]"),
        ({"schedule": [SHORTER | {"target": {"offset": 4294967295}}]}, "lie outside the arena"),
        ({"schedule": [SHORTER | {"event": "noon"}]}, "schedule[0].event: 'noon' is not one of"),
    ],
)
def test_a_schedule_that_does_not_fit_is_one_line(
    fencepost: Fencepost, tmp_path: Path, command: str, header: dict[str, Any], words: str
) -> None:
    write(tmp_path / "case.wat", **header)
    result = fencepost(command, "case.wat")
    assert result.returncode == 2, result.stdout
    assert re.fullmatch(r"fencepost: error: .*\n", result.stderr), result.stderr
    assert words in result.stderr

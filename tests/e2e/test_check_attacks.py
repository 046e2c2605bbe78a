"""Attacks on the command line: judged like any case, in the gate, and refused where they are no attacks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Fencepost

ATTACKS = Path(__file__).parents[2] / "corpus" / "attacks"
ATTACK = ATTACKS / "table_length.wat"
HONEST = '"values": [{"i32": "7"}]'


def test_attacks_are_checked_and_wasmtime_sits_out(fencepost: Fencepost) -> None:
    result = fencepost("check", "-v", ATTACK)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{ATTACK}: clean\n")
    assert "jit/exact: trapped table_out_of_bounds; returned i32 0x7; returned i32 0xffffffff" in result.stdout
    assert "wasmtime" not in result.stdout


def test_an_attack_that_comes_to_something_else_is_a_finding(fencepost: Fencepost, tmp_path: Path) -> None:
    text = ATTACK.read_text(encoding="utf-8")
    assert HONEST in text
    (tmp_path / "attack.wat").write_text(text.replace(HONEST, '"trap": "unreachable"'))
    for command in (("check",), ("replay",), ("gate", "--budget", "0")):
        result = fencepost(*command, "attack.wat")
        assert result.returncode == 1, result.stderr
        assert "mismatch:expectation:call" in result.stdout + result.stderr, command


def test_the_gate_replays_the_attacks_of_the_corpus(fencepost: Fencepost, tmp_path: Path) -> None:
    shutil.copytree(ATTACKS, tmp_path / "corpus" / "attacks")
    result = fencepost("gate", "--budget", "0")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(list(ATTACKS.glob('*.wat')))} passed" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ('"load32" (func (param i64))', "import fencepost.load32 as (i64) -> (), since it is (i32) -> (i32)"),
        ('"lod32" (func)', "import fencepost.lod32: the attack interface has no such function or field"),
        ('"length" (global i32)', "import fencepost.length: the attack interface has functions only"),
    ],
)
def test_an_import_that_is_not_there_is_one_line(fencepost: Fencepost, tmp_path: Path, item: str, message: str) -> None:
    (tmp_path / "wrong.wat").write_text(f'(module (import "fencepost" {item}) (func (export "f")))')
    for command in (("check",), ("layout",), ("gate", "--budget", "0")):
        result = fencepost(*command, "wrong.wat")
        assert result.returncode == 2
        assert result.stderr.splitlines()[-1] == f"fencepost: error: not a valid module: {message} (wrong.wat)"


def test_a_program_that_is_only_run_attacks_nobody(fencepost: Fencepost, tmp_path: Path) -> None:
    module = """(module (import "fencepost" "length" (func $length (result i32))) (memory (export "memory") 1)
        (func (export "_start") (drop (call $length))))"""
    (tmp_path / "run.wat").write_text(module)
    result = fencepost("run", "run.wat")
    assert result.returncode == 2, result.stderr
    assert "fencepost.length" in result.stderr


def test_a_whole_program_may_attack_as_a_case(fencepost: Fencepost, tmp_path: Path) -> None:
    module = """(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "fencepost" "VMMemoryDefinition.current_length" (func $memory (param i32 i32) (result i32)))
        (import "fencepost" "load32" (func $load32 (param i32) (result i32)))
        (memory (export "memory") 3)
        (func (export "_start")
          (call $exit (i32.shr_u (call $load32 (call $memory (i32.const 0) (i32.const 0))) (i32.const 16)))))"""
    (tmp_path / "program.wat").write_text(module)
    result = fencepost("check", "-v", "program.wat")
    assert result.returncode == 0, result.stderr
    assert "jit/exact: exited 3" in result.stdout

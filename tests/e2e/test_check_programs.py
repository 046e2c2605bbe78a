"""`fencepost check`, `replay` and `gate` take whole programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Fencepost

CORPUS = Path(__file__).parents[2] / "corpus"
IMPORT = '(import "wasi_snapshot_preview1"'
WRITE = f'{IMPORT} "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
MEMORY = '(memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\08\\00\\00\\00")'
PRINT = "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
RUNS = 14
"""Three executors in two kinds of run, each twice, at two places; and two references."""


def program(folder: Path, imports: str, body: str, header: str = "") -> Path:
    path = folder / "program.wat"
    path.write_text(f'{header}(module {imports} {MEMORY} (func (export "_start") {body}))')
    return path


def steps(lines: list[str]) -> list[str]:
    """What each run came to; a whole program is in one piece, so none goes on elsewhere."""
    return [line.split(": ")[1] for line in lines if "/resumed: " not in line]


def test_a_program_without_a_header_is_run_as_a_whole(fencepost: Fencepost, tmp_path: Path) -> None:
    path = program(tmp_path, WRITE, PRINT)
    result = fencepost("check", "-v", path)
    verdict, *lines = result.stdout.splitlines()
    assert verdict == f"{path}: clean"
    assert steps(lines) == ["returned nothing"] * RUNS


def test_options_say_what_a_program_is_started_with(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\xff\x00")
    streams = (CORPUS / "wasi_streams.wat").read_text().split("\n", 2)[2]
    (tmp_path / "plain.wat").write_text(streams)
    options = ["--arg", "a", "--arg", "b", "--arg", "c", "--env", "X=y", "--stdin", "in"]
    result = fencepost("check", "-v", *options, "plain.wat")
    verdict, *lines = result.stdout.splitlines()
    assert verdict == "plain.wat: clean"
    assert steps(lines) == ["exited 4"] * RUNS, "the name and three arguments"


def test_a_program_gets_a_copy_of_a_folder(fencepost: Fencepost, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "empty").mkdir(parents=True)
    (work / "in").write_text("content")
    (tmp_path / "plain.wat").write_text((CORPUS / "wasi_files.wat").read_text().split("\n", 1)[1])
    result = fencepost("check", "-v", "--dir", "work", "plain.wat")
    verdict, *lines = result.stdout.splitlines()
    assert verdict == "plain.wat: clean"
    assert steps(lines) == ["exited 63"] * RUNS
    assert sorted(path.name for path in work.iterdir()) == ["empty", "in"], "it is as it was"


def test_what_the_host_chooses_is_poison_where_it_shows(fencepost: Fencepost, tmp_path: Path) -> None:
    random = f'{IMPORT} "random_get" (func $random (param i32 i32) (result i32)))'
    ask = "(drop (call $random (i32.const 16) (i32.const 8)))"
    shown = program(tmp_path, random + WRITE, ask + PRINT)
    assert fencepost("check", shown).stdout.splitlines()[0] == f"{shown}: poisoned:wasmtime:choice of the host"
    kept = program(tmp_path, random, ask)
    assert fencepost("check", kept).stdout.splitlines()[0] == f"{kept}: clean"
    own = ["--reference", "none"]
    assert fencepost("check", *own, shown).stdout.splitlines()[0] == f"{shown}: clean", "ours are told the same"


def test_an_import_that_is_not_there_leaves_it_undecided(fencepost: Fencepost, tmp_path: Path) -> None:
    socket = f'{IMPORT} "sock_open" (func))'
    result = fencepost("check", program(tmp_path, socket, ""))
    assert "incomplete:completion:import wasi_snapshot_previewN.sock_open: there is no such function" in result.stdout
    assert result.returncode == 0


def test_endless_programs_are_stopped_within_the_time_of_a_case(fencepost: Fencepost, tmp_path: Path) -> None:
    path = program(tmp_path, WRITE, "(loop (br 0))")
    result = fencepost("check", "--case-time", "6s", "--executor", "interpreter", "--executor", "jit", path)
    assert "poisoned" in result.stdout


def test_known_programs_are_replayed(fencepost: Fencepost, tmp_path: Path) -> None:
    result = fencepost("replay", CORPUS / "wasi_files.wat", CORPUS / "wasi_streams.wat")
    assert result.returncode == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["passed", "passed"]
    header = ';; fencepost: {"fencepost": 1, "wasi": {}, "expect": {"verdict": "mismatch"}}\n'
    result = fencepost("replay", program(tmp_path, WRITE, PRINT, header))
    assert result.returncode == 1, "it is clean, and a mismatch was expected"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stdin", "missing"], "cannot read the file: no such file or directory (missing)"),
        (["--dir", "missing"], "cannot read the folder: no such file or directory (missing)"),
    ],
)
def test_input_that_is_not_there_is_one_line(
    fencepost: Fencepost, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = fencepost("check", *arguments, program(tmp_path, WRITE, PRINT))
    [line] = result.stderr.splitlines()
    assert words in line
    assert result.returncode == 2

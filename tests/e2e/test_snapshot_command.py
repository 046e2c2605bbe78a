"""`fencepost snapshot` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Fencepost

CORPUS = Path(__file__).parents[2] / "corpus"
CASE = CORPUS / "table_many.wat"
CALLS = 7


def test_a_run_goes_on_in_every_executor_as_if_it_had_never_stopped(fencepost: Fencepost) -> None:
    ends = set()
    for after in (0, 3, CALLS):
        saved = fencepost("snapshot", "save", CASE, "--after", after, "-o", "x.snap", "--executor", "jit")
        assert saved.returncode == 0, saved.stderr
        assert saved.stdout.startswith(f"x.snap: after {after} of {CALLS} calls, ")
        for executor in ("interpreter", "jit", "reference"):
            restored = fencepost("snapshot", "restore", "x.snap", "--executor", executor, "--json")
            assert restored.returncode == 0, restored.stderr
            data = json.loads(restored.stdout)
            assert data.pop("behind") == after
            ends.add(json.dumps(data))
    [end] = ends
    assert len(json.loads(end)["calls"]) == CALLS


def test_what_it_holds_is_shown(fencepost: Fencepost) -> None:
    fencepost("snapshot", "save", CASE, "--after", 3, "-o", "x.snap")
    shown = fencepost("snapshot", "show", "x.snap")
    assert shown.returncode == 0, shown.stderr
    assert "calls behind" in shown.stdout
    assert "0x00010000" in shown.stdout
    data = json.loads(fencepost("snapshot", "show", "x.snap", "--json").stdout)
    assert data["record"]["store"]["tables"] == [2, 4, 3, 0]
    assert data["pages"][0] == [0x10000, 1]


def test_restoring_says_where_it_went_on(fencepost: Fencepost) -> None:
    fencepost("snapshot", "save", CASE, "--after", 3, "-o", "x.snap", "--mode", "as-shipped")
    lines = fencepost("snapshot", "restore", "x.snap").stdout.splitlines()
    assert lines.index("--- restored here ---") == 3
    assert len(lines) == CALLS + 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("save", CASE, "--after", "8", "-o", "x.snap"), "the case has 7 calls (--after 8)"),
        (("save", CASE, "--after", "-1", "-o", "x.snap"), "Invalid value for '--after'"),
        (("save", CASE, "--after", "1"), "Missing option '-o'"),
        (
            ("save", CORPUS / "wasi_files.wat", "--after", "0", "-o", "x.snap"),
            "unsupported: snapshot of a whole program",
        ),
        (("save", "nothing.wat", "--after", "1", "-o", "x.snap"), "cannot read the file"),
        (("restore", CASE), "not a snapshot"),
        (("show", CASE), "not a snapshot"),
        (("show", "nothing.snap"), "cannot read the snapshot"),
        (("keep", CASE), "No such command 'keep'"),
    ],
)
def test_what_cannot_be_done_is_one_line(fencepost: Fencepost, arguments: tuple[str, ...], message: str) -> None:
    result = fencepost("snapshot", *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("fencepost: error: ")
    assert message in line


def test_a_run_that_has_ended_cannot_be_gone_on_with(fencepost: Fencepost, tmp_path: Path) -> None:
    exit_ = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
    (tmp_path / "end.wat").write_text(f'(module {exit_} (func (export "end") (call $exit (i32.const 3))))')
    result = fencepost("snapshot", "save", "end.wat", "--after", 1, "-o", "x.snap")
    assert result.returncode == 2
    assert "the run ended before: exited 3" in result.stderr
    assert not (tmp_path / "x.snap").exists()


def test_a_snapshot_that_cannot_be_written_is_the_machines_fault(fencepost: Fencepost) -> None:
    result = fencepost("snapshot", "save", CASE, "--after", 1, "-o", "missing/x.snap")
    assert result.returncode == 3
    assert "cannot write the snapshot" in result.stderr


def test_cases_of_a_campaign_go_elsewhere(fencepost: Fencepost) -> None:
    result = fencepost("check", "-v", CASE)
    assert result.returncode == 0, result.stderr
    for name in ("jit/exact/relocated: ", "interpreter/as-shipped/resumed: "):
        assert f"  {name}" in result.stdout

"""Bad input and a machine that says no, for gate and replay: one line, the right exit code, and no result lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.errors import EmptyFolder, FileError
from harness.files import find_files

if TYPE_CHECKING:
    from conftest import Fencepost

ROOT = Path(__file__).parents[2]
CLEAN = '(module (func (export "f") (result i32) (i32.const 7)))'
ESCAPES = """;; fencepost: {"fencepost": 1, "options": {"fault": "02"}}
(module (memory 1) (func (export "store") (i32.store (i32.const 8) (i32.const 1))))
"""
LOADS = ESCAPES.replace(
    '"store") (i32.store (i32.const 8) (i32.const 1))', '"l") (result i32) (i32.load (i32.const 8))'
)
REASON = "planted fault 02 sign-extends the offset"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where commands run: a clean case, two findings with different keys, and things that are no cases."""
    files = {
        "clean.wat": CLEAN,
        "store.wat": ESCAPES,
        "load.wat": LOADS,
        "header.wat": ";; fencepost: {\n(module)",
        "expect.wat": ';; fencepost: {"fencepost": 1, "expect": {"verdict": "fine"}}\n(module)',
        "calls.wat": ';; fencepost: {"fencepost": 1, "calls": [{"export": "nope"}]}\n(module)',
        "base.json": '{"accepted": []}',
        "file": "",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gate", "missing"], r"cannot read the file: no such file or directory \(missing\)"),
        (["gate", "empty"], r"the folder holds no cases \(empty\)"),
        (["gate", "loop"], r"cannot read the file: too many levels of symbolic links \(loop\)"),
        (["gate", "--crashes", "missing"], r"no such file or directory \(missing\)"),
        (["gate", "--corpus", "missing"], r"no such file or directory \(missing\)"),
        (["gate", "header.wat"], r"broken case header: not JSON: .*\(header\.wat\)"),
        (["gate", "expect.wat"], r"broken case header: expect\.verdict: 'fine' is not one of .*\(expect\.wat\)"),
        (["gate", "calls.wat"], r"does not fit its module: there is no exported function 'nope' \(calls\.wat\)"),
        (["gate", "clean.wat", "calls.wat"], r"does not fit its module: .*\(calls\.wat\)"),
        (["gate", "--baseline", "missing.json"], r"cannot read the baseline: no such file or directory"),
        (["gate", "--baseline", "empty"], r"cannot read the baseline: is a directory \(empty\)"),
        (["gate", "--baseline", "clean.wat"], r"not a baseline: not JSON: .*\(clean\.wat\)"),
        (["gate", "--baseline", "base.json"], r"there is no \"fencepost-baseline\" at its top level \(base\.json\)"),
        (["gate", "--budget", "soon"], r"'soon' is neither a duration such as 60s nor a number of cases"),
        (["gate", "--budget", "-5"], r"'-5' is neither a duration"),
        (["gate", "--write-baseline", "new.json"], r"a reason is needed \(--reason\); name the cause"),
        (["gate", "--reason", REASON], r"--reason needs --write-baseline FILE"),
        (["gate", "clean.wat", "--generator", "corpus"], r"--generator corpus needs seeds; name their folder"),
        (["gate", "--fault", "99"], r"there is no planted fault '99'"),
        (["replay", "missing"], r"no such file or directory \(missing\)"),
        (["replay", "store.wat", "--promote"], r"a reason is needed \(--reason\)"),
        (["replay", "store.wat", "--promote", "--reason", "known bug"], r"'known bug' is too short for a reason"),
        (["replay", "store.wat", "--promote", "--reason", "tbd by the team"], r"is a placeholder, not a reason"),
        (["replay", "store.wat", "--reason", REASON], r"--reason needs --promote"),
    ],
)
def test_it_is_one_line_and_exit_code_2(fencepost: Fencepost, folder: Path, arguments: list[str], words: str) -> None:
    result = fencepost(*arguments)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("*** ")]
    assert len(lines) == 1, result.stderr
    assert re.match(r"fencepost: error: .*" + words, lines[0])
    assert result.returncode == 2
    assert result.stdout == ""
    assert not (folder / "crashes").exists()


def test_a_hostile_name_in_an_error_stays_on_its_line(fencepost: Fencepost, tmp_path: Path) -> None:
    header = json.dumps({"fencepost": 1, "calls": [{"export": "\x1b[2J\n::error::x##[add-path]"}]})
    (tmp_path / "calls.wat").write_text(f";; fencepost: {header}\n(module)")
    for command in ("gate", "check", "replay"):
        result = fencepost(command, "calls.wat")
        assert result.returncode == 2
        [line] = result.stderr.splitlines()
        assert line.isprintable()
        assert "##[" not in line


def test_one_reason_does_not_explain_two_keys(fencepost: Fencepost, folder: Path) -> None:
    result = fencepost("replay", "store.wat", "load.wat", "--promote", "--reason", REASON)
    assert result.returncode == 2
    assert "the findings have 2 keys (escape:containment:access read, escape:containment:access write)" in result.stderr
    assert not (folder / "crashes").exists()


@pytest.mark.parametrize("option", ["--junit", "--sarif", "--write-baseline"])
@pytest.mark.parametrize("path", ["missing/file", "empty", "file/file", "/dev/full"])
def test_a_file_that_cannot_be_written_costs_no_result(
    fencepost: Fencepost, folder: Path, option: str, path: str
) -> None:
    reason = ("--reason", REASON) if option == "--write-baseline" else ()
    result = fencepost("gate", "clean.wat", "--budget", "0", option, path, *reason)
    assert result.returncode == 3
    assert result.stdout.endswith("gate: passed\n")
    assert re.fullmatch(rf"fencepost: error: cannot write the .* \({path}\)\n", result.stderr), result.stderr
    assert not list(folder.glob(".*")), "nothing half-written stays"


@pytest.mark.usefixtures("folder")
def test_a_summary_that_cannot_be_written(fencepost: Fencepost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "missing/summary.md")
    result = fencepost("gate", "store.wat", "--budget", "0")
    assert result.returncode == 3
    assert "cannot write the summary of the step: no such file or directory (missing/summary.md)" in result.stderr
    assert "failed: store.wat" in result.stdout


@pytest.mark.usefixtures("folder")
def test_known_cases_that_cannot_be_kept(fencepost: Fencepost) -> None:
    result = fencepost("replay", "store.wat", "--promote", "--reason", REASON, "--crashes", "file/crashes")
    assert result.returncode == 3
    assert "cannot write the folder of known findings: not a directory (file/crashes)" in result.stderr


@pytest.mark.usefixtures("folder")
def test_an_output_folder_that_cannot_be_made_is_said_before_anything_runs(fencepost: Fencepost) -> None:
    result = fencepost("gate", "clean.wat", "--budget", "10", "--out", "file/out")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("fencepost: error: cannot write the output folder: not a directory (file/out)")


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_reader_that_went_away_does_not_turn_the_gate_green(folder: Path) -> None:
    result = shell('"$PYTHON" -m harness gate store.wat --budget 0 | true; exit "${PIPESTATUS[0]}"', folder)
    assert (result.returncode, result.stderr) == (1, "")


def test_a_full_disk_behind_standard_output_is_an_error(folder: Path) -> None:
    result = shell('"$PYTHON" -m harness gate clean.wat --budget 0 --junit gate.xml > /dev/full', folder)
    assert result.returncode == 3
    assert result.stderr == ("fencepost: error: cannot print the report: no space left on device (standard output)\n")
    assert (folder / "gate.xml").is_file()


def test_a_disk_that_fills_up_is_no_answer_but_every_finding_is_listed(folder: Path) -> None:
    limited = 'ulimit -f 64; exec "$PYTHON" -m harness gate clean.wat store.wat --fault 02 --budget 60 --json'
    result = shell(limited, folder)
    assert result.returncode == 3, result.stderr
    report = json.loads(result.stdout)
    assert report["no_answer"].startswith("the machine failed it: cannot write the ")
    assert [line["case"] for line in report["results"]][:2] == ["clean.wat", "store.wat"]
    assert report["cases"] == 62
    generated = {line["key"]: line["cases"] for line in report["results"][2:]}
    assert generated == {key: found["cases"] for key, found in report["generated"]["keys"].items()}
    assert generated


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "cases" / "inner").mkdir(parents=True)
    (folder / "cases" / "seed.wat").write_text(CLEAN)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("inner"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FileError, match=r"cannot read the file: permission denied \(.*cases/inner\)"):
        find_files([folder / "cases"])


def test_of_a_campaign_its_findings_are_meant(folder: Path) -> None:
    campaign = folder / "out"
    for name in ("findings/escape-1/case.wat", "corpus/seed.wat"):
        (campaign / name).parent.mkdir(parents=True)
        (campaign / name).write_text(CLEAN)
    (campaign / "campaign.db").write_text("")
    assert find_files([campaign]) == [campaign / "findings/escape-1/case.wat"]
    assert find_files([campaign, campaign / "findings"]) == [campaign / "findings/escape-1/case.wat"], "each file once"
    (campaign / "findings").rename(folder / "elsewhere")
    with pytest.raises(EmptyFolder, match=r"the campaign has no findings \(.*out\)"):
        find_files([campaign])

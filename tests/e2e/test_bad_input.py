"""Bad input: one clear line with the file and the place, the right exit code, no traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import engine
from harness.cli import READER_GONE
from harness.input_size import MAX_FILE_BYTES

if TYPE_CHECKING:
    from conftest import Fencepost

ROOT = Path(__file__).parents[2]
CLIF_CASE = str(ROOT / "crashes" / "reference-srem.clif")
ADD = engine.assemble(b'(module (func (export "add") (param i32 i32) (result i32) local.get 0))')


def files(folder: Path) -> dict[str, tuple[Path, str]]:
    """Name of a kind of bad file: the file, and what its error must match."""

    def write(name: str, data: bytes) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    large, huge = write("large.wasm", ADD), write("huge.wasm", ADD)
    os.truncate(large, MAX_FILE_BYTES + 1)
    os.truncate(huge, 50 << 20)
    vanished = folder / "vanished"
    vanished.mkdir()
    (vanished / "gone.wasm").symlink_to("nowhere")  # is there when it is listed, and not when it is read
    empty = folder / "empty"
    empty.mkdir()
    unknown_call = b';; fencepost: {"fencepost": 1, "calls": [{"export": "nope"}]}\n(module)'
    wrong_args = b';; fencepost: {"fencepost": 1, "calls": [{"export": "f"}]}\n(module (func (export "f") (param i32)))'
    return {
        "wrong arguments": (write("args.wat", wrong_args), r"'f' takes \(i32\), not nothing \(.*args\.wat\)"),
        "truncated": (write("truncated.wasm", ADD[:-3]), r"truncated\.wasm at byte \d+"),
        "malformed": (write("malformed.wasm", ADD[:8] + b"\x63" + ADD[9:]), r"malformed\.wasm at byte \d+"),
        "large": (large, r"the limit is 32 MiB"),
        "huge": (huge, r"the limit is 32 MiB"),
        "vanished": (vanished, r"no such file or directory \(.*gone\.wasm\)"),
        "not wasm": (write("picture.wasm", b"\x89PNG\r\n\x1a\n"), r"neither a module nor text"),
        "text": (write("broken.wat", b"(module\n  (func (result i32) i33.const 1))"), r"broken\.wat:2\)"),
        "invalid": (write("invalid.wat", b"(module (func (result i32)))"), r"invalid\.wat at byte \d+"),
        "empty folder": (empty, r"the folder holds no cases"),
        "missing": (folder / "missing.wasm", r"no such file or directory \(.*missing\.wasm\)"),
        "broken header": (write("header.wat", b";; fencepost: {\n(module)"), r"broken case header: not JSON"),
        "newer header": (write("newer.wat", b';; fencepost: {"fencepost": 9}\n(module)'), r"case header of version 9"),
        "unknown export": (write("call.wat", unknown_call), r"does not fit its module: .*nope"),
    }


KINDS = (
    "truncated", "malformed", "large", "huge", "vanished", "not wasm", "text", "invalid", "empty folder", "missing",
    "broken header", "newer header", "unknown export", "wrong arguments",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_file_is_one_line(fencepost: Fencepost, tmp_path: Path, kind: str) -> None:
    path, words = files(tmp_path)[kind]
    result = fencepost("check", path)
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert re.match(r"fencepost: error: .*" + words, lines[0])
    assert result.returncode == 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fuzz", "--time", "5"], "no duration such as 90s"),
        (["fuzz", "--tmie", "5s"], "No such option '--tmie'"),
        (["fuzz", "--max-memory", "5"], "no size such as 64KiB"),
        (["check", "x.wasm", "--max-memory", "5GiB"], "'5GiB' is more than 4GiB"),
        (["layout", "x.wasm", "--max-memory", "9" * 30 + "GiB"], "no size such as 64KiB"),
        (["check", "x.wasm", "--worker-memory", "1MiB"], "less than 512MiB"),
        (["check", "x.wasm", "--case-time", "0s"], "less than 1 s"),
        (["fuzz", "--out", __file__], "is a file"),
        (["check", "/dev/zero"], "the limit is 32 MiB"),
        (["layout", CLIF_CASE], "has no VM structures to lay out"),
        (["fuzz", "--cases", "0"], "--cases"),
        (["fuzz", "--fault", "99"], "there is no planted fault '99'"),
        (["fuzz", "--reference", "none", "--reference", "wasmtime"], "--reference none stands alone"),
        (["fuzz", "--corpus", "."], "the folder holds no cases"),
        (["fuz"], "No such command 'fuz'"),
        (["check"], "FILES"),
    ],
)
def test_a_wrong_command_line_is_one_line(fencepost: Fencepost, arguments: list[str], words: str) -> None:
    result = fencepost(*arguments)
    assert result.returncode == 2
    assert re.fullmatch(r"fencepost: error: .*\n", result.stderr), result.stderr
    assert words in result.stderr


def test_an_output_folder_that_cannot_be_written(fencepost: Fencepost, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = fencepost("fuzz", "--cases", "1", "--out", "file/out")
    assert result.returncode == 3
    assert result.stderr.startswith("fencepost: error: cannot write the output folder: not a directory (file/out)")


def test_an_output_folder_that_holds_a_campaign(fencepost: Fencepost) -> None:
    fencepost("fuzz", "--cases", "1", "--out", "out")
    result = fencepost("fuzz", "--cases", "1", "--out", "out")
    assert result.returncode == 2
    assert "the folder holds a campaign already (out); continue it with --resume" in result.stderr


def test_help_has_examples_for_each_command(fencepost: Fencepost) -> None:
    for command in ("fuzz", "check", "replay", "gate", "report", "doctor", "explain", "layout"):
        result = fencepost(command, "--help")
        assert result.returncode == 0
        assert f"Examples:\n    fencepost {command}" in result.stdout


def test_versions_name_every_component(fencepost: Fencepost) -> None:
    result = fencepost("--version")
    assert result.returncode == 0
    for component in ("fencepost", "cranelift-codegen", "wasmtime-environ", "wasm-smith", "wasmtime (reference)"):
        assert re.search(rf"^{re.escape(component)} \d+\.", result.stdout, re.MULTILINE), result.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["layout", "x.wat"], ["doctor"], ["check", "x.wat", "--reference", "none"]]
)
def test_a_reader_that_goes_away_is_no_finding(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "x.wat").write_text("(module)")
    command = [sys.executable, "-m", "harness", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing) as gone:
        result = subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=gone, stderr=subprocess.PIPE, timeout=120, check=False
        )
    assert (result.returncode, result.stderr.decode()) == (READER_GONE, "")


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_layout_is_whole_on_a_narrow_terminal(
    fencepost: Fencepost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    (tmp_path / "x.wat").write_text("(module (memory 1))")
    result = fencepost("layout", "x.wat")
    assert result.returncode == 0
    assert "\N{HORIZONTAL ELLIPSIS}" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= int(columns)

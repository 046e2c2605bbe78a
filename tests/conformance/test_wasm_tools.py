"""What generators make is valid by a second validator, which the harness can ask too."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.case import Case
from harness.cli import run as fencepost
from harness.errors import EnvironmentFailure
from harness.executors import Subject
from harness.files import read_all
from harness.outcome import NotRun
from harness.references.wasm_tools import WasmTools
from harness.source import GeneratedSource
from harness.verdict import CLEAN, Kind
from oracles.completion import CompletionOracle

CORPUS_FOLDER = Path(__file__).parents[2] / "corpus"
CORPUS = read_all([CORPUS_FOLDER])[1]
EMPTY = Subject(Case(b"\0asm\1\0\0\0"))
installed = pytest.mark.skipif(
    shutil.which("wasm-tools") is None, reason="wasm-tools is not installed; make tools does it"
)


@installed
@pytest.mark.parametrize("generator", ["wasm", "mutate", "corpus"])
def test_generated_modules_are_valid(generator: str) -> None:
    source = GeneratedSource(11, (generator,), CORPUS)
    for index in range(60):
        assert WasmTools().run(Subject(source.case(index))) == NotRun("agrees", "it is valid"), index


@installed
def test_the_command_line_takes_it(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(CORPUS_FOLDER / "integer_bits.wat")
    assert fencepost(["check", "--reference", "wasm-tools", "--executor", "interpreter", file]) == 0
    assert "clean" in capsys.readouterr().out


def fake(folder: Path, text: str) -> WasmTools:
    script = folder / "wasm-tools"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    return WasmTools(str(script))


def test_a_refusal_is_a_mismatch(tmp_path: Path) -> None:
    outcome = fake(tmp_path, "cat >/dev/null; echo 'error: func 7 failed' >&2; exit 1").run(EMPTY)
    assert outcome == NotRun("invalid", "error: func 7 failed")
    verdict = CompletionOracle().judge(EMPTY.case, {"wasm-tools": outcome})
    assert (verdict.kind, verdict.detail) == (Kind.MISMATCH, "error: func N failed")


def test_agreement_is_clean(tmp_path: Path) -> None:
    outcome = fake(tmp_path, f'test "$1 $2" = "validate -" && test "$(wc -c)" = {len(EMPTY.case.wasm)}').run(EMPTY)
    assert CompletionOracle().judge(EMPTY.case, {"wasm-tools": outcome}) == CLEAN


def test_a_missing_binary_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvironmentFailure, match="cannot run it"):
        WasmTools(str(tmp_path / "gone")).run(EMPTY)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert fencepost(["check", "--reference", "wasm-tools", str(CORPUS_FOLDER / "call_deep.wat")]) == 2
    assert "there is no wasm-tools on the search path" in capsys.readouterr().err

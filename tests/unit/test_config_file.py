"""`fencepost.toml`: the same options as on the command line, which wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import cli
from harness.cli import COMMANDS
from harness.command_line import cli as group
from harness.config_file import NAME

FILE = """
[fuzz]
jobs = 4
time = "8h"
generator = ["wasm", "corpus"]
corpus = "seeds"
max-memory = "64MiB"
no-tty = true

[check]
mode = "exact"
"""


def parsed(*arguments: str) -> dict[str, Any]:
    """The values of a command's options by parameter name."""
    with group.make_context("fencepost", list(arguments)) as outer:
        command = group.get_command(outer, arguments[0])
        assert command
        with command.make_context(arguments[0], list(arguments[1:]), parent=outer) as inner:
            return inner.params


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_in_the_current_folder_gives_the_defaults() -> None:
    NAME.write_text(FILE)
    options = parsed("fuzz")
    assert (options["jobs"], options["seconds"], options["no_tty"]) == (4, 8 * 3600, True)
    assert options["generators"] == ("wasm", "corpus")
    assert options["max_memory"] == 64 << 20
    assert options["mode"] == "both", "the table of another command is not for this one"


def test_the_command_line_wins() -> None:
    NAME.write_text(FILE)
    options = parsed("fuzz", "--jobs", "1", "--generator", "wasm", "--time", "5s")
    assert (options["jobs"], options["generators"], options["seconds"]) == (1, ("wasm",), 5)


def test_a_named_file_takes_the_place_of_the_usual_one_and_paths_count_from_it() -> None:
    NAME.write_text("[fuzz]\nseed = 7\n")
    Path("ci").mkdir()
    Path("ci/nightly.toml").write_text(FILE)
    options = parsed("fuzz", "--config", "ci/nightly.toml")
    assert options["seed"] is None
    assert options["corpus"] == Path("ci/seeds")


def test_a_single_value_stands_for_a_list_of_one() -> None:
    NAME.write_text('[fuzz]\ngenerator = "corpus"\n')
    assert parsed("fuzz")["generators"] == ("corpus",)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([command, "--help"]) == 0
    assert "--config FILE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[fuz]", "unknown table 'fuz' (fencepost.toml); did you mean fuzz?"),
        ("jobs = 3", "unknown table 'jobs' (fencepost.toml); there are"),
        ("fuzz = 3", "fuzz is no table (fencepost.toml); write [fuzz]"),
        ("[fuzz]\njob = 3", "unknown option 'job' (fencepost.toml [fuzz]); did you mean jobs?"),
        ("[fuzz]\nconfig = 'x'", "unknown option 'config'"),
        ("[fuzz]\njobs = 'many'", "--jobs: 'many' is not a valid integer range (fencepost.toml [fuzz])"),
        ("[fuzz]\njobs = true", "--jobs does not take True"),
        ("[fuzz]\njobs = [1]", "--jobs does not take [1]"),
        ("[fuzz]\nseed = 2026-01-01", "--seed does not take"),
        ("[fuzz]\ntime = 5", "--time: '5' is no duration such as 90s, 10m or 2h (fencepost.toml [fuzz])"),
        ("[fuzz]\nmode = 'exat'", "--mode: 'exat' is not one of"),
        ("[fuzz]\ngenerator = ['wasm', 'x']", "--generator: 'x' is not one of"),
        ("[fuzz]\nverbose = 1", "--verbose is true or false, not 1"),
        ("[fuzz", "the configuration is no TOML: "),
    ],
)
def test_what_nobody_would_understand_is_one_line(text: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    NAME.write_text(text)
    assert cli.run(["fuzz", "--cases", "1"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("fencepost: error: ")
    assert words in line


@pytest.mark.parametrize(("name", "words"), [("none.toml", "no such file"), (".", "is a directory")])
def test_a_file_that_cannot_be_read_is_one_line(name: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["fuzz", "--cases", "1", "--config", name]) == 2
    assert f"cannot read the configuration: {words}" in capsys.readouterr().err


def test_bytes_that_are_no_text_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    NAME.write_bytes(b"\xff\xfe[fuzz]")
    assert cli.run(["fuzz", "--cases", "1"]) == 2
    assert "the configuration is no TOML" in capsys.readouterr().err

"""Every command line that a document or an example shows is one that the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from harness.cli import COMMANDS
from harness.command_line import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "docs/attacks.md",
    "docs/benefit.md",
    "docs/ci.md",
    "docs/snapshots.md",
    "corpus/README.md",
    "crashes/README.md",
)
COMMAND_LINE = re.compile(r"^\s*(?:- run: |\$ )?fencepost (.+)$")
REMARK = re.compile(r"\s{2,}\(.*\)$")


def command_lines(text: str) -> Iterator[str]:
    """What follows ``fencepost`` in examples, with continued lines joined."""
    for line in text.replace("\\\n", " ").splitlines():
        indented = line.startswith((" ", "\t"))
        if indented and (match := COMMAND_LINE.match(line)):
            yield REMARK.sub("", match[1].strip())


def examples() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS:
        for line in command_lines((ROOT / document).read_text(encoding="utf-8")):
            yield document, line
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        for line in command_lines(command.epilog or ""):
            yield f"{name} --help", line


def parse(line: str) -> None:
    name, *arguments = shlex.split(line, comments=True)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"there is no command {name!r}"
    command.make_context(name, arguments)


@pytest.mark.parametrize(("place", "line"), list(examples()))
def test_it_parses(place: str, line: str) -> None:
    del place
    parse(line)


def test_there_are_examples_everywhere() -> None:
    places = {place for place, _ in examples()}
    assert places >= {"README.md", "docs/ci.md", *(f"{name} --help" for name in COMMANDS)}


@pytest.mark.parametrize("line", ["gate --bugdet 60s", "gate --budget soon", "gat"])
def test_what_does_not_parse_would_be_seen(line: str) -> None:
    with pytest.raises((click.UsageError, AssertionError)):
        parse(line)

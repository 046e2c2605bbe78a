"""Options that say what a whole program is started with, instead of its case's header."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.errors import CaseError, UsageError, from_os
from harness.program_input import input_from_json, input_to_json, read_folder
from harness.quick_run import variable_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.case import Case

F = TypeVar("F", bound="Callable[..., Any]")


def program_options(function: F) -> F:
    """Adds ``args``, ``env``, ``stdin`` and ``folder``, which `with_input` takes."""
    options = [
        click.option(
            "--arg", "args", multiple=True, metavar="TEXT", help="Start programs with this argument. Repeatable."
        ),
        click.option("--env", multiple=True, metavar="NAME=VALUE", help="And with this variable. Repeatable."),
        click.option(
            "--stdin", type=click.Path(path_type=Path), metavar="FILE", help="And with this file as standard input."
        ),
        click.option(
            "--dir",
            "folder",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="And with a copy of this folder as their own.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def with_input(
    case: Case, *, args: tuple[str, ...], env: tuple[str, ...], stdin: Path | None, folder: Path | None
) -> Case:
    """A case whose program is started with what the options say; the same case if they say nothing.

    Raises:
        FileError: a file or the folder cannot be read.
        UsageError: text has a null byte.
    """
    given: dict[str, Any] = {}
    if args:
        given["args"] = args
    if env:
        given["env"] = dict(map(variable_of, env))
    if stdin is not None:
        given["stdin"] = _read(stdin)
    if folder is not None:
        given["files"] = read_folder(folder)
    if not given:
        return case
    part = input_to_json(replace(input_from_json(case.parts.get("wasi", {})), **given))
    try:
        input_from_json(part)
    except CaseError as error:
        raise UsageError(error.what) from None
    return replace(case, parts={**case.parts, "wasi": part})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise from_os(error, str(path), "read the file") from None

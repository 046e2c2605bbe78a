"""`fencepost.toml`: options of the command line, in a file.

Every option of a command may stand in the table of its name, as it is written but for its
dashes; the command line wins. Repeatable options take lists, flags booleans, the rest what
one would type. Relative paths count from the file's folder. What nobody would read, an
unknown key or table, is an error.

    [fuzz]
    jobs = 4
    time = "8h"
    generator = ["wasm", "corpus"]
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import FileError, UsageError, from_os

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = Path("fencepost.toml")
OUTSIDE = ("config", "help")
"""Options that make no sense in a file."""


def config_option(commands: Iterable[str]) -> click.Option:
    """The option ``--config`` of every command.

    Args:
        commands: all commands, whose tables a file may have.
    """

    def read(context: click.Context, _option: click.Parameter, value: Path | None) -> None:
        if context.resilient_parsing:
            return
        path = value or NAME
        if value is not None or path.exists():
            context.default_map = defaults_of(path, context, commands)

    return click.Option(
        ["--config"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=read,
        help=f"Take options from FILE.  [default: {NAME}, if there is one]",
    )


def defaults_of(path: Path, context: click.Context, commands: Iterable[str]) -> dict[str, Any]:
    """What a file says about the options of a command, by parameter name.

    Raises:
        FileError: it cannot be read.
        UsageError: it is no TOML, has unknown keys, or values that do not fit.
    """
    data = _read(path)
    for name, table in data.items():
        if name not in commands:
            raise _unknown("table", name, commands, str(path))
        if not isinstance(table, dict):
            raise UsageError(f"{name} is no table", str(path), f"write [{name}] and its options below")
    command = context.command.name or ""
    where = f"{path} [{command}]"
    options = _options(context.command)
    defaults = {}
    for key, value in data.get(command, {}).items():
        if key not in options:
            raise _unknown("option", key, options, where)
        option = options[key]
        defaults[str(option.name)] = _checked(option, _value(option, value, path, where), context, where)
    return defaults


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise from_os(error, str(path), "read the configuration") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"the configuration is no TOML: {error}", str(path)) from None


def _unknown(kind: str, name: str, known: Iterable[str], where: str) -> UsageError:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
    return UsageError(f"unknown {kind} {name!r}", where, hint)


def _options(command: click.Command) -> Mapping[str, click.Option]:
    """The options of a command by their long names."""
    options = (option for option in command.params if isinstance(option, click.Option))
    named = ((_name(option).removeprefix("--"), option) for option in options)
    return {name: option for name, option in named if name not in OUTSIDE}


def _name(option: click.Option) -> str:
    return max(option.opts, key=len)


def _value(option: click.Option, value: Any, path: Path, where: str) -> Any:
    """A value of the file as click takes it from a command line."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{_name(option)} is true or false, not {value!r}", where)
        return value
    if option.multiple:
        return [_text(option, item, path, where) for item in (value if isinstance(value, list) else [value])]
    return _text(option, value, path, where)


def _text(option: click.Option, value: Any, path: Path, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise UsageError(f"{_name(option)} does not take {value!r}", where)
    return str(path.parent / str(value)) if isinstance(option.type, click.Path) else str(value)


def _checked(option: click.Option, value: Any, context: click.Context, where: str) -> Any:
    """The value, unless its option refuses it; click would not say where it stands."""
    try:
        option.process_value(context, value)
    except click.BadParameter as error:
        raise UsageError(f"{_name(option)}: {error.message.rstrip('.')}", where) from None
    return value

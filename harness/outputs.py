"""Files that a user named for a command to write: whole, or as they were before.

Of several, all that can be written are. One that cannot is an error, since a CI job may read it
and take its absence for success; but it must cost neither the other files nor the lines on
the terminal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import FencepostError, from_os

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Output:
    """A file to write.

    Attributes:
        what: the file in words, for errors: ``write the ...``.
        content: text is written as UTF-8.
        append: whether to keep what is in it.
    """

    path: Path
    what: str
    content: str | bytes
    append: bool = False


def write_all(outputs: Sequence[Output]) -> list[FencepostError]:
    """Writes the files.

    Returns:
        An error for each that could not be written.
    """
    errors = []
    for output in outputs:
        try:
            write(output)
        except FencepostError as error:
            errors.append(error)
    return errors


def write(output: Output, *, hint: str = "") -> None:
    """Writes one file, whole or not at all unless it is appended to.

    Args:
        output: what to write.
        hint: what to do if it cannot be written.

    Raises:
        EnvironmentFailure: the machine said no.
    """
    path = output.path
    data = output.content.encode() if isinstance(output.content, str) else output.content
    try:
        if output.append or not _is_replaceable(path):
            with path.open("ab" if output.append else "wb") as file:
                file.write(data)
        else:
            _replace(path, data)
    except OSError as error:
        raise from_os(error, str(path), f"write the {output.what}", hint=hint) from None


def _is_replaceable(path: Path) -> bool:
    """Whether it is a file or nothing yet, not a pipe, a terminal or a link."""
    return not path.is_symlink() and (path.is_file() or not path.exists())


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise

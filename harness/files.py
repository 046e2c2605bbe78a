"""Which files a command means by its arguments."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from harness.case_file import read_case
from harness.errors import FileError, from_os

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.case import Case

SUFFIXES = (".wasm", ".wat")


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the cases in them, sorted.

    Raises:
        FileError: a path is not there, or a folder holds no cases.
    """
    found: list[Path] = []
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
            inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if is_folder else [path]
        except OSError as error:
            raise from_os(error, str(path), "read the file") from None
        if not inside:
            raise FileError("the folder holds no cases", str(path), "a case is a .wasm or .wat file")
        found += inside
    return found


def read_all(paths: Sequence[Path]) -> tuple[tuple[str, ...], tuple[Case, ...]]:
    """The names and the cases of all files that ``paths`` mean.

    Raises:
        InputError: as `read_case` and `find_files`.
    """
    files = find_files(paths)
    return tuple(map(str, files)), tuple(map(read_case, files))

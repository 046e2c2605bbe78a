"""Which files a command means by its arguments."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from harness.case_file import read_case
from harness.errors import EmptyFolder, from_os

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.case import Case

SUFFIXES = (".wasm", ".wat", ".clif")


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Files as they are, folders as the cases in them, sorted; campaigns as their findings.

    Returns:
        Each file once.

    Raises:
        FileError: a path is not there or not readable.
        EmptyFolder: a folder holds no cases.
    """
    found: dict[Path, None] = {}
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
            inside = _cases_in(path) if is_folder else [path]
        except OSError as error:
            raise from_os(error, error.filename or str(path), "read the file") from None
        found |= dict.fromkeys(inside)
    return list(found)


def _cases_in(folder: Path) -> list[Path]:
    """The case files at any depth; of a campaign's folder, those of its findings."""
    if (folder / "campaign.db").exists():
        folder /= "findings"
        if not folder.exists():
            raise EmptyFolder("the campaign has no findings", str(folder.parent))
    tree = os.walk(folder, onerror=_fail)
    files = [Path(parent, name) for parent, _, names in tree for name in names if Path(name).suffix in SUFFIXES]
    if not files:
        raise EmptyFolder("the folder holds no cases", str(folder), "a case is a .wasm, .wat or .clif file")
    return sorted(files)


def _fail(error: OSError) -> NoReturn:
    raise error


def read_all(paths: Sequence[Path]) -> tuple[tuple[str, ...], tuple[Case, ...]]:
    """The names and the cases of all files that ``paths`` mean.

    Raises:
        InputError: as `read_case` and `find_files`.
    """
    files = find_files(paths)
    return tuple(map(str, files)), tuple(map(read_case, files))

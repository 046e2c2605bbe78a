"""Writing files so that neither a kill nor a full disk leaves half of one.

A folder appears whole under its name, with its content on the disk, or not at all: it is
written under a name with a prefix, synchronised and renamed. A line is appended whole, or
the file is as it was.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UNFINISHED = "."
"""What names of folders begin with that are being made or removed."""


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Makes a folder with these files; one of that name is replaced.

    Raises:
        OSError: it could not; nothing of that name is there then, or what was before.
    """
    new = folder.with_name(f"{UNFINISHED}{folder.name}")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        for name, data in files.items():
            with (new / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _synchronise(new)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
        _synchronise(folder.parent)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise


def remove_folder(folder: Path) -> None:
    """Removes a folder; what a kill leaves of it is known as unfinished. Never raises."""
    gone = folder.with_name(f"{UNFINISHED}{folder.name}")
    with suppress(OSError):
        folder.rename(gone)
        shutil.rmtree(gone)


def remove_unfinished(parent: Path) -> None:
    """Removes what a kill has left half made or half removed. Never raises."""
    for folder in parent.glob(f"{UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class LineFile:
    """A file that grows by whole lines.

    Args:
        path: made if it is not there; a last line without end, which a kill of the machine
            may leave, is ended.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            self.append("")

    def append(self, line: str) -> None:
        """Appends a line.

        Raises:
            OSError: it could not; the file is as it was.
        """
        data = f"{line}\n".encode()
        size = os.fstat(self._descriptor).st_size
        if os.write(self._descriptor, data) < len(data):
            os.ftruncate(self._descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Closes it; never raises."""
        with suppress(OSError):
            os.close(self._descriptor)

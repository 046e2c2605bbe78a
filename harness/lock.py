"""The lock of an output folder: a file that names the process, and the kernel's lock on it.

The kernel's lock decides, not the file and not the number in it: it ends with its process,
however that ends, so what a dead process left behind is taken over at once, and a number
that another process has been given since fools nobody.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FolderLock:
    """A lock that this process holds."""

    path: Path
    descriptor: int

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Locks a folder.

        Raises:
            UsageError: another process holds it.
            OSError: the folder cannot be written, or its file system knows no locks.
        """
        path = folder / "lock"
        while True:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, path):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
                    return cls(path, descriptor)
            except BlockingIOError:
                pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "another one"
                os.close(descriptor)
                hint = "wait for it, or name another folder with --out"
                raise UsageError(f"process {pid} is using the folder", str(folder), hint) from None
            except OSError:
                os.close(descriptor)
                raise
            os.close(descriptor)  # its holder removed it between our two steps

    def release(self) -> None:
        """Gives the folder free; never raises."""
        with suppress(OSError):
            self.path.unlink()
        with suppress(OSError):
            os.close(self.descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the file that is open is still the one of that name."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)

"""Everything that can go wrong in the harness, as opposed to in the code under test.

    FencepostError              exit 3
    ├── InputError              exit 2   what the user gave is wrong
    │   ├── UsageError          options that do not fit together
    │   ├── FileError           a file or folder that cannot be read
    │   │   └── EmptyFolder     a folder without cases
    │   ├── ModuleError         not a WebAssembly module
    │   └── CaseError           a case header that is broken, or of a newer version
    └── EnvironmentFailure      exit 3   the machine said no: disk full, no address space

Each has one line: what happened, where, and what to do about it. Traps, escapes and
`unsupported` are no errors: they are outcomes and verdicts.
"""

from __future__ import annotations

import errno
from typing import ClassVar

from harness.input_size import MAX_FILE_BYTES


class FencepostError(Exception):
    """The root: what `harness.cli` shows as one line instead of a traceback.

    Attributes:
        what: what happened, without a full stop.
        where: a file, perhaps with ``:line`` or `` at byte N``; empty when there is no place.
        hint: what to do about it; empty when there is nothing to say.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return " ".join(f"{self.what}{place}{hint}".split())


class InputError(FencepostError):
    """What the user gave is wrong."""

    exit_code = 2


class UsageError(InputError):
    """Options that do not fit together."""


class FileError(InputError):
    """A file or folder that cannot be read."""


class EmptyFolder(FileError):
    """A folder without cases."""


class ModuleError(InputError):
    """Not a WebAssembly module."""


class CaseError(InputError):
    """A case header that is broken, or of a newer version."""


class EnvironmentFailure(FencepostError):
    """The machine denied something: disk space, a folder, address space, a process."""


def from_os(error: OSError, where: str, doing: str, *, hint: str = "") -> FencepostError:
    """What an operating-system error on the user's ``where`` is in one line.

    Returns:
        A `FileError` for reading (``doing`` starts with ``read``), else an `EnvironmentFailure`.
    """
    kind = FileError if doing.startswith("read") else EnvironmentFailure
    reason = (error.strerror or str(error)).lower()
    return kind(f"cannot {doing}: {reason}", where, hint)


DENIED = {
    errno.EMFILE: "raise ulimit -n, or use fewer jobs",
    errno.ENFILE: "close other programs, or use fewer jobs",
    errno.EAGAIN: "raise ulimit -u, or use fewer jobs",
    errno.ENOMEM: "use fewer jobs",
}
"""What to do when the machine has no more of something."""


def denied(error: BaseException, where: str = "") -> EnvironmentFailure | None:
    """What an error is that says that the machine has no more of something; `None` for any other."""
    if not isinstance(error, OSError) or error.errno not in DENIED:
        return None
    what = f"the machine denied something: {str(error.strerror).lower()}"
    return EnvironmentFailure(what, where, DENIED[error.errno])


def too_large(where: str) -> FileError:
    """What is said of a file that no command reads."""
    return FileError("the file is too large", where, f"the limit is {MAX_FILE_BYTES >> 20} MiB")

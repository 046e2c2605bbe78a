"""Where campaigns lie that nobody named a folder for: ``fencepost-out/NNNN``, and the link ``latest``.

Several campaigns may begin at once, each in a folder of its own; the link is the last one's.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

from harness.durable import UNFINISHED
from harness.errors import UsageError, from_os

DEFAULT_ROOT = Path("fencepost-out")
LATEST = "latest"


def fresh_folder(root: Path = DEFAULT_ROOT) -> Path:
    """Makes the next numbered folder below ``root`` and points ``latest`` at it.

    Raises:
        EnvironmentFailure: ``root`` cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = _next_folder(root)
        _point_latest_at(folder)
    except OSError as error:
        raise from_os(error, str(root), "write the output folder", hint="name another folder with --out") from None
    return folder


def _next_folder(root: Path) -> Path:
    numbers = (int(path.name) for path in root.iterdir() if path.name.isdecimal())
    for number in count(max(numbers, default=0) + 1):
        with suppress(FileExistsError):  # another campaign has just taken it
            folder = root / f"{number:04}"
            folder.mkdir()
            return folder
    raise AssertionError("numbers do not end")


def _point_latest_at(folder: Path) -> None:
    """Renames a link into place, so that ``latest`` is there all the time."""
    link = folder.with_name(f"{UNFINISHED}{LATEST}-{folder.name}")
    link.symlink_to(folder.name)
    link.replace(folder.with_name(LATEST))


def latest_folder(root: Path = DEFAULT_ROOT) -> Path:
    """The folder of the campaign that was begun last.

    Raises:
        UsageError: there is none.
    """
    latest = root / LATEST
    if not latest.is_dir():
        raise UsageError("there is no campaign yet", str(latest), "name the folder of one")
    return root / latest.readlink() if latest.is_symlink() else latest

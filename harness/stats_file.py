"""`--stats FILE`: the statistics of a campaign as JSON lines, for whatever plots them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from harness.errors import from_os

if TYPE_CHECKING:
    from pathlib import Path

    from harness.statistics import Statistics

LINE_SECONDS = 5.0


class StatsFile:
    """Appends a line every `LINE_SECONDS`, and one at the end.

    A campaign is worth more than its statistics: a file that cannot be written any more
    is said once and then left alone.

    Args:
        path: made if it is not there, else appended to.

    Raises:
        EnvironmentFailure: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0.0
        try:
            self._file = path.open("a", buffering=1)
        except OSError as error:
            raise from_os(error, str(path), "write the statistics", hint="name another file with --stats") from None

    def update(self, statistics: Statistics, elapsed: float) -> None:
        """Writes a line if it is time to."""
        if elapsed - self._written >= LINE_SECONDS:
            self._write(statistics, elapsed)

    def close(self, statistics: Statistics, elapsed: float) -> None:
        """Writes the last line."""
        self._write(statistics, elapsed)
        self._end()

    def _write(self, statistics: Statistics, elapsed: float) -> None:
        if self._file.closed:
            return
        self._written = elapsed
        try:
            self._file.write(json.dumps(statistics.to_json(elapsed)) + "\n")
        except OSError as error:
            click.echo(f"fencepost: {from_os(error, str(self._path), 'write the statistics')}; going on", err=True)
            self._end()

    def _end(self) -> None:
        with suppress(OSError):  # what is buffered does not fit either
            self._file.close()

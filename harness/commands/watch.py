"""Everything that watches a campaign: the status, `--stats` and `--metrics-port`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.commands.status import Status
from harness.stats_file import StatsFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from harness.record import Record
    from harness.statistics import Statistics

F = TypeVar("F", bound="Callable[..., Any]")

LAST_PORT = 65535


def watch_options(function: F) -> F:
    """Adds the options that `Watch` takes."""
    options = [
        click.option(
            "--stats",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Append the statistics to FILE, a JSON line every five seconds.",
        ),
        click.option(
            "--metrics-port",
            type=click.IntRange(0, LAST_PORT),
            metavar="N",
            help="Serve the statistics to Prometheus on this port of 127.0.0.1; 0 for any.",
        ),
        click.option("--no-tty", is_flag=True, help="Plain lines instead of a live status."),
        click.option("-v", "--verbose", is_flag=True, help="Print the evidence of each finding."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


class Watch:
    """Tells all watchers while it is entered.

    Args:
        budget: seconds until the end; `None` for without end.

    Raises:
        EnvironmentFailure: a file or a port is not to be had.
    """

    def __init__(
        self, *, stats: Path | None, metrics_port: int | None, no_tty: bool, verbose: bool, budget: float | None = None
    ) -> None:
        self._exit = ExitStack()
        self._updates: list[Callable[[Statistics, float], None]] = []
        self._last: tuple[Statistics, float] | None = None
        self._status = Status(live=not no_tty, verbose=verbose, budget=budget)
        if stats is not None:
            self._write(StatsFile(stats))
        if metrics_port is not None:
            self._serve(metrics_port)

    def _write(self, file: StatsFile) -> None:
        self._updates.append(file.update)
        self._exit.callback(lambda: file.close(*self._last) if self._last else None)

    def _serve(self, port: int) -> None:
        from harness.metrics import MetricsServer  # noqa: PLC0415 (heavy)

        server = MetricsServer(port)
        click.echo(f"metrics at {server.address}", err=True)
        self._updates.append(server.update)
        self._exit.callback(server.close)

    def __enter__(self) -> Self:
        self._exit.enter_context(self._status)
        self._updates.append(self._status.update)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self._exit.close()

    def update(self, statistics: Statistics, elapsed: float) -> None:
        """Takes the state of the campaign; may be called as often as one likes."""
        self._last = statistics, elapsed
        for update in self._updates:
            update(statistics, elapsed)

    def found(self, record: Record, where: str) -> None:
        """Takes a finding and where it is kept."""
        self._status.found(record, where)

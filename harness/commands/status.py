"""The status of a campaign: a live panel on a terminal, plain lines elsewhere.

All of it goes to standard error, so that standard output stays free for machines.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live

from harness.commands.panel import View, panel, worker_words
from harness.commands.summary import progress_line
from harness.health import workers
from harness.printable import printable
from harness.rate import RecentRate

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from harness.record import Record
    from harness.statistics import Statistics

PLAIN_SECONDS = 10.0
LIVE_SECONDS = 0.5


class Status:
    """Shows progress while it is entered.

    Args:
        live: whether to draw a panel where the terminal can.
        verbose: whether to print the evidence of findings.
        budget: seconds until the end; `None` for without end.
        title: the command that runs.
    """

    def __init__(
        self, *, live: bool, verbose: bool, budget: float | None = None, title: str = "fencepost fuzz"
    ) -> None:
        self._console = Console(stderr=True)
        self._verbose = verbose
        self._budget = budget
        self._title = title
        self._shown = 0.0
        self._cases = RecentRate()
        self._cpu: dict[int, RecentRate] = {}
        self._live: Live | None = None
        if live and sys.stderr.isatty() and not self._console.is_dumb_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, statistics: Statistics, elapsed: float) -> None:
        """Shows the state of the campaign, at most a few times a second."""
        pause = LIVE_SECONDS if self._live is not None else PLAIN_SECONDS
        if elapsed - self._shown < pause:
            return
        self._shown = elapsed
        view = self._view(statistics, elapsed)
        if self._live is not None:
            self._live.update(panel(view), refresh=True)
        else:
            line = f"{progress_line(statistics, elapsed)}, {view.rate:.0f} cases/s now; workers: {worker_words(view)}"
            click.echo(line, err=True)

    def found(self, record: Record, where: str) -> None:
        """Announces a finding that has a folder; the status counts the others."""
        if not where:
            return
        text = f"{printable(record.verdict.key)}: {where}"
        if self._verbose:
            text += "".join(f"\n  {printable(line)}" for line in record.verdict.evidence.splitlines())
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _view(self, statistics: Statistics, elapsed: float) -> View:
        rate = self._cases.update(elapsed, statistics.cases)
        alive = workers()
        self._cpu = {worker.pid: self._cpu.get(worker.pid, RecentRate()) for worker in alive}
        used = sum(self._cpu[worker.pid].update(elapsed, worker.cpu_seconds) for worker in alive)
        available = min(len(alive), os.cpu_count() or 1)
        busy = min(1.0, used / available) if alive else 0.0
        return View(self._title, statistics, elapsed, self._budget, rate, alive, busy)

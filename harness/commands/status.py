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

from harness.commands.panel import View, panel
from harness.commands.summary import printable, progress_line
from harness.health import workers
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
    """

    def __init__(self, *, live: bool, verbose: bool, budget: float | None = None) -> None:
        self._console = Console(stderr=True)
        self._verbose = verbose
        self._budget = budget
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
        rate = self._cases.update(elapsed, statistics.cases)
        if self._live is not None:
            self._live.update(panel(self._view(statistics, elapsed, rate)), refresh=True)
        else:
            click.echo(f"{progress_line(statistics, elapsed)}, {rate:.0f} cases/s now", err=True)

    def found(self, record: Record, where: str) -> None:
        """Announces a finding."""
        text = f"{printable(record.verdict.key)}: {where}"
        if self._verbose:
            text += "".join(f"\n  {printable(line)}" for line in record.verdict.evidence.splitlines())
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _view(self, statistics: Statistics, elapsed: float, rate: float) -> View:
        alive = workers()
        self._cpu = {worker.pid: self._cpu.get(worker.pid, RecentRate()) for worker in alive}
        used = sum(self._cpu[worker.pid].update(elapsed, worker.cpu_seconds) for worker in alive)
        available = min(len(alive), os.cpu_count() or 1)
        return View(statistics, elapsed, self._budget, rate, alive, min(1.0, used / available) if alive else 0.0)

"""Campaigns: check cases until told to stop, keep what is found.

Nothing found is lost: a finding is stored before the next record is looked at, and where
it cannot be stored it is printed whole.
"""

from __future__ import annotations

import base64
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from harness.case_file import file_of
from harness.errors import FencepostError
from harness.pool import records
from harness.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.case import Case
    from harness.plan import Plan
    from harness.record import Record
    from harness.source import Source
    from harness.store import Store

STATISTICS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """When a campaign ends; its source may end it earlier.

    Attributes:
        seconds: wall-clock time; `None` for as long as it takes.
    """

    seconds: float | None = None


@dataclass(slots=True)
class Campaign:
    """One campaign, from its first case to its summary.

    Attributes:
        progress: called several times a second.
        found: called with each finding and the folder it is in, in words.
    """

    source: Source
    plan: Plan
    store: Store
    budget: Budget = field(default_factory=Budget)
    jobs: int = 1
    progress: Callable[[Statistics, float], None] = lambda _statistics, _elapsed: None
    found: Callable[[Record, str], None] = lambda _record, _where: None
    statistics: Statistics = field(default_factory=Statistics)
    started: float = field(default_factory=time.monotonic)
    interrupted: bool = False

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def run(self) -> None:
        """Runs to the end of the budget or the source, or to Ctrl-C.

        Raises:
            FencepostError: the harness or its environment failed.
        """
        with self._interruptible():
            self._run()
        self.store.add_statistics(self.statistics.to_json(self.elapsed))

    def _run(self) -> None:
        written = self.elapsed
        for record in records(self.source, self.plan, jobs=self.jobs, stop=self._is_over):
            if record is not None:
                self._take(record)
            self.progress(self.statistics, self.elapsed)
            if self.elapsed - written > STATISTICS_SECONDS:
                written = self.elapsed
                self.store.add_statistics(self.statistics.to_json(written))

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Makes the first Ctrl-C end the campaign between two records; the second is as ever."""

        def interrupt(number: int, _frame: object) -> None:
            self.interrupted = True
            signal.signal(number, signal.default_int_handler)

        previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _is_over(self) -> bool:
        if self.interrupted:
            return True
        return self.budget.seconds is not None and self.elapsed >= self.budget.seconds

    def _take(self, record: Record) -> None:
        self.statistics.add(record, self.elapsed)
        if not record.verdict.kind.is_finding:
            return
        case = self.source.case(record.index)
        case = replace(case, options=self.plan.options(case.options, record.settings))
        try:
            folder = self.store.add_finding(record, case)
            self.store.log(f"{self.elapsed:.1f} s: case {record.index}: {record.verdict.key}")
        except FencepostError:
            print_finding(record, case)
            raise
        self.found(record, str(folder) if folder else "not stored: enough of its kind")


def print_finding(record: Record, case: Case) -> None:
    """The last resort: a finding that cannot be stored, whole, on standard error."""
    suffix, data = file_of(case)
    text = base64.b64encode(data).decode()
    click.echo(f"fencepost: finding {record.verdict.key}: {record.verdict.evidence}", err=True)
    click.echo(f"fencepost: its case, base64 of a .{suffix} file: {text}", err=True)

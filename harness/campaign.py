"""Campaigns: check cases until told to stop, keep what is found.

Nothing found is lost: a finding is stored before the next record is looked at. Where it
cannot be stored (a full disk), it is printed whole, the campaign goes on, and twice
a second it is tried again. Statistics and position are written together and only between
two records, so that they always speak of the same cases.
"""

from __future__ import annotations

import base64
import signal
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import click

from harness.case_file import file_of
from harness.errors import EnvironmentFailure, FileError
from harness.state import from_state, to_state
from harness.statistics import Statistics
from harness.store import CASES_PER_KEY, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.case import Case
    from harness.pool import Pool
    from harness.record import Record
    from harness.store import Store

PROGRESS_SECONDS = 0.5
STATISTICS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """When a campaign ends; its source may end it earlier.

    Attributes:
        seconds: of all sessions together; `None` for as long as it takes.
    """

    seconds: float | None = None


@dataclass(slots=True)
class Campaign:
    """One campaign, or what is left of it, to its summary.

    Attributes:
        pool: what checks the cases.
        store: where findings and the position go.
        progress: called several times a second.
        found: called with each finding that is kept, and its folder.
        trouble: why the output folder could not be written, last time; `None` if it could.
        unsaved: the findings that are not stored, with their cases.
    """

    pool: Pool
    store: Store
    budget: Budget = field(default_factory=Budget)
    progress: Callable[[Statistics, float], None] = lambda _statistics, _elapsed: None
    found: Callable[[Record, str], None] = lambda _record, _where: None
    statistics: Statistics = field(default_factory=Statistics)
    started: float = field(default_factory=time.monotonic)
    interrupted: bool = False
    trouble: EnvironmentFailure | None = None
    unsaved: list[tuple[Record, Case]] = field(default_factory=list)
    _printed: Counter[str] = field(default_factory=Counter)
    _saved: float = 0.0
    _reported: float = 0.0

    def resume(self) -> None:
        """Goes on where the store's last session ended.

        Raises:
            FileError: the database is damaged, or of another version.
        """
        progress = self.store.progress()
        if progress is None:
            return
        try:
            self.statistics = from_state(progress.statistics)
        except ValueError as error:
            hint = "resume it with the Fencepost that wrote it, or start another campaign"
            raise FileError(str(error), str(self.store.folder), hint) from None
        self.pool.position = progress.position
        self.started = time.monotonic() - progress.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since the start, those between two sessions left out."""
        return time.monotonic() - self.started

    def run(self) -> None:
        """Runs to the end of the budget or the source, or to Ctrl-C.

        Raises:
            FencepostError: the harness or its environment failed; `trouble` is not raised.
        """
        self.pool.stop = self._is_over
        self._reported = self.elapsed
        with self._interruptible():
            try:
                self._run()
            finally:
                self._save()
                self._report()

    def _run(self) -> None:
        for record in self.pool.records():
            if record is not None:
                self._take(record)
            elif self.elapsed - self._saved > PROGRESS_SECONDS:
                self._save()
            if self.elapsed - self._reported > STATISTICS_SECONDS:
                self._report()
            self.progress(self.statistics, self.elapsed)

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
        self.statistics.add(record)
        if not record.verdict.kind.is_finding:
            return
        case = self.pool.source.case(record.index)
        case = replace(case, options=self.pool.plan.options(case.options, record.settings))
        with self._troubled() as stored:
            self._keep(record, case)
        if not stored:
            self._print(record, case)

    def _keep(self, record: Record, case: Case) -> None:
        folder = self.store.add_finding(record, case)
        self.store.log(f"{self.elapsed:.1f} s: case {record.index}: {record.verdict.key}")
        if folder is not None:
            self.found(record, str(folder))

    def _print(self, record: Record, case: Case) -> None:
        """Prints a finding that could not be stored, once and no more of a key than would be stored."""
        self._printed[record.verdict.key] += 1
        if self._printed[record.verdict.key] <= CASES_PER_KEY:
            self.unsaved.append((record, case))
            print_finding(record, case)

    def _save(self) -> None:
        """Stores what could not be stored before, and how far the campaign is."""
        self._saved = self.elapsed
        with self._troubled():
            while self.unsaved:
                self._keep(*self.unsaved[0])
                del self.unsaved[0]
            self.store.set_progress(Progress(self.elapsed, self.pool.position, to_state(self.statistics)))

    def _report(self) -> None:
        self._reported = self.elapsed
        with self._troubled():
            self.store.add_statistics(self.statistics.to_json(self.elapsed))

    @contextmanager
    def _troubled(self) -> Iterator[list[bool]]:
        """Says once that the output folder cannot be written, and once that it can again.

        Yields:
            A list that is not empty afterwards if all went well.
        """
        stored: list[bool] = []
        try:
            yield stored
        except EnvironmentFailure as error:
            if self.trouble is None:
                click.echo(f"fencepost: warning: {error}; the campaign goes on", err=True)
            self.trouble = error
        else:
            stored.append(True)
            if self.trouble is not None and not self.unsaved:
                click.echo("fencepost: the output folder can be written again", err=True)
                self.trouble = None


def print_finding(record: Record, case: Case) -> None:
    """The last resort: a finding that cannot be stored, whole, on standard error."""
    suffix, data = file_of(case)
    text = base64.b64encode(data).decode()
    click.echo(f"fencepost: finding {record.verdict.key}: {record.verdict.evidence}", err=True)
    click.echo(f"fencepost: its case, base64 of a .{suffix} file: {text}", err=True)

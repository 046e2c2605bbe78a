"""Campaigns: check cases until told to stop, keep what is found.

Nothing found is lost: a finding is stored before the next record is looked at. Statistics
and position are written together and only between two records, so that they always speak
of the same cases; a campaign that is resumed goes on from there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.errors import FileError
from harness.interruption import interruptible
from harness.state import from_state, to_state
from harness.statistics import Statistics
from harness.store import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.keeper import Keeper
    from harness.pool import Pool
    from harness.record import Record

PROGRESS_SECONDS = 0.5
STATISTICS_SECONDS = 5.0
STATISTICS_SHARE = 0.001
"""Of the time so far: lines of statistics get rarer, so that a campaign of weeks has some ten thousand."""


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
        keeper: where findings and the position go.
        progress: called several times a second.
    """

    pool: Pool
    keeper: Keeper
    budget: Budget = field(default_factory=Budget)
    progress: Callable[[Statistics, float], None] = lambda _statistics, _elapsed: None
    statistics: Statistics = field(default_factory=Statistics)
    started: float = field(default_factory=time.monotonic)
    interrupted: bool = False
    _saved: float = 0.0
    _reported: float = 0.0

    def resume(self, progress: Progress) -> None:
        """Goes on where another session ended.

        Raises:
            FileError: another version of Fencepost wrote ``progress``.
        """
        try:
            self.statistics = from_state(progress.statistics)
        except ValueError as error:
            hint = "resume it with the Fencepost that wrote it, or start another campaign"
            raise FileError(str(error), str(self.keeper.store.folder), hint) from None
        self.pool.position = progress.position
        self.started = time.monotonic() - progress.elapsed

    @property
    def elapsed(self) -> float:
        """Seconds since the start, those between two sessions left out."""
        return time.monotonic() - self.started

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to do, or no time to do it."""
        length, seconds = self.pool.source.length, self.budget.seconds
        if length is not None and self.pool.position.frontier >= length:
            return True
        return self.interrupted or (seconds is not None and self.elapsed >= seconds)

    def run(self) -> None:
        """Runs to the end of the budget or the source, or to Ctrl-C.

        Raises:
            FencepostError: the harness or its environment failed, in another way than
                that the output folder cannot be written.
        """
        self.pool.stop = lambda: self.is_over
        self._saved = self._reported = self.elapsed
        with interruptible(self._interrupt):
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
            if self.elapsed - self._reported > max(STATISTICS_SECONDS, STATISTICS_SHARE * self.elapsed):
                self._report()
            self.progress(self.statistics, self.elapsed)

    def _interrupt(self) -> None:
        self.interrupted = True

    def _take(self, record: Record) -> None:
        self.statistics.add(record, self.elapsed)
        if record.verdict.kind.is_finding:
            case = record.case or self.pool.source.case(record.index)
            case = replace(case, options=self.pool.plan.options(case.options, record.settings))
            self.keeper.keep(record, case, self.elapsed)

    def _save(self) -> None:
        self._saved = self.elapsed
        self.keeper.save(Progress(self.elapsed, self.pool.position, to_state(self.statistics)))

    def _report(self) -> None:
        self._reported = self.elapsed
        self.keeper.report(self.statistics.to_json(self.elapsed))

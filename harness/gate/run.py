"""Runs a gate: replays known cases, then fuzzes with a seed that is always the same.

The same worker processes as everywhere do the work, so a case that kills its worker is a
result like any other. Ctrl-C ends the run between two records; what is known by then is
reported.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.campaign import Budget, Campaign
from harness.gate.judgement import Result, judge
from harness.gate.report import Report
from harness.keeper import Keeper
from harness.pool import Pool
from harness.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.plan import Plan
    from harness.record import Record
    from harness.source import GeneratedSource, ListSource
    from harness.store import Store


@dataclass(slots=True)
class Gate:
    """One run of a gate.

    Attributes:
        accepted: reasons by finding key, from a baseline.
        jobs: worker processes.
        progress: called several times a second while it fuzzes.
    """

    plan: Plan
    accepted: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 1
    progress: Callable[[Statistics, float], None] = lambda _statistics, _elapsed: None
    _results: list[Result] = field(default_factory=list)
    _replayed: Statistics = field(default_factory=Statistics)
    _fuzzed: Statistics = field(default_factory=Statistics)
    _interrupted: bool = False
    _failure: str = ""
    _seed: int = 0
    _folder: Path | None = None
    _started: float = field(default_factory=time.monotonic)

    def replay(self, source: ListSource) -> None:
        """Runs every case of a source in full.

        Raises:
            FencepostError: a case does not fit its module, or the environment failed.
        """
        done: dict[int, Record] = {}
        try:
            for record in Pool(source, self.plan, self.jobs, thin=False, stop=self.is_interrupted).records():
                if record is not None:
                    done[record.index] = record
        finally:
            for index in sorted(done):
                self._replayed.add(done[index])
                self._results.append(self._result(done[index], source))

    def fuzz(self, source: GeneratedSource, store: Store, seconds: float | None) -> None:
        """Runs a campaign over generated cases; its findings are kept in ``store``.

        Args:
            source: with a length, unless there is a time.
            store: the output folder.
            seconds: how long; `None` for the length of the source.

        Raises:
            FencepostError: the harness or its environment failed, in another way than that
                the output folder cannot be written, which the report says.
        """
        if self._interrupted:
            return
        firsts: dict[str, tuple[Record, str]] = {}

        def found(record: Record, folder: str) -> None:
            first = firsts.get(record.verdict.key)
            if first is None or record.index < first[0].index:
                firsts[record.verdict.key] = record, folder

        pool = Pool(source, self.plan, self.jobs)
        campaign = Campaign(pool, Keeper(store, found), Budget(seconds), self.progress, self._fuzzed)
        campaign.statistics.expect(source.generators)
        campaign.statistics.native = self.plan.native
        self._seed, self._folder = source.seed, store.folder
        try:
            campaign.run()
        finally:
            self._interrupted |= campaign.interrupted
            for record, folder in sorted(firsts.values(), key=lambda first: first[0].index):
                self._results.append(self._finding(record, folder, source))
            if campaign.keeper.trouble is not None:
                self._failure = str(campaign.keeper.trouble)

    def _finding(self, record: Record, folder: str, source: GeneratedSource) -> Result:
        """All generated cases of one key, by the first of them."""
        file = next(iter(sorted(Path(folder).glob("case.*"))), None) if folder else None
        judgement = judge(record.verdict, None, self.accepted)
        cases = self._fuzzed.keys[record.verdict.key].cases
        return Result(source.where(record.index), file, record.verdict, judgement, cases)

    def interrupt(self) -> None:
        """Has the work end between two records."""
        self._interrupted = True

    def is_interrupted(self) -> bool:
        """Whether a signal ended the work."""
        return self._interrupted

    def report(self, failure: str = "", notes: tuple[str, ...] = ()) -> Report:
        """What it came to so far.

        Args:
            failure: what ended it early, if something but an interruption did.
            notes: for the reader, a line each.
        """
        return Report(
            results=tuple(self._results),
            replayed=self._replayed,
            fuzzed=self._fuzzed,
            seed=self._seed,
            folder=self._folder,
            seconds=time.monotonic() - self._started,
            interrupted=self._interrupted,
            failure=failure or self._failure,
            notes=notes,
        )

    def _result(self, record: Record, source: ListSource) -> Result:
        name = source.where(record.index)
        judgement = judge(record.verdict, source.case(record.index).expect, self.accepted)
        return Result(name, Path(name), record.verdict, judgement, seconds=sum(record.seconds.values()))

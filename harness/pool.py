"""The parent's side of worker processes: records come out, whatever happens to the workers.

A worker that dies takes no finding with it: the case that it was at becomes one, and
another worker goes on behind it. A worker that says nothing for too long is killed, and
its case is a `hang`. Where the cause need not be the case (a kill from outside, memory
that earlier cases may have left behind), a fresh worker tries the case again, and only
`STRIKES` such ends in a row are a finding.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from harness.child import Child, dies_alone
from harness.errors import EnvironmentFailure, FencepostError
from harness.limits import CASE_SECONDS
from harness.position import Position
from harness.record import Record
from harness.verdict import Kind, Verdict
from harness.worker import End, Job, plan_of_case, without_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.plan import Plan
    from harness.source import Source

POLL_SECONDS = 0.1
WATCH_SECONDS = 1.0
STRIKES = 3


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How far a worker may go.

    Attributes:
        seconds: processor time that one case may take.
        memory: resident bytes; at half of it a worker is replaced between two cases.
    """

    seconds: float = CASE_SECONDS
    memory: int = 2 << 30


@dataclass(slots=True)
class Pool:
    """Workers that check the cases of a source.

    Attributes:
        thin: whether cases are drawn a thin plan.
        position: what is done already; it is marked as records come.
        stop: asked several times a second whether to end.
        ends: how many workers ended early, by cause: ``killed``, ``memory``, ``grown``,
            ``hang``, ``crash``.
        children: the workers that run.
    """

    source: Source
    plan: Plan
    jobs: int = 1
    thin: bool = True
    limits: WorkerLimits = field(default_factory=WorkerLimits)
    position: Position = field(default_factory=Position)
    stop: Callable[[], bool] = lambda: False
    ends: Counter[str] = field(default_factory=Counter)
    children: list[Child] = field(default_factory=list)
    _strikes: Counter[int] = field(default_factory=Counter)
    _watched: float = 0.0

    def records(self) -> Iterator[Record | None]:
        """Checks all cases that are not done.

        Yields:
            Records, in order within a worker; `None` when there is nothing new, several
            times a second, so that a caller can look at other things.

        Raises:
            FencepostError: what a worker met; all workers are stopped.
        """
        try:
            self.children += map(Child.start, self._shares())
            while self.children and not self.stop():
                yield from self._turn()
                yield None
            for child in self.children:
                yield from self._drain(child)
        finally:
            for child in self.children:
                child.kill()
            self.children.clear()

    def _shares(self) -> list[Job]:
        """The work, dealt out."""
        missing, end = self.position.missing, self.position.end
        job = Job(self.source, self.plan, end, self.jobs, thin=self.thin, memory=self.limits.memory // 2)
        return [replace(job, first=end + number, before=missing[number :: self.jobs]) for number in range(self.jobs)]

    def _turn(self) -> Iterator[Record]:
        ready = wait([child.connection for child in self.children], POLL_SECONDS)
        for child in list(self.children):
            if child.connection in ready:
                yield from self._receive(child)
        if time.monotonic() - self._watched > WATCH_SECONDS:
            self._watched = time.monotonic()
            for child in list(self.children):
                yield from self._watch(child)

    def _receive(self, child: Child) -> Iterator[Record]:
        try:
            message = child.receive()
        except EOFError:
            yield from self._lost(child)
            return
        if isinstance(message, FencepostError):
            raise message
        if isinstance(message, End):
            self._ended(child, message)
        else:
            yield from self._taken(child, message)

    def _taken(self, child: Child, records: list[Record]) -> Iterator[Record]:
        del self._strikes[-1]  # of workers that were killed before their first case
        for record in records:
            child.job = child.job.after(record.index)
            yield record
            self.position.mark(record.index)

    def _ended(self, child: Child, end: End) -> None:
        if end is End.GROWN:
            self.ends["grown"] += 1
            self._replace(child, child.job)
        else:
            child.kill()
            self.children.remove(child)

    def _watch(self, child: Child) -> Iterator[Record]:
        """Ends a worker that is at one case for too long, or too large."""
        if child.is_stuck(self.limits.seconds):
            verdict = Verdict(Kind.HANG, "pool", "", f"no answer in {self.limits.seconds:.0f} s of work")
            yield from self._end(child, "hang", verdict, strikes=1)
        elif (resident := child.health.rss_bytes) > self.limits.memory:
            verdict = Verdict(Kind.RUNTIME_FAULT, "pool", "memory", f"the worker held {resident >> 20} MiB")
            yield from self._end(child, "memory", verdict)

    def _lost(self, child: Child) -> Iterator[Record]:
        verdict = child.cause_of_death()
        if child.was_killed_from_outside():
            yield from self._end(child, "killed", verdict)
        elif child.index < 0:
            raise EnvironmentFailure("a worker process died before its first case", "", "see the lines above")
        elif child.is_generating and not dies_alone(self.source, child.index):
            yield from self._died_between(child, verdict)
        else:
            yield from self._bury(child, "crash", verdict)

    def _died_between(self, child: Child, verdict: Verdict) -> Iterator[Record]:
        """The case before has left something behind; it may have a record already, and gets another."""
        before = child.before(child.index)
        if before is None:
            yield from self._end(child, "crash", verdict)
            return
        try:
            record = self._record_of(child.job, before, replace(verdict, detail=f"{verdict.detail} after the case"))
        except FencepostError:  # a driver that keeps no case that was clean
            yield from self._bury(child, "crash", verdict)
            return
        self.ends["crash"] += 1
        self._replace(child, replace(child.job, skip=child.job.skip | {before}))
        yield record
        self.position.mark(before)

    def _end(self, child: Child, cause: str, verdict: Verdict, *, strikes: int = STRIKES) -> Iterator[Record]:
        """Ends a worker whose case is to blame only if it ends so often."""
        child.process.kill()
        yield from self._drain(child)
        index = child.index
        self._strikes[index] += 1
        if index < 0:
            self._allow_another_start()
        if index < 0 or self._strikes[index] < strikes or self.position.is_done(index):
            self.ends[cause] += 1
            self._replace(child, child.job)
        else:
            yield from self._bury(child, cause, verdict)

    def _bury(self, child: Child, cause: str, verdict: Verdict) -> Iterator[Record]:
        """Puts another worker in the place of one that its case has ended; the case is a record."""
        self.ends[cause] += 1
        index, job = child.index, child.job
        self._replace(child, replace(job, skip=job.skip | {index}))
        if child.is_generating:
            yield without_case(index, f"{verdict.kind}: {verdict.evidence}")
        else:
            yield self._record_of(job, index, verdict)
        self.position.mark(index)

    def _allow_another_start(self) -> None:
        """Gives up when workers keep being killed before they have done anything."""
        if self._strikes[-1] > STRIKES * self.jobs:
            raise EnvironmentFailure("worker processes are killed before their first case", "", "see the kernel's log")

    def _replace(self, child: Child, job: Job) -> None:
        child.kill()
        self.children[self.children.index(child)] = Child.start(job)

    def _drain(self, child: Child) -> Iterator[Record]:
        """What a worker has sent already and nobody has read."""
        try:
            while child.connection.poll():
                message = child.receive()
                if isinstance(message, list):
                    yield from self._taken(child, message)
        except EOFError:
            return

    def _record_of(self, job: Job, index: int, verdict: Verdict) -> Record:
        """The record of a case that its worker could not give; the worker has made the case, so this process can."""
        case = self.source.case(index)
        settings = plan_of_case(job, case, index).settings
        generator = str(case.history.get("generator", ""))
        return Record(index, verdict, generator, module_bytes=len(case.wasm), settings=settings, case=case)

"""The worker process: it checks cases and reports records.

It runs native code that may kill it, so it says which case it is at, in shared memory,
before it touches the case. It reports in batches: a message a case would cost more than
many a case does; but a finding leaves at once. It dies with its parent, however that ends,
and it ends by itself, between two cases, when it has grown.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import time
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeAlias

import engine
from generators.entropy import PrngEntropy
from harness.case_file import invalid
from harness.check import FRONT_END, Checked, check
from harness.errors import CaseError, EnvironmentFailure, FencepostError, denied
from harness.health import health_of
from harness.record import Record, record_of
from harness.source import MODULE_CASES
from harness.verdict import Kind, Verdict, worst
from oracles.completion import generic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from harness.case import Case
    from harness.plan import Plan
    from harness.source import Source

FULL_EVERY = 10
BATCH_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


class Place(Protocol):
    """Where a worker is, in memory shared with its parent.

    One number, so that it changes at once: twice the index of the case, and one more when
    the case is there and runs; -1 before the first.
    """

    value: int


class End(Enum):
    """Why a worker ends of its own accord."""

    DONE = "done"
    GROWN = "grown"


Message: TypeAlias = list[Record] | FencepostError | End


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does: the cases of ``before``, then every ``stride``-th from ``first``.

    Attributes:
        before: indices that an earlier session left out.
        skip: indices that killed a worker.
        thin: whether cases are drawn a thin plan.
        memory: resident bytes above which the worker ends; `None` for no limit.
    """

    source: Source
    plan: Plan
    first: int
    stride: int
    before: tuple[int, ...] = ()
    skip: frozenset[int] = frozenset()
    thin: bool = True
    memory: int | None = None

    def indices(self) -> Iterator[int]:
        """The cases that are left, in order."""
        length = self.source.length
        ahead = itertools.count(self.first, self.stride)
        for index in itertools.chain(self.before, ahead):
            if length is not None and index >= length:
                return
            if index not in self.skip:
                yield index

    def after(self, index: int) -> Job:
        """What is left when a case, and so all that come before it here, is done."""
        if index in self.before:
            return replace(self, before=self.before[self.before.index(index) + 1 :])
        return replace(self, before=(), first=index + self.stride)


def work(job: Job, connection: Connection, at: Place, parent: int) -> None:
    """The main function of a worker: sends lists of records, then an `End` or an error.

    Args:
        job: what to do.
        connection: where messages go.
        at: where to say which case it is at.
        parent: the process that this one must not outlive.
    """
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    reporter = Reporter(job, connection, at)
    try:
        ends = (reporter.check(index) for index in job.indices())
        end: Message = next((end for end in ends if end is not None), End.DONE)
    except Exception as error:  # noqa: BLE001 (the boundary of the worker)
        end = error_of(error, job, at)
    reporter.send(end)


def error_of(error: BaseException, job: Job, at: Place) -> FencepostError:
    """What an exception is to the parent."""
    if isinstance(error, FencepostError):
        return error
    where = job.source.where(at.value >> 1) if at.value >= 0 else ""
    hint = "this is a bug of Fencepost; please report it"
    return denied(error, where) or EnvironmentFailure(f"internal error: {type(error).__name__}: {error}", where, hint)


@dataclass(slots=True)
class Reporter:
    """Checks cases and sends what they came to.

    Attributes:
        last_was_finding: whether the last case checked was one.
    """

    job: Job
    connection: Connection
    at: Place
    last_was_finding: bool = False
    _batch: list[Record] = field(default_factory=list)
    _sent: float = field(default_factory=time.monotonic)

    def check(self, index: int) -> End | None:
        """Checks a case.

        Returns:
            Why the worker must end, if it must.

        Raises:
            FencepostError: as `check_one`.
        """
        self._batch.append(check_one(self.job, index, self.at))
        self.last_was_finding = self._batch[-1].verdict.kind.is_finding
        if self.last_was_finding or time.monotonic() - self._sent > BATCH_SECONDS:
            self._flush()
            if self.job.memory is not None and health_of(os.getpid()).rss_bytes > self.job.memory:
                return End.GROWN
        return None

    def send(self, end: Message) -> None:
        """Sends all that is left, then why the worker ends."""
        self._flush()
        self.connection.send(end)

    def _flush(self) -> None:
        self.connection.send(self._batch)
        self._batch, self._sent = [], time.monotonic()


def die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent ends.

    A pipe that breaks would not do: guest code that runs for a minute reads no pipe.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise EnvironmentFailure(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        os._exit(1)  # it ended before the kernel knew


def check_one(job: Job, index: int, at: Place) -> Record:
    """Checks one case of a job.

    Raises:
        FencepostError: the case is wrong, or the machine denies something.
    """
    at.value = 2 * index
    start = time.perf_counter()
    try:
        case = job.source.case(index)
    except engine.PanicException as error:
        return without_case(index, str(error))
    generated = time.perf_counter() - start
    at.value = 2 * index + 1
    full, plan = job.plan.for_case(case), plan_of_case(job, case, index)
    checked = _run(job, case, plan, index)
    is_finding = checked.verdict.kind.is_finding
    if is_finding and plan != full:
        checked = _confirmed(checked, _run(job, case, replace(full, settings=plan.settings), index))
    checked.seconds["generate"] = generated
    return record_of(index, case, checked, plan.settings, verbose=is_finding or not job.thin)


def without_case(index: int, reason: str) -> Record:
    """The record of a case that its generator failed to make: nothing that the engine has done."""
    return Record(index, Verdict(Kind.INCOMPLETE, "generator", generic(reason), reason))


def is_full(index: int) -> bool:
    """Whether a case of a thin campaign is run in full: another one of each ten, since workers take turns."""
    return index % FULL_EVERY == index // FULL_EVERY % FULL_EVERY


def plan_of_case(job: Job, case: Case, index: int) -> Plan:
    """What runs a case: everything, or what is drawn for it.

    Cases that attack one module after the other share a configuration of the JIT, so that its code
    is compiled once; most of their time went there.
    """
    full = job.plan.for_case(case)
    if not job.thin or is_full(index):
        return full
    seed = job.source.seed
    own, shared = PrngEntropy(seed, index, "plan"), PrngEntropy(seed, index // MODULE_CASES, "configuration")
    return full.drawn(own, shared if case.is_confused else None)


def _confirmed(thin: Checked, full: Checked) -> Checked:
    """A finding with all there is to say about it; it stays one if the full run misses it."""
    outcomes = {**thin.outcomes, **full.outcomes}
    return Checked(worst((full.verdict, thin.verdict)), outcomes, thin.seconds, thin.census)


def _run(job: Job, case: Case, plan: Plan, index: int) -> Checked:
    where = job.source.where(index)
    try:
        return check(case, plan.all_executors())
    except engine.InvalidInput as error:
        if not job.source.always_valid:
            raise invalid(error, where) from None
        message = f"rejected: {error.args[0]}"
        return Checked(Verdict(Kind.COMPILE_FAILURE, FRONT_END, generic(message), message))
    except ValueError as error:
        raise CaseError(f"the case does not fit its module: {error}", where) from None
    except MemoryError as error:
        hint = "raise ulimit -v, or use fewer jobs"
        raise EnvironmentFailure(str(error) or "out of memory or address space", where, hint) from None

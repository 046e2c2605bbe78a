"""The worker process: it checks cases and reports records.

It runs native code that may kill it, so it says which case it is at, in shared memory,
before it touches the case. It reports in batches: a message a case would cost more than
many a case does.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import engine
from generators.entropy import PrngEntropy
from harness.case_file import invalid
from harness.check import FRONT_END, Checked, check
from harness.errors import CaseError, EnvironmentFailure, FencepostError
from harness.record import Record, record_of
from harness.verdict import Kind, Verdict, worst
from oracles.completion import generic

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from harness.case import Case
    from harness.plan import Plan
    from harness.source import Source

FULL_EVERY = 10
BATCH_SECONDS = 0.1


class SharedIndex(Protocol):
    """An index in memory shared with the parent; -1 before the first case."""

    value: int


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker does.

    Attributes:
        first: index of its first case.
        stride: distance of its cases.
        skip: indices that killed a worker before.
        thin: whether cases are drawn a thin plan.
    """

    source: Source
    plan: Plan
    first: int
    stride: int
    skip: frozenset[int] = frozenset()
    thin: bool = True


def work(job: Job, connection: Connection, at: SharedIndex) -> None:
    """The main function of a worker: sends lists of records, then `None` or an error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    try:
        _work(job, connection, at)
    except FencepostError as error:
        connection.send(error)
    except Exception as error:  # noqa: BLE001 (the boundary of the worker)
        where = job.source.where(at.value) if at.value >= 0 else ""
        hint = "this is a bug of Fencepost; please report it"
        connection.send(EnvironmentFailure(f"internal error: {type(error).__name__}: {error}", where, hint))
    else:
        connection.send(None)


def _work(job: Job, connection: Connection, at: SharedIndex) -> None:
    batch: list[Record] = []
    sent = time.monotonic()
    index = job.first
    while job.source.length is None or index < job.source.length:
        if index not in job.skip:
            at.value = index
            batch.append(check_one(job, index))
        if batch and (batch[-1].verdict.kind.is_finding or time.monotonic() - sent > BATCH_SECONDS):
            connection.send(batch)
            batch, sent = [], time.monotonic()
        index += job.stride
    connection.send(batch)


def check_one(job: Job, index: int) -> Record:
    """Checks one case of a job.

    Raises:
        FencepostError: the case is wrong, or the machine denies something.
    """
    start = time.perf_counter()
    case = job.source.case(index)
    generated = time.perf_counter() - start
    full = plan = job.plan.with_options(case.options)
    if job.thin and index % FULL_EVERY != 0:
        plan = full.drawn(PrngEntropy(job.source.seed, index, "plan"))
    checked = _run(job, case, plan, index)
    is_finding = checked.verdict.kind.is_finding
    if is_finding and plan is not full:
        checked = _confirmed(checked, _run(job, case, replace(full, settings=plan.settings), index))
    checked.seconds["generate"] = generated
    return record_of(index, case, checked, plan.settings, verbose=is_finding or not job.thin)


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
    except MemoryError:
        hint = "raise ulimit -v, or use fewer jobs"
        raise EnvironmentFailure("out of memory or address space", where, hint) from None

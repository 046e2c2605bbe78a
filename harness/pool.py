"""The parent's side of worker processes: records come out, whatever happens to the workers.

A worker that dies takes no finding with it: the case that it was at becomes one, and
another worker goes on behind it. A worker that says nothing for too long is killed, and
its case is a `hang`.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFailure, FencepostError
from harness.record import Record
from harness.verdict import Kind, Verdict
from harness.worker import Job, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from harness.plan import Plan
    from harness.source import Source
    from harness.worker import SharedIndex

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1
HARDWARE_SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)

_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Worker:
    job: Job
    process: BaseProcess
    connection: Connection
    at: SharedIndex
    last_index: int = -1
    last_change: float = field(default_factory=time.monotonic)

    def is_stuck(self, patience: float) -> bool:
        """Whether it has been at one case for too long."""
        if self.at.value != self.last_index:
            self.last_index, self.last_change = self.at.value, time.monotonic()
        return self.last_index >= 0 and time.monotonic() - self.last_change > patience


def records(
    source: Source,
    plan: Plan,
    *,
    jobs: int = 1,
    thin: bool = True,
    patience: float = PATIENCE_SECONDS,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Record | None]:
    """Checks all cases of a source in ``jobs`` processes.

    Yields:
        Records, in the order of their indices within a worker; `None` when there is
        nothing new, several times a second, so that a caller can look at other things.

    Raises:
        FencepostError: what a worker met; all workers are stopped.
    """
    workers = [_start(Job(source, plan, first, jobs, thin=thin)) for first in range(jobs)]
    try:
        while workers and not stop():
            ready = wait([worker.connection for worker in workers], POLL_SECONDS)
            for worker in list(workers):
                if worker.connection in ready:
                    yield from _receive(worker, workers)
                elif worker.is_stuck(patience):
                    worker.process.kill()
                    yield _bury(worker, workers, Verdict(Kind.HANG, "pool", "", f"no answer in {patience:.0f} s"))
            yield None
        for worker in list(workers):
            yield from _drain(worker)
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()


def _start(job: Job) -> _Worker:
    parent, child = _CONTEXT.Pipe(duplex=False)
    at = _CONTEXT.RawValue("q", -1)
    process = _CONTEXT.Process(target=work, args=(job, child, at), daemon=True, name="fencepost-worker")
    process.start()
    child.close()
    return _Worker(job, process, parent, at)


def _receive(worker: _Worker, workers: list[_Worker]) -> Iterator[Record]:
    try:
        message = worker.connection.recv()
    except EOFError:
        worker.process.join()
        if worker.at.value < 0:
            hint = "see the lines above"
            raise EnvironmentFailure("a worker process died before its first case", "", hint) from None
        yield _bury(worker, workers, cause_of_death(worker.process.exitcode))
        return
    if isinstance(message, FencepostError):
        raise message
    if message is None:
        worker.process.join()
        workers.remove(worker)
        return
    for record in message:
        worker.job = replace(worker.job, first=record.index + worker.job.stride)
        yield record


def _drain(worker: _Worker) -> Iterator[Record]:
    """What a worker has sent already and nobody has read."""
    try:
        while worker.connection.poll():
            message = worker.connection.recv()
            if isinstance(message, list):
                yield from message
    except EOFError:
        return


def _bury(worker: _Worker, workers: list[_Worker], verdict: Verdict) -> Record:
    """Puts another worker in the place of a dead one; its case is a record."""
    worker.process.join()
    index = worker.at.value
    job = replace(worker.job, skip=worker.job.skip | {index})
    workers[workers.index(worker)] = _start(job)
    case = worker.job.source.case(index)
    return Record(index, verdict, str(case.history.get("generator", "")), module_bytes=len(case.wasm))


def cause_of_death(exit_code: int | None) -> Verdict:
    """The verdict on a case that took its process with it.

    A hardware signal that our handlers did not claim means native code was somewhere
    that they do not know: an escape. Anything else is trusted code that gave up.
    """
    number = -(exit_code or 0)
    if number <= 0:
        return Verdict(Kind.RUNTIME_FAULT, "pool", "exit", f"the worker ended with exit code {exit_code}")
    name = signal.Signals(number).name
    kind = Kind.ESCAPE if number in HARDWARE_SIGNALS else Kind.RUNTIME_FAULT
    return Verdict(kind, "pool", name, f"the worker died of {name}")

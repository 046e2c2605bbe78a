"""A worker process as its parent sees it: what it does, how it is, how it ended."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.drivers.launch import launch
from harness.health import WorkerHealth, health_of
from harness.verdict import Kind, Verdict

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from harness.source import Source
    from harness.worker import Job, Message, Place

HARDWARE_SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
OUTSIDE_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What only another process sends: a user, a supervisor, the kernel when memory is short."""

PROBE_SECONDS = 60.0
WAITING = 5
"""How much longer than it may work a worker may wait, for a processor above all."""

_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class Child:
    """A running worker.

    Attributes:
        job: what it has still to do, as far as its parent knows.
        at: where it is.
        began: its job at its start.
    """

    job: Job
    process: BaseProcess
    connection: Connection
    at: Place
    began: Job
    _last_place: int = -1
    _last_change: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def start(cls, job: Job) -> Child:
        """Starts a worker; it dies with this process."""
        parent, child = _CONTEXT.Pipe(duplex=False)
        at = _CONTEXT.RawValue("q", -1)
        arguments = (job.source.driver, pickle.dumps(job), child, at, os.getpid())
        process = _CONTEXT.Process(target=launch, args=arguments, daemon=True, name="fencepost-worker")
        process.start()
        child.close()
        return cls(job, process, parent, at, job)

    @property
    def index(self) -> int:
        """The case that it is at; -1 before its first."""
        return self.at.value >> 1

    @property
    def is_generating(self) -> bool:
        """Whether its case is not there yet."""
        return self.at.value % 2 == 0

    def before(self, index: int) -> int | None:
        """The case that this process did before another; `None` if that is its first."""
        last = None
        for other in self.began.indices():
            if other == index:
                break
            last = other
        return last

    def receive(self) -> Message:
        """The next message; blocks.

        Raises:
            EOFError: it has ended, perhaps in the middle of a message.
        """
        try:
            message: Message = self.connection.recv()
        except OSError as error:
            raise EOFError from error
        return message

    def is_stuck(self, seconds: float) -> bool:
        """Whether it has worked at one case for so long, or waited for `WAITING` times as long.

        A machine with other work to do makes no case a hang.
        """
        now = (self.health.cpu_seconds, time.monotonic())
        if self.at.value != self._last_place:
            self._last_place, self._last_change = self.at.value, now
        worked, waited = now[0] - self._last_change[0], now[1] - self._last_change[1]
        return self._last_place >= 0 and (worked > seconds or waited > WAITING * seconds)

    @property
    def health(self) -> WorkerHealth:
        """What it uses."""
        return health_of(self.process.pid or 0)

    def kill(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.join()
        self.connection.close()

    def cause_of_death(self) -> Verdict:
        """Waits for its end, and says what that means for the case that it was at."""
        self.process.join()
        return cause_of_death(self.process.exitcode)

    def was_killed_from_outside(self) -> bool:
        """Whether its end says nothing about its case."""
        return -(self.process.exitcode or 0) in OUTSIDE_SIGNALS


def dies_alone(source: Source, index: int) -> bool:
    """Whether making a case, and nothing else, ends a process before its time."""
    process = _CONTEXT.Process(target=source.case, args=(index,), daemon=True, name="fencepost-probe")
    process.start()
    process.join(PROBE_SECONDS)
    process.kill()
    process.join()
    return process.exitcode != 0


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

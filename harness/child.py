"""A worker process as its parent sees it: what it does, how it is, how it ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.verdict import Kind, Verdict
from harness.worker import Job, resident_bytes, work

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from harness.worker import Message, SharedIndex

HARDWARE_SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
OUTSIDE_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What only another process sends: a user, a supervisor, the kernel when memory is short."""

_CONTEXT = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class Child:
    """A running worker.

    Attributes:
        job: what it has still to do, as far as its parent knows.
        at: the case that it is at; -1 before its first.
    """

    job: Job
    process: BaseProcess
    connection: Connection
    at: SharedIndex
    _last_index: int = -1
    _last_change: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, job: Job) -> Child:
        """Starts a worker; it dies with this process."""
        parent, child = _CONTEXT.Pipe(duplex=False)
        at = _CONTEXT.RawValue("q", -1)
        arguments = (job, child, at, os.getpid())
        process = _CONTEXT.Process(target=work, args=arguments, daemon=True, name="fencepost-worker")
        process.start()
        child.close()
        return cls(job, process, parent, at)

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

    def is_stuck(self, patience: float) -> bool:
        """Whether it has been at one case for more than so many seconds."""
        if self.at.value != self._last_index:
            self._last_index, self._last_change = self.at.value, time.monotonic()
        return self._last_index >= 0 and time.monotonic() - self._last_change > patience

    def resident_bytes(self) -> int:
        """Memory that it occupies; 0 where it has ended or the system does not say."""
        return resident_bytes(self.process.pid) if self.process.pid else 0

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

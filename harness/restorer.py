"""The process that goes on with snapshots: one beside each worker, started when it is first needed.

It shares nothing with the worker but a socket, over which it is given the bytes of a snapshot
file and an executor, and gives an outcome. It dies with the worker. What kills it, or makes it
silent, is an outcome, too: a snapshot of ours must not do that.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import engine
from harness.errors import FencepostError
from harness.executors import Subject
from harness.outcome import NotRun, Ran, RuntimeFault
from harness.snapshot_file import parse_snapshot

if TYPE_CHECKING:
    from harness.executors import EngineExecutor
    from harness.outcome import Outcome

NOT_RESUMED = "not-resumed"
"""The kind of outcome of a run that cannot be taken apart: no verdict follows from it."""
PATIENCE_SECONDS = 120.0
ENDING_SECONDS = 5.0
USES = 5000
"""After so many a new process takes over: its memory is nobody else's concern."""


@dataclass(slots=True)
class _Restorer:
    """A running process."""

    process: subprocess.Popen[bytes]
    connection: Connection
    owner: int
    uses: int = 0

    @classmethod
    def start(cls) -> _Restorer:
        ours, theirs = socket.socketpair()
        arguments = [sys.executable, "-m", "harness.restorer", str(theirs.fileno()), str(os.getpid())]
        process = subprocess.Popen(arguments, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL)  # noqa: S603 (this program)
        theirs.close()
        return cls(process, Connection(ours.detach()), os.getpid())

    @property
    def is_usable(self) -> bool:
        """Whether it is this process's own, and has not been used for long."""
        return self.owner == os.getpid() and self.uses < USES

    def ask(self, data: bytes, executor: EngineExecutor) -> Outcome | None:
        """What it makes of a snapshot; `None` if it gave no answer."""
        self.uses += 1
        try:
            self.connection.send((data, executor))
            if not self.connection.poll(PATIENCE_SECONDS):
                return None
            outcome: Outcome = self.connection.recv()
        except (EOFError, OSError):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDING_SECONDS)
            return None
        return outcome

    def end(self) -> str:
        """Ends it, and says how it was ended."""
        running = self.process.poll() is None
        self.process.kill()
        code = self.process.wait()
        self.connection.close()
        return f"was silent for {PATIENCE_SECONDS:.0f} s" if running else f"ended with exit code {code}"


_running: list[_Restorer] = []
"""The process that is in use, if there is one."""


def resumed_elsewhere(data: bytes, executor: EngineExecutor) -> Outcome:
    """What becomes of a case in another process.

    Args:
        data: a snapshot file.
        executor: what goes on with it.
    """
    if _running and not _running[0].is_usable:
        _retire()
    if not _running:
        _running.append(_Restorer.start())
    outcome = _running[0].ask(data, executor)
    if outcome is not None:
        return outcome
    return Ran(RuntimeFault(f"the process that went on with a snapshot {_running.pop().end()}"))


@atexit.register
def _retire() -> None:
    """Ends the process that is in use, unless it is that of the process that this one is a fork of."""
    for restorer in _running:
        if restorer.owner == os.getpid():
            restorer.end()
    _running.clear()


def resumed_here(data: bytes, executor: EngineExecutor) -> Outcome:
    """Goes on with a snapshot that this program made: one that is refused is its own fault."""
    try:
        file = parse_snapshot(data, "a snapshot")
        return executor.resume(Subject(file.case), file.snapshot)
    except (engine.Unsupported, engine.CompileFailure, MemoryError) as error:
        return NotRun(NOT_RESUMED, str(error))
    except (FencepostError, ValueError) as error:
        return Ran(RuntimeFault(f"a snapshot was refused: {error}"))
    except engine.PanicException as error:
        return Ran(RuntimeFault(str(error)))


def main() -> None:
    """The other process: answers until nobody asks any more."""
    from harness.worker import die_with  # noqa: PLC0415 (only here)

    descriptor, parent = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's parent's to handle
    die_with(parent)
    connection = Connection(descriptor)
    while True:
        try:
            data, executor = connection.recv()
        except EOFError:
            return
        connection.send(resumed_here(data, executor))


if __name__ == "__main__":
    main()

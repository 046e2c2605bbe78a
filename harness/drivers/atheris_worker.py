"""The worker of the driver ``atheris``: libFuzzer's loop around the check of one case.

`atheris.Fuzz` does not return, so the process ends in the callback. Importing this module
instruments the Python side of the harness while it is imported, so it must come first in
its process (`harness.drivers.launch`).

Signals: libFuzzer's handlers are off (`LibFuzzerSource.arguments`), SIGSEGV stays with the
engine, which besides makes sure before each run of native code that its handlers are the
first. A crash of this process is a finding all the same: the bytes of the case are on disk
before it is run.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import redirect_stderr
from typing import TYPE_CHECKING, NoReturn

import atheris

with (
    open(os.devnull, "w", encoding="utf-8") as _nowhere,  # noqa: PTH123 (a device)
    redirect_stderr(_nowhere),  # it names every module
    atheris.instrument_imports(include=["generators", "harness", "oracles"]),
):
    from harness.drivers.libfuzzer import LibFuzzerSource
    from harness.worker import End, Reporter, die_with, error_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from harness.worker import Job, Message, Place


def work(job: Job, connection: Connection, at: Place, parent: int) -> None:
    """As `harness.worker.work`, but ends the process and never returns."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    source = job.source
    assert isinstance(source, LibFuzzerSource)
    _redirect(source)
    reporter = Reporter(job, connection, at)
    indices = job.indices()

    def one(data: bytes) -> None:
        try:
            index = next(indices, None)
            end: Message | None = End.DONE if index is None else _check(reporter, source, index, data)
        except BaseException as error:  # noqa: BLE001 (the boundary of the worker)
            end = error_of(error, job, at)
        if end is not None:
            _leave(reporter, end)

    atheris.Setup(source.arguments(job.first), one, enable_python_coverage=True)
    atheris.Fuzz()
    raise AssertionError("atheris.Fuzz returned")


def _check(reporter: Reporter, source: LibFuzzerSource, index: int, data: bytes) -> End | None:
    source.put(index, data)
    end = reporter.check(index)
    if not reporter.last_was_finding:
        source.drop(index)
    return end


def _leave(reporter: Reporter, end: Message) -> NoReturn:
    reporter.send(end)
    sys.stdout.flush()
    os._exit(0)  # whatever libFuzzer does at its exit is about itself


def _redirect(source: LibFuzzerSource) -> None:
    """Sends what libFuzzer prints to its log; the terminal is the campaign's."""
    log = os.open(source.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)

"""Health of the worker processes, from what the kernel says about them."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# Positions in `/proc/PID/stat` behind the command name, from 0 (proc(5)).
_USER_TICKS, _SYSTEM_TICKS, _RSS_PAGES = 11, 12, 21


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """What one worker process uses.

    Attributes:
        cpu_seconds: user and system time since its start.
    """

    pid: int
    rss_bytes: int
    cpu_seconds: float


def workers() -> tuple[WorkerHealth, ...]:
    """The worker processes that are alive, by pid.

    All children that `multiprocessing` started are workers here.
    """
    alive = []
    for process in multiprocessing.active_children():
        if process.pid is not None:
            with suppress(OSError):  # it has just ended
                alive.append(_health(process.pid))
    return tuple(sorted(alive, key=lambda worker: worker.pid))


def _health(pid: int) -> WorkerHealth:
    _, _, behind_name = (PROC / str(pid) / "stat").read_text().rpartition(")")
    fields = behind_name.split()
    ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
    return WorkerHealth(pid, int(fields[_RSS_PAGES]) * _PAGE_BYTES, ticks / _TICKS_PER_SECOND)

"""Health of the worker processes, from what the kernel says about them."""

from __future__ import annotations

import multiprocessing
import os
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
    pids = (process.pid for process in multiprocessing.active_children())
    return tuple(health_of(pid) for pid in sorted(filter(None, pids)))


def health_of(pid: int) -> WorkerHealth:
    """What a process uses: nothing where it has ended, or the system does not say."""
    try:
        _, _, behind_name = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
        fields = behind_name.split()
        ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
        return WorkerHealth(pid, int(fields[_RSS_PAGES]) * _PAGE_BYTES, ticks / _TICKS_PER_SECOND)
    except (OSError, ValueError, IndexError):
        return WorkerHealth(pid, 0, 0.0)

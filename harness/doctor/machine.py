"""Platform, processor, memory, disk."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.doctor.check import Check, State, judged
from harness.output_root import DEFAULT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "machine"
CGROUP = Path("/sys/fs/cgroup")
LEAST_PYTHON = (3, 11)
LEAST_MEMORY_BYTES = 1 << 30
LEAST_DISK_BYTES = 256 << 20
MIB = 1 << 20


def checks() -> Iterator[Check]:
    """This machine."""
    yield system(platform.system(), platform.machine(), platform.release())
    yield python(sys.version_info[:3])
    yield cores(len(os.sched_getaffinity(0)), read(CGROUP / "cpu.max"))
    yield memory(read(Path("/proc/meminfo")), read(CGROUP / "memory.max"))
    yield disk(DEFAULT_ROOT if DEFAULT_ROOT.exists() else Path())


def system(name: str, architecture: str, release: str) -> Check:
    """Operating system and architecture."""
    fine = (name, architecture) == ("Linux", "x86_64")
    mend = "use x86-64 Linux: only there is native code"
    return judged(GROUP, "system", f"{name} {release} on {architecture}", mend, fine=fine, vital=True)


def python(version: tuple[int, ...]) -> Check:
    """The interpreter that runs this."""
    words = ".".join(map(str, version))
    mend = "install CPython 3.11 or newer and make the environment again"
    return judged(GROUP, "python", words, mend, fine=version >= LEAST_PYTHON, vital=True)


def cores(available: int, quota: str) -> Check:
    """Cores, and what a control group leaves of them (``MICROSECONDS PERIOD`` or ``max PERIOD``)."""
    share = re.match(r"(\d+) (\d+)", quota)
    usable = min(float(available), int(share[1]) / int(share[2])) if share else float(available)
    mend = "give the container more of the processor; --jobs above the cores gains nothing"
    return judged(
        GROUP, "cores", f"{usable:g} of {available}: use --jobs {max(1, int(usable))}", mend, fine=usable >= 1
    )


def memory(meminfo: str, limit: str) -> Check:
    """Available memory, or what a control group allows if that is less."""
    available = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo, re.MULTILINE)
    if available is None:
        return Check(GROUP, "memory", State.LACK, "unknown", "mount /proc")
    usable = min(int(available[1]) << 10, int(limit) if limit.strip().isdecimal() else sys.maxsize)
    words = f"{usable // MIB:,} MiB available"
    mend = "free some memory; a worker needs some 150 MiB, and large memories of a module more"
    return judged(GROUP, "memory", words, mend, fine=usable >= LEAST_MEMORY_BYTES)


def disk(folder: Path) -> Check:
    """Where output goes without ``--out``."""
    where = folder.resolve()
    if not os.access(folder, os.W_OK):
        mend = "run in a folder that you may write, or use --out DIR"
        return Check(GROUP, "output folder", State.BROKEN, f"{where} cannot be written", mend)
    free = shutil.disk_usage(folder).free
    mend = "free some space, or use --out DIR on another disk"
    words = f"{where}: {free // MIB:,} MiB free"
    return judged(GROUP, "output folder", words, mend, fine=free >= LEAST_DISK_BYTES)


def read(path: Path) -> str:
    """The text of a file of the kernel; empty if there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""

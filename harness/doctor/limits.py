"""Address space, and the limits of the kernel and of the shell."""

from __future__ import annotations

import mmap
import os
import re
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from harness.doctor.check import Check, State, judged
from harness.doctor.machine import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = "limits"
RESERVATION_BYTES = 64 << 30
LEAST_ADDRESS_SPACE_BYTES = RESERVATION_BYTES + (8 << 30)
LEAST_STACK_BYTES = 8 << 20
LEAST_FILES = 256
DECOY_MAPPINGS = 40_000
"""A worker with ``--guard decoy`` maps one decoy of 2 MiB over 60 GiB, and some more."""

KERNEL = Path("/proc/sys")
STRICT_OVERCOMMIT = "2"
GIB, KIB = 1 << 30, 1 << 10


def checks() -> Iterator[Check]:
    """The limits of this process."""
    yield address_space(resource.getrlimit(resource.RLIMIT_AS)[0])
    yield reservation(RESERVATION_BYTES)
    yield map_count(read(KERNEL / "vm/max_map_count"))
    yield overcommit(read(KERNEL / "vm/overcommit_memory"))
    yield stack(resource.getrlimit(resource.RLIMIT_STACK)[0])
    yield files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield seccomp(read(Path("/proc/self/status")), read(KERNEL / "kernel/seccomp/actions_avail"))
    yield system_call("memfd", lambda: os.memfd_create("fencepost-doctor"))
    yield system_call("pidfd", lambda: os.pidfd_open(os.getpid()))


def address_space(limit: int) -> Check:
    """``ulimit -v``: an arena reserves 64 GiB, nearly all of it never touched."""
    endless = limit == resource.RLIM_INFINITY
    words = "unlimited" if endless else f"{limit / GIB:.1f} GiB, an arena reserves 64 GiB"
    fine = endless or limit >= LEAST_ADDRESS_SPACE_BYTES
    return judged(GROUP, "ulimit -v", words, "ulimit -v unlimited", fine=fine, vital=True)


def reservation(length: int) -> Check:
    """Whether an arena's address space can be had, by trying."""
    name = f"reserve {length // GIB} GiB"
    try:
        mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0).close()
    except OSError as error:
        mend = "raise the limits below and above; where address space is forbidden, use another machine"
        return Check(GROUP, name, State.BROKEN, f"refused: {(error.strerror or str(error)).lower()}", mend)
    return Check(GROUP, name, State.OK, "granted")


def map_count(text: str) -> Check:
    """``vm.max_map_count``: ``--guard decoy`` maps one canary again and again."""
    limit = int(text) if text.strip().isdecimal() else 0
    words = f"{limit:,}" if limit else "unknown"
    mend = "sudo sysctl -w vm.max_map_count=262144    # for --guard decoy"
    return judged(GROUP, "vm.max_map_count", words, mend, fine=limit >= DECOY_MAPPINGS)


def overcommit(text: str) -> Check:
    """``vm.overcommit_memory``: strict accounting refuses memories that are never touched."""
    value = text.strip() or "unknown"
    words = f"{value} (strict)" if value == STRICT_OVERCOMMIT else value
    mend = "sudo sysctl -w vm.overcommit_memory=0"
    return judged(GROUP, "vm.overcommit_memory", words, mend, fine=value in ("0", "1"))


def stack(limit: int) -> Check:
    """``ulimit -s``: the front end recurses over deep modules."""
    endless = limit == resource.RLIM_INFINITY
    words = "unlimited" if endless else f"{limit // KIB:,} KiB"
    return judged(GROUP, "ulimit -s", words, "ulimit -s 8192", fine=endless or limit >= LEAST_STACK_BYTES)


def files(limit: int) -> Check:
    """``ulimit -n``: some for each worker."""
    return judged(GROUP, "ulimit -n", f"{limit:,}", "ulimit -n 1024", fine=limit >= LEAST_FILES)


def seccomp(status: str, actions: str) -> Check:
    """System-call filters: whether processes can be locked up, and whether this one is."""
    mode = re.search(r"^Seccomp:\s+(\d)", status, re.MULTILINE)
    filtered = "; this process is filtered itself" if mode is not None and mode[1] != "0" else ""
    able = "kill_process" in actions.split()
    mend = "use a kernel with CONFIG_SECCOMP_FILTER: without it native code cannot be locked up"
    return judged(GROUP, "seccomp", f"{'available' if able else 'not available'}{filtered}", mend, fine=able)


def system_call(name: str, opens: Callable[[], int]) -> Check:
    """A system call that cells need and that some containers forbid, tried; it gives a descriptor."""
    try:
        os.close(opens())
    except OSError as error:
        mend = "let the container's filter allow it: without it there are no cells for native code"
        return Check(GROUP, name, State.LACK, f"refused: {(error.strerror or str(error)).lower()}", mend)
    return Check(GROUP, name, State.OK, "granted")

"""Runs a command on a machine that lacks something: `poor_machine.py LACK COMMAND...`.

A lack is a name of `LACKS`. Those that are system calls are refused by a filter in the kernel, for
this process and all that it becomes, as a container's filter does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
MODE_FILTER = 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ERRNO, ALLOW = 0x0005_0000, 0x7FFF_0000
NUMBER, SECOND_ARGUMENT_HIGH = 0, 28
"""Offsets in what the kernel tells a filter of a call (`seccomp_data`)."""

CALLS = {
    "memfd": 319,
    "seccomp": 317,
    "pidfd": 434,
    "pidfd signals": 424,
    "close_range": 436,
}
"""Numbers of system calls of x86-64 Linux."""
MMAP = 9
FILES = 24
LACKS = (*CALLS, "address space", "files")


def refuse(call: int, error: int, *, large: bool = False) -> None:
    """Has the kernel refuse a call; if ``large``, only with a second argument of 4 GiB and more."""
    tests = [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 3 if large else 1, call)]
    if large:
        tests += [(LOAD, 0, 0, SECOND_ARGUMENT_HIGH), (EQUAL, 1, 0, 0)]
    rules = [*tests, (RETURN, 0, 0, ERRNO | error), (RETURN, 0, 0, ALLOW)]
    code = b"".join(struct.pack("=HBBI", *rule) for rule in rules)
    memory = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(rules), ctypes.addressof(memory)))
    library = ctypes.CDLL(None, use_errno=True)
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, MODE_FILTER, program, 0, 0)):
        if library.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")


def impoverish(lack: str) -> None:
    """Takes something from this process."""
    if lack == "files":
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    elif lack == "address space":
        refuse(MMAP, errno.ENOMEM, large=True)
    else:
        refuse(CALLS[lack], errno.ENOSYS)


if __name__ == "__main__":
    impoverish(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])

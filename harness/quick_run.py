"""`fencepost run` without the command-line library, whose import takes longer than most programs.

It understands the command lines that are typed most: a file and its arguments, after options
whose value is a word of its own. All else (help, other options, a configuration file, any
mistake) is left to the command itself, `harness.commands.run`, which has the same meaning for
these lines; a test compares the two.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine._native import Executor

EXECUTORS: dict[str, Executor] = {name: name for name in ("jit", "jit-unoptimized", "interpreter", "reference")}
CONFIGURATION = "fencepost.toml"
PAIRED = ("--executor", "--dir", "--env")


def quick_run(words: Sequence[str]) -> int | None:
    """Runs the program of a command line; `None` where it is for somebody else to understand.

    Raises:
        FencepostError: as `harness.program_run.run_program`.
    """
    executor = "jit"
    folders: list[tuple[str, str]] = []
    env: list[tuple[str, str]] = []
    at = 0
    while at + 1 < len(words) and words[at] in PAIRED:
        name, value = words[at : at + 2]
        if name == "--executor":
            executor = value
        elif name == "--dir":
            folders.append(folder_of(value))
        else:
            env.append(variable_of(value))
        at += 2
    configured = os.path.exists(CONFIGURATION)  # noqa: PTH110 (pathlib is slow to import)
    if configured or at == len(words) or words[at].startswith("-") or executor not in EXECUTORS:
        return None
    from harness.program_run import run_program  # noqa: PLC0415 (not where it is not needed)

    return run_program(words[at], words[at + 1 :], executor=EXECUTORS[executor], folders=folders, env=env)


def folder_of(text: str) -> tuple[str, str]:
    """The folder and the program's name of ``HOST[::GUEST]``; without one, the name is the same."""
    host, _, guest = text.partition("::")
    return host, guest or host


def variable_of(text: str) -> tuple[str, str]:
    """The name and value of ``NAME=VALUE``; of ``NAME`` alone, with the value that it has here."""
    name, separator, value = text.partition("=")
    return name, value if separator else os.environ.get(name, "")

"""The command line: `fencepost COMMAND`.

What every command needs stands here, and imports next to nothing: `fencepost run` starts a
program in less time than the import of a command-line library takes (`harness.quick_run`).
All else is in `harness.command_line`. Whatever goes wrong is one line on standard error:
``fencepost: error: WHAT (WHERE); HINT``. Exit codes: 0 clean, 1 finding, 2 usage or bad
input, 3 the harness or its environment failed. What ends a command before it has an answer, Ctrl-C
or a reader that went away, gives 130 or 141, as a shell would say.
"""

from __future__ import annotations

import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from typing_extensions import Buffer

COMMANDS = {
    "fuzz": "Attack the engine with generated programs.",
    "check": "Judge your own .wasm, .wat or .clif files.",
    "replay": "Run kept cases again and compare with what is expected.",
    "gate": "Replay the known cases, fuzz briefly, and say yes or no.",
    "report": "Write a campaign as one HTML page.",
    "doctor": "Say what this machine offers and lacks.",
    "explain": "Say what a confused case changed, and where it landed.",
    "compare": "Run the same confusions on the arena and on raw pointers.",
    "layout": "Show where a module's VM structures lie in the arena.",
    "run": "Run a program with WASI in the arena engine.",
    "snapshot": "Stop a case between two calls, and go on elsewhere.",
}
INTERRUPTED, READER_GONE = 130, 141


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point: runs a command and exits the process."""
    _hold_standard_descriptors()
    sys.stderr = io.TextIOWrapper(_LossyFile(2, "w", closefd=False), errors="backslashreplace", write_through=True)
    sys.exit(run(arguments))


def _hold_standard_descriptors() -> None:
    """Opens what a service may have closed: a file that took its number would get what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free


class _LossyFile(io.FileIO):
    """Standard error: where nobody can read it, on a full disk say, the work that it tells of still goes on."""

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        return _dispatch(given)
    except KeyboardInterrupt:
        _say("fencepost: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return READER_GONE
    except Exception as error:  # noqa: BLE001 (the boundary of the process)
        from harness.command_line import explanation  # noqa: PLC0415 (slow to import)

        message, code = explanation(error)
        _say(message)
        return code


def _say(line: str) -> None:
    if sys.stderr is not None:  # where it is closed
        sys.stderr.write(line + "\n")


def _dispatch(given: list[str]) -> int:
    if given[0] == "run":
        from harness.quick_run import quick_run  # noqa: PLC0415 (only for this command)

        code = quick_run(given[1:])
        if code is not None:
            return code
    from harness.command_line import run_command  # noqa: PLC0415 (slow to import)

    return run_command(given)

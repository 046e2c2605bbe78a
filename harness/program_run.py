"""`fencepost run`: a whole program in one executor of the engine, with this process's streams.

Nothing here is judged: an escape is reported if the engine notices one, and no oracle looks
further. The program's time is what counts, its start too, so this module imports nothing
that it does not need on every run.
"""

from __future__ import annotations

import os
import signal
import sys

import engine
from harness.input_size import MAX_FILE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, NoReturn

    from engine._native import CallResult, Executor, Mode, WasiResult

CLEAN = 0
FINDING = 1
CLOSED_OUTPUT = 128 + 13
"""What a shell says of a program that SIGPIPE ended."""
UNLIMITED = 2**64 - 1
CHECK = "fencepost check says more"
INITIALIZE = "_initialize"


def run_program(
    file: str,
    arguments: Sequence[str] = (),
    *,
    executor: Executor = "jit",
    mode: Mode = "as-shipped",
    guard: Literal["guard", "decoy"] = "guard",
    folders: Sequence[tuple[str, str]] = (),
    env: Sequence[tuple[str, str]] = (),
    fuel: int | None = None,
    timeout: float | None = None,
    max_memory: int = 256 << 20,
    invoke: str | None = None,
    fault: str | None = None,
) -> int:
    """Runs a program to its end.

    Args:
        file: the program, in binary or text format.
        arguments: of the program, without its name; of the function with ``invoke``.
        executor: what runs it.
        mode: the kind of run.
        guard: what lies around the arena.
        folders: pairs of a folder and the name that the program knows it by.
        env: its environment.
        fuel: operations that the interpreter may execute; `None` for no limit.
        timeout: seconds; `None` for no limit.
        max_memory: bytes that a memory may grow to.
        invoke: an exported function to call instead of ``_start``.
        fault: a planted fault, by its two digits.

    Returns:
        The exit code of the program; 1 after a trap or a finding, which is told on standard error.

    Raises:
        FileError: the file or a folder cannot be read.
        ModuleError: it is no module, or needs what the engine does not have.
        UsageError: the arguments do not fit the program.
    """
    if timeout is not None:
        _limit(timeout, file)
    try:
        program = _translated(file)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the engine does not come back to Python until the program ends
        result = engine.run_wasi(
            program,
            args=[file, *(() if invoke else arguments)],
            env=env,
            preopens=folders,
            executor=executor,
            mode=mode,
            guard=guard,
            fuel=UNLIMITED if fuel is None else fuel,
            max_memory=max_memory,
            fault=fault,
            calls=None if invoke is None else _calls(program, invoke, arguments, file),
        )
    except engine.CompileFailure as error:
        _say(f"the compiler failed: {error.args[0]} ({file}); this is a finding; {CHECK}")
        return FINDING
    except (engine.Unsupported, ValueError, OSError) as error:
        _refuse(error, file)
    return _end(result, file, shown=invoke is not None)


def _translated(file: str) -> engine.Program:
    with open(file, "rb") as opened:  # noqa: PTH123 (pathlib is slow to import)
        data = opened.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        from harness.errors import too_large  # noqa: PLC0415 (slow to import)

        raise too_large(file)
    return engine.Program(engine.assemble(data))


def _refuse(error: Exception, file: str) -> NoReturn:
    """Raises what the user is told when the program does not run."""
    from harness.case_file import invalid  # noqa: PLC0415 (slow to import)
    from harness.errors import FencepostError, FileError, ModuleError, UsageError  # noqa: PLC0415
    from harness.printable import printable  # noqa: PLC0415 (seldom used)

    match error:
        case FencepostError():
            raise error
        case engine.InvalidInput():
            raise invalid(error, file)
        case engine.Unsupported():
            hint = (
                "--max-memory allows it more"
                if error.args[0].startswith("memory limit")
                else "see fencepost run --help"
            )
            raise ModuleError(f"cannot run the program: {error.args[0]}", file, hint)
        case OSError(filename=name, errno=int(number)):
            what, hint = ("program", "") if name == file else ("folder", "--dir takes one that is there")
            raise FileError(f"cannot read the {what}: {os.strerror(number).lower()}", str(name), hint)
        case UnicodeEncodeError(object=text):
            raise UsageError(f"'{printable(text)}' is not UTF-8, as what a program is given must be", printable(file))
    raise UsageError(str(error), file)


def _calls(
    program: engine.Program, export: str, arguments: Sequence[str], file: str
) -> list[tuple[str, list[int | None]]]:
    """The call of ``--invoke``, after that of ``_initialize`` where there is one."""
    from harness.invocation import bits_of  # noqa: PLC0415 (seldom used)

    functions = {item["name"]: item["params"] for item in program.exports if item["kind"] == "function"}
    call = (export, bits_of(export, functions.get(export), arguments, file))
    return [(INITIALIZE, []), call] if INITIALIZE in functions else [call]


def _limit(seconds: float, file: str) -> None:
    """Ends the process after some time: whatever the program does then, calls of the host included."""
    import threading  # noqa: PLC0415 (seldom used)

    def expire() -> None:
        _say(f"the program was stopped after {seconds:g} s ({file}); --timeout allows it more")
        os._exit(FINDING)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()


def _end(result: WasiResult, file: str, *, shown: bool) -> int:
    """Tells how the program ended, and gives the exit code."""
    steps = [result["instantiation"], *result["calls"]]
    for escape in result["escapes"]:
        return _finding(f"{escape['kind']} at {escape['site'] or escape['offset']}", file)
    last = steps[-1]
    if "values" in last:
        if shown:
            from harness.invocation import text_of  # noqa: PLC0415 (seldom used)

            sys.stdout.write("".join(text_of(value) + "\n" for value in last["values"]))
        return CLEAN
    if "exit" in last:
        return (last["exit"] & 0xFF) or int(last["exit"] != 0)
    return _stopped(last, file)


def _stopped(step: CallResult, file: str) -> int:
    if "escape" in step:
        escape = step["escape"]
        where = escape["site"] or escape["disassembly"] or "unknown code"
        return _finding(f"{escape['access']} at offset {escape['offset']}, by {where}", file)
    if "runtime_fault" in step:
        _say(f"trusted code failed: {step['runtime_fault']} ({file}); this is a bug of the engine; {CHECK}")
        return FINDING
    if _is_closed(1):
        return CLOSED_OUTPUT
    site = f" at {step['site']}" if "site" in step else ""
    _say(f"the program trapped: {step['trap']}{site} ({file})")
    return FINDING


def _finding(what: str, file: str) -> int:
    _say(f"an access left the arena: {what} ({file}); this is a vulnerability of the engine; {CHECK}")
    return FINDING


def _is_closed(descriptor: int) -> bool:
    """Whether nobody reads any more what is written to a descriptor."""
    import select  # noqa: PLC0415 (seldom used)

    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _say(message: str) -> None:
    from harness.printable import printable  # noqa: PLC0415 (seldom used)

    if sys.stderr is not None:
        sys.stderr.write(f"fencepost: error: {printable(' '.join(message.split()))}\n")

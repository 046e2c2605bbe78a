"""A user's own `wasmtime` binary: ``--reference wasmtime-cli=PATH``.

Each case is one process, which runs the case's module beside a program that makes its
calls (`harness.references.wasi_caller`). Its imports are stubs that ask here what to answer
(`harness.references.wasi_stubs`). So it costs some milliseconds a case, and it shows
less than the Wasmtime package does: it ends at the first trap, and shows results, traps and
calls of stubs, but no memories, tables and globals. A whole program runs with the binary's
own WASI; a program beside it tells whether it returned.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import engine
from harness.errors import EnvironmentFailure, UsageError
from harness.limits import Limits
from harness.outcome import CallOutcome, Effects, Exited, NotRun, Outcome, Ran, Returned, Trapped
from harness.program_input import FOLDER, START, WASI, ProgramInput, digests_of
from harness.references import EXHAUSTED, STACK_BYTES, UNCAUGHT
from harness.references.wasi_caller import SUBJECT, NotPossibleError, caller_text, escaped
from harness.references.wasi_dialogue import Dialogue
from harness.references.wasi_stubs import stubs_for
from harness.references.wasmtime_wasi import BENCHMARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.executors import Subject

PREFIX = "wasmtime-cli="
START_SECONDS = 10.0
"""How long a process may take besides its calls, on a machine that is busy."""
FAILURE = b"Error: failed to run main module"
"""What begins the report of a trap, behind whatever the program wrote to standard error."""
RETURNED = b"\n\0fencepost: it returned\n"
"""What the starter of a whole program writes behind that when the program returned."""
STARTER_TEXT = f"""(module
  (import "{SUBJECT}" "{START}" (func $start))
  (import "{WASI}" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\{len(RETURNED):02x}\\00\\00\\00")
  (data (i32.const 16) "{escaped(RETURNED.decode())}")
  (func (export "_start")
    (call $start)
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))))""".encode()
BENCHMARK_TEXT = b'(module (func (export "start")) (func (export "end")))'

TRAPS = {
    "call stack exhausted": "stack_overflow",
    "out of bounds memory access": "heap_out_of_bounds",
    "undefined element: out of bounds table access": "table_out_of_bounds",
    "out of bounds table access": "table_out_of_bounds",
    "uninitialized element": "indirect_call_to_null",
    "indirect call type mismatch": "bad_signature",
    "integer overflow": "integer_overflow",
    "integer divide by zero": "integer_division_by_zero",
    "invalid conversion to integer": "bad_conversion_to_integer",
    "wasm `unreachable` instruction executed": "unreachable",
    "unaligned atomic": "heap_misaligned",
    "atomic wait on non-shared memory": "atomic_wait_non_shared_memory",
    "null reference": "null_reference",
    "out of bounds array access": "array_out_of_bounds",
    "allocation size too large": "allocation_too_large",
    "cast failure": "cast_failure",
    "interrupt": "interrupt",
}


@dataclass(frozen=True, slots=True)
class WasmtimeCli:
    """One binary.

    Attributes:
        path: of the binary.
    """

    path: str
    limits: Limits = field(default_factory=Limits)

    @property
    def name(self) -> str:
        """Name in outcomes; the path has no part in it."""
        return PREFIX.removesuffix("=")

    def run(self, subject: Subject) -> Outcome:
        """Runs the subject in a process.

        Raises:
            EnvironmentFailure: the binary cannot be run.
        """
        if subject.program.may_wait:
            return NotRun("unsupported", "wasmtime-cli: a wait would not end before its time")
        start, limits = time.perf_counter(), self.limits.of(subject)
        try:
            if subject.input is None:
                ran = self._module(subject, limits)
            else:
                ran = self._program(subject, subject.input, limits)
        except NotPossibleError as error:
            return NotRun("unsupported", f"wasmtime-cli: {error}")
        if isinstance(ran, Ran):
            ran.times["run"] = time.perf_counter() - start
        return ran

    def _module(self, subject: Subject, limits: Limits) -> Outcome:
        functions = {export["name"]: export for export in subject.exports if export["kind"] == "function"}
        types = [functions[call.export]["results"] for call in subject.calls]
        stubs = stubs_for(subject.program.imports)
        dialogue = Dialogue(types, stubs.functions)
        with tempfile.TemporaryDirectory(prefix="fencepost-") as name, Path(name, "stderr").open("w+b") as stderr:
            modules = {stub: engine.assemble(text.encode()) for stub, text in stubs.modules.items()}
            caller = engine.assemble(caller_text(subject.calls, functions).encode())
            command = self._command(Path(name), modules | {SUBJECT: subject.case.wasm}, caller, _flags(limits))
            patience = START_SECONDS + limits.deadline * (1 + len(subject.calls))
            with self._started(command, stderr) as process, _stopped_after(patience, process) as stopped:
                assert process.stdin is not None
                assert process.stdout is not None
                dialogue.hold(process.stdout, process.stdin)
            return _ran(dialogue, _told(stderr) + ("wasm trap: interrupt" if stopped else ""))

    def _program(self, subject: Subject, given: ProgramInput, limits: Limits) -> Outcome:
        """Runs a whole program over a folder of its own."""
        if [call.export for call in subject.calls] != [START]:
            raise NotPossibleError("calls of a program besides its start")
        others = {item.get("module", "") for item in subject.program.imports} - {WASI, BENCHMARK}
        if others:
            raise NotPossibleError(f"imports of {min(others)}")
        modules = {BENCHMARK: engine.assemble(BENCHMARK_TEXT), SUBJECT: subject.case.wasm}
        caller = engine.assemble(STARTER_TEXT)
        patience = START_SECONDS + limits.deadline
        with given.folder() as folder, tempfile.TemporaryDirectory(prefix="fencepost-") as name:
            options = [*_flags(limits), "--dir", f"{folder}::{FOLDER}", "--argv0", given.argv[0]]
            options += [f"--env={variable}={value}" for variable, value in given.env.items()]
            command = [*self._command(Path(name), modules, caller, options), *given.args]
            try:
                done = subprocess.run(command, input=given.stdin, capture_output=True, timeout=patience, check=False)  # noqa: S603
            except subprocess.TimeoutExpired as error:
                done = subprocess.CompletedProcess(command, 1, error.stdout or b"", b"wasm trap: interrupt")
            except OSError as error:
                raise self._cannot_run(error) from None
            return _effects(done, folder)

    def _command(self, folder: Path, modules: dict[str, bytes], caller: bytes, options: Sequence[str]) -> list[str]:
        """The command that runs ``caller`` beside some modules, whose files it writes."""
        command = [self.path, "run", *options]
        for number, (name, wasm) in enumerate(modules.items()):
            path = folder / f"{number}.wasm"
            path.write_bytes(wasm)
            command += ["--preload", f"{name}={path}"]
        path = folder / "caller.wasm"
        path.write_bytes(caller)
        return [*command, str(path)]

    def _started(self, command: Sequence[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)  # noqa: S603
        except OSError as error:
            raise self._cannot_run(error) from None

    def _cannot_run(self, error: OSError) -> EnvironmentFailure:
        hint = "name a wasmtime binary in --reference wasmtime-cli=PATH"
        return EnvironmentFailure(f"cannot run it: {error.strerror}", self.path, hint)


def path_of(reference: str) -> str:
    """The path in ``wasmtime-cli=PATH``.

    Raises:
        UsageError: there is none, or no file is there.
    """
    path = Path(reference.removeprefix(PREFIX)).expanduser()
    if not path.is_file():
        raise UsageError("there is no such binary", str(path), "write --reference wasmtime-cli=PATH")
    return str(path.resolve())


def _flags(limits: Limits) -> list[str]:
    options = {
        "nan-canonicalization": "y",
        "relaxed-simd-deterministic": "y",
        "function-references": "y",
        "gc": "y",
        "exceptions": "y",
        "threads": "y",
        "shared-memory": "y",
        "max-memory-size": limits.max_memory,
        "max-table-elements": limits.max_table,
        "max-wasm-stack": STACK_BYTES,
        "timeout": f"{max(1, round(limits.deadline))}s",
    }
    return [word for name, value in options.items() for word in ("-W", f"{name}={value}")]


@contextmanager
def _stopped_after(seconds: float, process: subprocess.Popen[bytes]) -> Iterator[list[bool]]:
    """Kills a process that takes longer; the list is not empty afterwards if it did."""
    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(True)
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield stopped
        process.wait()
    finally:
        timer.cancel()
        process.kill()


def _told(stderr: IO[bytes]) -> str:
    stderr.seek(0)
    return stderr.read().decode(errors="replace")


def _ran(dialogue: Dialogue, stderr: str) -> Outcome:
    steps: list[CallOutcome] = [*dialogue.returned]
    whole = len(steps) > len(dialogue.types)
    if not whole:
        trap = _trap(stderr)
        if trap is None:
            return NotRun("unsupported", f"wasmtime-cli: {_last_line(stderr)}")
        steps.append(trap)
    calls, host_calls = tuple(steps[1:]), tuple(dialogue.host_calls)
    return Ran(steps[0], calls, host_calls=host_calls, is_prefix=not whole, times={})


def _effects(done: subprocess.CompletedProcess[bytes], folder: Path) -> Outcome:
    """What a whole program did: it returned if its starter said so, trapped, or exited."""
    stderr, _, report = done.stderr.partition(FAILURE)
    end: CallOutcome = Exited(done.returncode)
    if stderr.endswith(RETURNED):
        end, stderr = Returned(), stderr.removesuffix(RETURNED)
    elif done.returncode != 0 and (report or _trap(stderr.decode(errors="replace"))):
        trap = _trap(f"{stderr.decode(errors='replace')}{report.decode(errors='replace')}")
        if trap is None:
            return NotRun("unsupported", f"wasmtime-cli: {_last_line(report.decode(errors='replace'))}")
        end = trap
    effects = Effects(done.stdout, stderr, digests_of(folder))
    return Ran(Returned(), (end,), effects=effects, times={})


def _trap(stderr: str) -> Trapped | None:
    for text, name in TRAPS.items():
        if re.search(rf"wasm trap: {re.escape(text)}", stderr):
            return Trapped(name, text)
    if UNCAUGHT in stderr:
        return Trapped("uncaught_exception", UNCAUGHT)
    if EXHAUSTED in stderr:
        return Trapped("allocation_too_large", EXHAUSTED)
    return Trapped("host", "") if "wasm trap: " in stderr else None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1].strip()

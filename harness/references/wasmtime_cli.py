"""A user's own `wasmtime` binary: ``--reference wasmtime-cli=PATH``.

Each case is one process, which runs the case's module beside a program that makes its
calls (`harness.references.wasi_caller`). So it costs some milliseconds a case, and it shows
less than the Wasmtime package does: it ends at the first trap, and shows results and
traps, but no memories, tables and globals. Modules with imports are `unsupported`.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import engine
from harness.errors import EnvironmentFailure, UsageError
from harness.executors import Limits, Subject
from harness.outcome import CallOutcome, NotRun, Outcome, Ran, Returned, Trapped
from harness.references import UNCAUGHT
from harness.references.wasi_caller import SUBJECT, NotPossibleError, caller_text, read_results

if TYPE_CHECKING:
    from engine._native import ExportItem

PREFIX = "wasmtime-cli="
STACK_BYTES = 2 << 20
START_SECONDS = 10.0
"""How long a process may take besides its calls, on a machine that is busy."""

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
        if subject.program.imports:
            return NotRun("unsupported", "wasmtime-cli: imports")
        functions = {export["name"]: export for export in subject.exports if export["kind"] == "function"}
        start = time.perf_counter()
        try:
            caller = engine.assemble(caller_text(subject.calls, functions).encode())
            ran = _ran(self._run(subject, caller), subject, functions)
        except NotPossibleError as error:
            return NotRun("unsupported", f"wasmtime-cli: {error}")
        if isinstance(ran, Ran):
            ran.times["run"] = time.perf_counter() - start
        return ran

    def _run(self, subject: Subject, caller: bytes) -> subprocess.CompletedProcess[bytes]:
        with tempfile.TemporaryDirectory(prefix="fencepost-") as folder:
            module, program = Path(folder, "subject.wasm"), Path(folder, "caller.wasm")
            module.write_bytes(subject.case.wasm)
            program.write_bytes(caller)
            command = [self.path, "run", *self._flags(), "--preload", f"{SUBJECT}={module}", str(program)]
            patience = START_SECONDS + self.limits.deadline * (1 + len(subject.calls))
            try:
                return subprocess.run(command, capture_output=True, timeout=patience, check=False)  # noqa: S603
            except subprocess.TimeoutExpired as error:
                return subprocess.CompletedProcess(command, 1, error.stdout or b"", b"wasm trap: interrupt")
            except OSError as error:
                hint = "name a wasmtime binary in --reference wasmtime-cli=PATH"
                raise EnvironmentFailure(f"cannot run it: {error.strerror}", self.path, hint) from None

    def _flags(self) -> list[str]:
        options = {
            "nan-canonicalization": "y",
            "relaxed-simd-deterministic": "y",
            "function-references": "y",
            "gc": "y",
            "exceptions": "y",
            "threads": "y",
            "shared-memory": "y",
            "max-memory-size": self.limits.max_memory,
            "max-table-elements": self.limits.max_table,
            "max-wasm-stack": STACK_BYTES,
            "timeout": f"{max(1, round(self.limits.deadline))}s",
        }
        return [word for name, value in options.items() for word in ("-W", f"{name}={value}")]


def path_of(reference: str) -> str:
    """The path in ``wasmtime-cli=PATH``.

    Raises:
        UsageError: there is none, or no file is there.
    """
    path = Path(reference.removeprefix(PREFIX)).expanduser()
    if not path.is_file():
        raise UsageError("there is no such binary", str(path), "write --reference wasmtime-cli=PATH")
    return str(path.resolve())


def _ran(done: subprocess.CompletedProcess[bytes], subject: Subject, functions: dict[str, ExportItem]) -> Outcome:
    types = [functions[call.export]["results"] for call in subject.calls]
    returned = [Returned(values) for values in read_results(done.stdout, types)]
    steps: list[CallOutcome] = [*returned]
    if len(steps) <= len(types):
        stderr = done.stderr.decode(errors="replace")
        trap = _trap(stderr)
        if trap is None:
            return NotRun("unsupported", f"wasmtime-cli: {_last_line(stderr)}")
        steps.append(trap)
    return Ran(steps[0], tuple(steps[1:]), is_prefix=len(steps) <= len(types), times={})


def _trap(stderr: str) -> Trapped | None:
    for text, name in TRAPS.items():
        if re.search(rf"wasm trap: {re.escape(text)}", stderr):
            return Trapped(name, text)
    if UNCAUGHT in stderr:
        return Trapped("uncaught_exception", UNCAUGHT)
    return Trapped("host", "") if "wasm trap: " in stderr else None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no output"])[-1].strip()

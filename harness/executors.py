"""Executors: ways to run a case in the arena engine.

A `Subject` is a case made ready once: translated, with its calls decided. Every executor
and reference runs the same subject.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict

from xxhash import xxh3_64_intdigest

import engine
from engine.programs import confused, run_lines, translated
from harness.arguments import edge_calls
from harness.case import Call, Case
from harness.limits import Limits, near_limit
from harness.outcome import (
    CallOutcome,
    Counts,
    Effects,
    Escape,
    Escaped,
    Exited,
    HostCall,
    NotRun,
    Outcome,
    Ran,
    Returned,
    RuntimeFault,
    State,
    Trapped,
    Value,
    Witness,
    Written,
)
from harness.program_input import FOLDER, START, WASI, ProgramInput, digests_of, input_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import _native

    _Call = tuple[str, Sequence[int | None]]

ExecutorName = Literal["interpreter", "jit", "jit-unoptimized", "reference"]
Native = Literal["cell", "in-process"]
EXECUTORS: tuple[ExecutorName, ...] = ("interpreter", "jit", "jit-unoptimized", "reference")
MODULE_EXECUTORS = EXECUTORS[:3]
"""What runs modules unless somebody asks for more: Wasmtime is their reference, and ours is slow."""

RELOCATED = "/relocated"
"""Behind the name of an executor whose arena lies elsewhere than usual."""

OUTPUT_BYTES = 16 << 20
"""What a program may write to each of its output streams."""


class Subject:
    """A case that is ready to run.

    Attributes:
        case: as it was given.
        program: its translation, as the case's plan changes it.
        exports: what the module exports.
        input: what it is started with, if it is a whole program, whose imports are those of WASI.
        calls: what the case says, the start of a whole program, or edge cases.

    Raises:
        ValueError: a call or the plan does not fit the module.
        engine.InvalidInput: the module is not valid.
        engine.Unsupported: it needs something that the engine does not have.
        engine.CompileFailure: the front end failed on it.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.program = _program(case)
        self.exports = self.program.exports
        self.input = self._input()
        self.calls = case.calls if case.calls is not None else self._own_calls()
        if case.calls is not None or case.is_clif or self.input is not None:
            self._check_calls()

    def _input(self) -> ProgramInput | None:
        """What the case says; a module that starts and imports WASI is a program without it."""
        if (part := self.case.parts.get("wasi")) is not None:
            return input_from_json(part)
        starts = any(item["name"] == START and item["kind"] == "function" for item in self.exports)
        imports = any(item.get("module") == WASI for item in self.program.imports)
        return ProgramInput() if starts and imports and self.case.calls is None else None

    def _own_calls(self) -> tuple[Call, ...]:
        """The start of a program, the calls of the run lines, or edge cases."""
        if self.input is not None:
            return (Call(START),)
        runs = run_lines(self.case.wasm) if self.case.is_clif else ()
        calls = (Call(run["function"], tuple(map(_value, run["args"]))) for run in runs)
        return tuple(calls) or edge_calls(self.exports, xxh3_64_intdigest(self.case.wasm))

    def _check_calls(self) -> None:
        functions = {export["name"]: export["params"] for export in self.exports if export["kind"] == "function"}
        for call in self.calls:
            check_call(call, functions.get(call.export))


def _program(case: Case) -> engine.Program:
    """The program of a case, which must be the one that its plan and its schedule were made for."""
    program = translated(case.wasm)
    plan, schedule = case.parts.get("plan"), case.parts.get("schedule")
    if not plan and not schedule:
        return program
    what, error = ("plan", engine.PlanError) if plan else ("schedule", engine.ScheduleError)
    wanted = case.parts.get("program_hash")
    if wanted is None:
        raise error(f"a {what} needs the hash of its program, which is {program.hash}")
    if wanted != program.hash:
        raise error(f"the {what} is for the program {wanted}, this one is {program.hash}")
    if plan:
        program = confused(case.wasm, json.dumps(plan))
    return program.corrupted(json.dumps(schedule)) if schedule else program


def check_call(call: Call, params: list[_native.ValType] | None) -> None:
    """Checks a call against the parameters of what it calls, `None` for nothing.

    Raises:
        ValueError: it does not fit.
    """
    if params is None:
        raise ValueError(f"there is no exported function {call.export!r}")
    if [value.type for value in call.args] != params:
        raise ValueError(
            f"{call.export!r} takes ({' '.join(params)}), not {', '.join(map(str, call.args)) or 'nothing'}"
        )
    if any(value.type == "funcref" and value.bits is not None for value in call.args):
        raise ValueError(f"{call.export!r}: a function reference must be null")


class Executor(Protocol):
    """Anything that runs subjects: an engine executor or a reference."""

    @property
    def name(self) -> str:
        """Name in outcomes and verdicts, unique among the executors of one check."""

    def run(self, subject: Subject) -> Outcome:
        """Instantiates the module afresh and makes the calls in order."""


class _Options(TypedDict):
    """What the engine takes for modules and for whole programs."""

    executor: ExecutorName
    mode: Literal["exact", "as-shipped"]
    native: Native
    guard: Literal["guard", "decoy"]
    fuel: int
    deadline: float
    depth: int
    max_memory: int
    max_table: int
    settings: Sequence[tuple[str, str]]
    fault: str | None
    check_objects: bool
    gc_stress: bool
    relocated: bool


@dataclass(frozen=True, slots=True)
class EngineExecutor:
    """One executor of the arena engine with everything that configures it.

    Attributes:
        gc_stress: whether garbage is collected before each allocation, not only where the heap is full.
        relocated: whether its arena lies elsewhere than usual: see `oracles.relocation`.
    """

    executor: ExecutorName
    mode: Literal["exact", "as-shipped"] = "exact"
    guard: Literal["guard", "decoy"] = "guard"
    native: Native = "in-process"
    settings: tuple[tuple[str, str], ...] = ()
    fault: str | None = None
    limits: Limits = field(default_factory=Limits)
    gc_stress: bool = False
    relocated: bool = False

    @property
    def name(self) -> str:
        """The executor, and the kind of run."""
        return f"{self.executor}/{self.mode}" + (RELOCATED if self.relocated else "")

    def _settings(self) -> tuple[tuple[str, str], ...]:
        """The flags of native code: its NaNs are canonical in every kind of run, as the interpreter's are."""
        return () if not self.executor.startswith("jit") else (*self.settings, ("enable_nan_canonicalization", "true"))

    def run(self, subject: Subject) -> Outcome:
        """Runs the subject; never raises for what the subject does.

        Raises:
            ValueError: a setting or a fault that the engine does not know.
            MemoryError: no address space is left, or the system refuses a cell. Something may lie where a
                relocated arena should: that is an outcome.
        """
        limits = self.limits.of(subject)
        options = self._options(subject, limits)
        try:
            if subject.input is not None:
                return _run_program(subject.program, subject.input, _calls(subject.calls), options, limits)
            return _outcome(subject.program.run(_calls(subject.calls), **options), limits)
        except engine.Unsupported as error:
            return NotRun("unsupported", str(error))
        except engine.CompileFailure as error:
            return NotRun("compile-failure", str(error))
        except MemoryError as error:
            if not self.relocated:
                raise
            return NotRun("not-relocated", str(error))

    def save(self, subject: Subject, after: int) -> tuple[Ran, _native.Snapshot | None]:
        """Makes the first ``after`` calls and takes a snapshot; there is none where they ended the run.

        Raises:
            engine.Unsupported: a whole program, or something that the executor lacks.
            engine.CompileFailure: the compiler failed.
            engine.SnapshotError: too much was written.
            MemoryError: as `run`.
        """
        limits = self.limits.of(subject)
        options = self._options(_divisible(subject), limits)
        result = subject.program.run(_calls(subject.calls[:after]), save=True, **options)
        return _outcome(result, limits), result.get("snapshot")

    def resume(self, subject: Subject, snapshot: _native.Snapshot) -> Ran:
        """Makes the calls that are not behind a snapshot.

        Raises:
            engine.SnapshotError: it is none of this run.
            engine.Unsupported, engine.CompileFailure, MemoryError: as `save`.
        """
        limits = self.limits.of(subject)
        options = self._options(_divisible(subject), limits)
        return _outcome(subject.program.run(_calls(subject.calls), resume=snapshot, **options), limits)

    def _options(self, subject: Subject, limits: Limits) -> _Options:
        return {
            "executor": self.executor,
            "mode": self.mode,
            "native": self.native,
            "guard": "guard" if self.relocated else self.guard,
            "fuel": limits.fuel,
            "deadline": limits.deadline,
            "depth": limits.depth,
            "max_memory": limits.max_memory,
            "max_table": limits.max_table,
            "settings": self._settings(),
            "fault": self.fault,
            "check_objects": self.executor == "interpreter" and not subject.case.is_confused,
            "gc_stress": self.gc_stress,
            "relocated": self.relocated,
        }


def _divisible(subject: Subject) -> Subject:
    """The subject, unless it is a whole program, whose files and streams no snapshot holds.

    Raises:
        engine.Unsupported: it is one.
    """
    if subject.input is not None:
        raise engine.Unsupported("snapshot of a whole program")
    return subject


def _calls(calls: Sequence[Call]) -> list[_Call]:
    """Calls as the engine takes them."""
    return [(call.export, [value.bits for value in call.args]) for call in calls]


def _run_program(
    program: engine.Program, given: ProgramInput, calls: Sequence[_Call], options: _Options, limits: Limits
) -> Ran:
    """Runs a whole program over a fresh copy of its folder, in a world that is the same every time."""
    with given.folder() as folder:
        result = engine.run_wasi(
            program,
            args=given.argv,
            env=list(given.env.items()),
            preopens=[(folder, FOLDER)],
            stdin=given.stdin,
            capture=OUTPUT_BYTES,
            calls=calls,
            repeatable=True,
            attacks=True,
            **options,
        )
        files = digests_of(folder)
    outputs = (result["stdout"], result["stderr"])
    ran = _outcome(result, limits)
    full = any(len(output) == OUTPUT_BYTES for output in outputs)
    return replace(ran, effects=Effects(*outputs, files, frozenset(result["wasi_calls"])), cut=full)


def _outcome(result: _native.RunResult, limits: Limits) -> Ran:
    state = State(
        memories={memory["index"]: (memory["pages"], memory["digest"]) for memory in result["memories"]},
        tables={table["index"]: (table["size"], tuple(table["elements"])) for table in result["tables"]},
        globals={entry["index"]: _value(entry["value"]) for entry in result["globals"]},
    )
    return Ran(
        instantiation=_call(result["instantiation"]),
        calls=tuple(map(_call, result["calls"])),
        state=state,
        host_calls=tuple(
            HostCall(call["module"], call["name"], tuple(map(_value, call["args"]))) for call in result["host_calls"]
        ),
        escapes=tuple(map(_escape, result["escapes"])),
        witnesses=tuple(map(_witness, result["witnesses"])),
        written=tuple(Written(**entry) for entry in result["written"]),
        events=result["events"],
        arena_digest=result["arena_digest"],
        base=result["base"],
        counts=Counts(**result["counts"]),
        fault_triggered=result["fault_triggered"],
        near_limit=near_limit(state, limits),
        times=result["times"],
    )


def _call(result: _native.CallResult) -> CallOutcome:
    if "values" in result:
        return Returned(tuple(map(_value, result["values"])))
    if "trap" in result:
        return Trapped(result["trap"], result.get("site"))
    if "escape" in result:
        return Escaped(_escape(result["escape"]))
    if "runtime_fault" in result:
        return RuntimeFault(result["runtime_fault"])
    return Exited(result["exit"])


def _value(value: _native.Value) -> Value:
    return Value(value["type"], value["bits"])


def _witness(witness: _native.Witness) -> Witness:
    return Witness(
        known=witness["known"],
        executed=witness["executed"],
        access=witness.get("access"),
        offset=witness.get("offset"),
        width=witness.get("width"),
        in_object=witness.get("in_object"),
    )


def _escape(escape: _native.Escape) -> Escape:
    named = ("kind", "access", "offset", "site")
    details: dict[str, Any] = {name: value for name, value in escape.items() if name not in named}
    return Escape(escape["kind"], escape["access"], escape["offset"], escape["site"], details)

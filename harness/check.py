"""The main job: a case in, a verdict out.

Every command comes to this function, and plain tests call it too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import engine
from harness.coverage import Census, census_of
from harness.executors import Executor, Subject
from harness.outcome import Ran, RuntimeFault
from harness.plugins import third_party_oracles
from harness.verdict import Kind, Verdict, worst
from oracles.completion import CompletionOracle, generic
from oracles.containment import ContainmentOracle
from oracles.control_flow import ControlFlowOracle
from oracles.differential import DifferentialOracle
from oracles.expectation import ExpectationOracle
from oracles.relocation import RelocationOracle
from oracles.snapshot import SnapshotOracle
from oracles.wasmtime import WasmtimeOracle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.case import Case
    from harness.outcome import Outcome
    from oracles.protocol import Oracle

ORACLES: tuple[Oracle, ...] = (
    ContainmentOracle(),
    ControlFlowOracle(),
    DifferentialOracle(),
    ExpectationOracle(),
    WasmtimeOracle(),
    RelocationOracle(),
    SnapshotOracle(),
    CompletionOracle(),
)
FRONT_END = "front end"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check came to.

    Attributes:
        outcomes: by executor; empty where the front end did not let the case in.
        seconds: by stage: ``front end``, each executor, ``oracles``, ``census``.
        census: what its program contains.
    """

    verdict: Verdict
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    census: Census = field(default_factory=Census)


def check(case: Case, executors: Sequence[Executor]) -> Checked:
    """Runs a case in all ``executors`` and judges it.

    Raises:
        engine.InvalidInput: the module is not valid.
        ValueError: a call that does not fit the module.
        MemoryError: no address space is left.
    """
    seconds: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        seconds[stage] = seconds.get(stage, 0.0) + now - clock
        clock = now

    try:
        subject = prepare(case)
    except engine.Unsupported as error:
        return Checked(Verdict(Kind.INCOMPLETE, FRONT_END, generic(str(error)), str(error)), seconds=seconds)
    except engine.CompileFailure as error:
        return Checked(Verdict(Kind.COMPILE_FAILURE, FRONT_END, generic(str(error)), str(error)), seconds=seconds)
    lap(FRONT_END)
    outcomes = {}
    for executor in executors:
        outcomes[executor.name] = _run(executor, subject)
        lap(executor.name)
    verdict = worst(oracle.judge(case, outcomes) for oracle in (*ORACLES, *third_party_oracles()))
    lap("oracles")
    census = census_of(subject.program)
    lap("census")
    return Checked(verdict, outcomes, seconds, census)


def _run(executor: Executor, subject: Subject) -> Outcome:
    """The outcome; a panic that came through to Python is a runtime fault."""
    try:
        return executor.run(subject)
    except engine.PanicException as error:
        return Ran(RuntimeFault(str(error)))


def prepare(case: Case) -> Subject:
    """Makes a case ready to run.

    Raises:
        engine.Unsupported: a header part that this version does not act on, or a feature
            that the engine lacks.
        engine.CompileFailure: the front end failed.
        engine.InvalidInput: the module is not valid.
        engine.PlanError: the plan does not fit it.
        engine.ScheduleError: what the schedule says is no schedule.
    """
    if case.parts.get("modules"):
        raise engine.Unsupported("case header: modules")
    return Subject(case)

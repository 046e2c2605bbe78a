"""The rate of corrupted cases: a schedule resolved, the program instantiated, its calls made, its traces read.

One program, many schedules of one write each; the front end and the compiler run once. A rate is
cases per second of processor time, so that a busy machine changes it little. A case is what the
engine does for it, and the crossing to Python and back.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.programs import translated
from generators.corpus import CorpusGenerator
from generators.corrupt import CorruptGenerator
from generators.entropy import PrngEntropy
from harness.case import Case
from tests.bench.confusion import FUEL, PROGRAMS, STOPPED, assembled

if TYPE_CHECKING:
    from engine._native import Executor

EXECUTORS: tuple[Executor, ...] = ("interpreter", "jit")
DEADLINE = 0.1
CALLS = 3


@dataclass(frozen=True, slots=True)
class CorruptionRate:
    """One executor's rate over all programs.

    Attributes:
        ending_per_second: the rate of the cases that nobody had to stop.
        written: share of cases whose write was made.
        microseconds: wall time of the engine's stages for a case, largest first.
    """

    executor: str
    cases_per_second: float
    ending_per_second: float
    written: float
    microseconds: dict[str, float]


def corruption_rates(schedules: int) -> list[CorruptionRate]:
    """Measures each executor with ``schedules`` schedules for each program, as shipped."""
    drawn = [(wasm, _cases(wasm, schedules)) for wasm in map(assembled, PROGRAMS)]
    return [_rate(executor, drawn) for executor in EXECUTORS]


def _cases(wasm: bytes, count: int) -> list[Case]:
    """Cases that every executor can run."""
    generator = CorruptGenerator(CorpusGenerator([Case(wasm)]), PrngEntropy(1, 0))
    cases = (generator.generate(PrngEntropy(1, index)) for index in range(2 * count))
    return [case for case in cases if case.is_corrupted and case.is_corrupted_alike][:count]


def _rate(executor: Executor, drawn: list[tuple[bytes, list[Case]]]) -> CorruptionRate:
    stages: dict[str, float] = {}
    cases = ending = written = 0
    elapsed = spent_ending = 0.0
    for wasm, corrupted in drawn:
        program = translated(wasm)
        for case in corrupted:
            schedule = json.dumps(case.parts["schedule"][:1])
            calls = [(call.export, [value.bits for value in call.args]) for call in (case.calls or ())[:CALLS]]
            start = time.process_time()
            result = program.corrupted(schedule).run(
                calls, executor=executor, mode="as-shipped", fuel=FUEL, deadline=DEADLINE
            )
            spent = time.process_time() - start
            cases += 1
            elapsed += spent
            written += "offset" in result["written"][0]
            if not any(call.get("trap") in STOPPED for call in result["calls"]):
                ending += 1
                spent_ending += spent
            for stage, seconds in result["times"].items():
                stages[stage] = stages.get(stage, 0.0) + seconds
    microseconds = {stage: stages[stage] / cases * 1e6 for stage in sorted(stages, key=lambda stage: -stages[stage])}
    return CorruptionRate(executor, cases / elapsed, ending / spent_ending, written / cases, microseconds)

"""The rate of confused cases: plans applied, the changed function compiled, and run.

One program, many plans of one entry each; the front end runs once. A rate is cases per
second of processor time, so that a busy machine changes it little. A case is what the
engine does for it: apply the plan, prepare and compile what it changed, link, instantiate,
make the calls, look at what is left.

Some plans make loops without an end, which run until their fuel or time is up: each costs
as much as dozens of others, and says something of the limits only. So the rate of those
that end stands beside that of all.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import engine
from engine.programs import translated
from generators.confuse import ConfuseGenerator
from generators.corpus import CorpusGenerator
from generators.entropy import PrngEntropy
from harness.arguments import edge_calls
from harness.case import Case

if TYPE_CHECKING:
    from engine._native import Executor

CORPUS = Path(__file__).parents[2] / "corpus"
PROGRAMS = ("call_indirect_signatures", "access_narrow", "table_fill_get_set", "memory_exact_check")
EXECUTORS: tuple[Executor, ...] = ("jit", "interpreter")
CALLS = 3
FUEL = 100_000
DEADLINE = 0.1
STOPPED = ("out_of_fuel", "interrupt")
"""Traps of calls that were stopped."""


@dataclass(frozen=True, slots=True)
class ConfusionRate:
    """One executor's rate over all programs.

    Attributes:
        ending_per_second: the rate of the cases that nobody had to stop.
        stopped: share of the others.
        stages: share of the wall time of the engine's stages, largest first.
    """

    executor: str
    cases_per_second: float
    ending_per_second: float
    stopped: float
    stages: dict[str, float]


def confusion_rates(plans: int) -> list[ConfusionRate]:
    """Measures each executor with ``plans`` plans for each program, as shipped."""
    programs = [translated(assembled(name)) for name in PROGRAMS]
    drawn = [_plans(assembled(name), plans) for name in PROGRAMS]
    return [_rate(executor, programs, drawn) for executor in EXECUTORS]


def assembled(name: str) -> bytes:
    """A seed of the corpus in binary format."""
    return engine.assemble((CORPUS / f"{name}.wat").read_bytes())


def _plans(wasm: bytes, count: int) -> list[str]:
    """Plans of one entry each."""
    generator = ConfuseGenerator(CorpusGenerator([Case(wasm)]), PrngEntropy(1, 0))
    cases = (generator.generate(PrngEntropy(1, index)) for index in range(count))
    return [json.dumps(case.parts["plan"][:1]) for case in cases]


def _rate(executor: Executor, programs: list[engine.Program], drawn: list[list[str]]) -> ConfusionRate:
    stages: dict[str, float] = {}
    cases = stopped = 0
    ending = elapsed = 0.0
    for program, plans in zip(programs, drawn, strict=True):
        calls = [(call.export, [value.bits for value in call.args]) for call in edge_calls(program.exports, 0)][:CALLS]
        for plan in plans:
            start = time.process_time()
            confused = program.confused(plan)
            result = confused.run(calls, executor=executor, mode="as-shipped", fuel=FUEL, deadline=DEADLINE)
            spent = time.process_time() - start
            elapsed += spent
            if any(call.get("trap") in STOPPED for call in result["calls"]):
                stopped += 1
            else:
                ending += spent
            for stage, seconds in result["times"].items():
                stages[stage] = stages.get(stage, 0.0) + seconds
            cases += 1
    whole = sum(stages.values()) or 1.0
    shares = {stage: stages[stage] / whole for stage in sorted(stages, key=lambda stage: -stages[stage])}
    return ConfusionRate(executor, cases / elapsed, (cases - stopped) / ending, stopped / cases, shares)

"""What a cell costs: calls and faults there and back, its start, and the rate of a campaign.

Each figure stands beside that of native code in the same process. Calls and faults are those
of one run, so they include what the engine does around any call; medians of some rounds.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import engine
from tests.bench.campaign import measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine._native import CallResult
    from harness.executors import Native

MODULE = b"""(module (memory 1)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "ask") (param i32) (result i32) (memory.grow (i32.const 0))))"""
OUTSIDE = 1 << 16
CALLS = 2000
ROUNDS = 9
STARTS = 25
CAMPAIGNS = 3
PLACES: tuple[Native, ...] = ("in-process", "cell")


@dataclass(frozen=True, slots=True)
class CellCosts:
    """Microseconds of native code in one place, and the rate of a campaign there.

    Attributes:
        call: there and back.
        service: what a call that asks for one builtin costs.
        fault: a call that ends in a fault which is caught and judged.
        start: from nothing to a cell that waits for its first call, and its end; 0 in process.
        cases_per_second: decided cases of a campaign; 0 if none was run.
    """

    native: Native
    call: float
    service: float
    fault: float
    start: float
    cases_per_second: float


def cell_costs(cases: int) -> list[CellCosts]:
    """Measures both places in turns; nothing on a machine without cells."""
    if engine.cell_refusal() is not None:
        return []
    rates: dict[Native, list[float]] = {native: [0.0] for native in PLACES}
    for _ in range(CAMPAIGNS if cases else 0):
        for native in PLACES:
            rates[native].append(measure(cases, native).decided_per_second)
    return [_costs(native, max(rates[native])) for native in PLACES]


def _costs(native: Native, rate: float) -> CellCosts:
    program = engine.Program(engine.assemble(MODULE))
    inside, outside = {"values": [{"type": "i32", "bits": 0}]}, "heap_out_of_bounds"
    call = _each(program, native, ("load", [0]), lambda result: result == inside)
    service = _each(program, native, ("ask", [0]), lambda result: "values" in result)
    fault = _each(program, native, ("load", [OUTSIDE]), lambda result: result.get("trap") == outside)
    return CellCosts(native, call, service, fault, _start() if native == "cell" else 0.0, rate)


def _each(
    program: engine.Program, native: Native, call: tuple[str, list[int]], expected: Callable[[CallResult], bool]
) -> float:
    """Microseconds of one of many equal calls.

    Raises:
        ValueError: one came to something else.
    """
    rounds = []
    for _ in range(ROUNDS):
        result = program.run([call] * CALLS, executor="jit", mode="as-shipped", native=native)
        if not all(map(expected, result["calls"])):
            raise ValueError(f"{call} in {native}: {result['calls'][0]}")
        rounds.append(result["times"]["run"] / CALLS * 1e6)
    return statistics.median(rounds)


def _start() -> float:
    """Microseconds of a start and an end."""
    rounds = []
    for _ in range(STARTS):
        begun = time.perf_counter()
        engine.cell_refusal()
        rounds.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(rounds)

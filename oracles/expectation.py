"""Calls give what the case itself says that they give.

CLIF text may have run lines such as ``; run: %f(1) == 2``. Every exact run must return the
values of such a line, or others where the line says ``!=``. A header may say with a call what
it must come to: values, or a trap. As-shipped runs are not held to either: they keep undefined
behaviour, and may remember what an attack has changed since.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from engine.programs import run_lines
from harness.outcome import CallOutcome, Outcome, Ran, Returned, Trapped
from harness.verdict import CLEAN, Kind, Verdict
from oracles.comparison import TAINTS
from oracles.protocol import is_exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine import _native
    from harness.case import Call, Case


class ExpectationOracle:
    """Compares exact runs with the run lines of a program in CLIF, and with what a header expects of its calls."""

    name = "expectation"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH` or `CLEAN`."""
        if case.is_tampered_with:
            return CLEAN
        for name, outcome in outcomes.items():
            if is_exact(name) and isinstance(outcome, Ran):
                for detail, evidence in _broken(case, outcome):
                    return Verdict(Kind.MISMATCH, self.name, detail, f"{name}: {evidence}")
        return CLEAN


def _broken(case: Case, ran: Ran) -> Iterator[tuple[str, str]]:
    """What the case expects and the run does not do: a stable token, and both sides."""
    if case.calls is not None:
        yield from _unmet(case.calls, ran)
    elif case.is_clif:
        for run, call in zip(run_lines(case.wasm), ran.calls, strict=False):
            if not _holds(run, call):
                yield "run line", _evidence(run, call)


def _unmet(calls: Sequence[Call], ran: Ran) -> Iterator[tuple[str, str]]:
    """Calls that came to something else, up to one that ran into a limit: from there on nothing is certain.

    Where there is no instance, no call came to what it should.
    """
    there = isinstance(ran.instantiation, Returned)
    steps = ran.calls if there else itertools.repeat(ran.instantiation)
    for number, (call, step) in enumerate(zip(calls, steps, strict=False), start=1):
        if call.expect not in (None, step):
            if isinstance(step, Trapped) and step.trap in TAINTS:
                return
            yield "call", f"call {number}, {call.export}: {step}, expected {call.expect}"


def _holds(run: _native.RunLine, call: CallOutcome) -> bool:
    """Whether a call came to what its run line says; a line that only prints says nothing but that it returns."""
    if not isinstance(call, Returned):
        return False
    if "results" not in run:
        return True
    values = [(value.type, value.bits) for value in call.values]
    expected = [(value["type"], value["bits"]) for value in run["results"]]
    return (values == expected) is run["equal"]


def _evidence(run: _native.RunLine, call: CallOutcome) -> str:
    values = ", ".join(f"{value['type']} {value['bits']:#x}" for value in run.get("results", ()))
    relation = "" if run["equal"] else "not "
    return f"line {run['line']}, %{run['function']}: {call}, expected {relation}{values or 'a return'}"

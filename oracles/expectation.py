"""Calls give what the program itself says that they give.

CLIF text may have run lines such as ``; run: %f(1) == 2``. Every exact run must return the
values of such a line, or others where the line says ``!=``. As-shipped runs are not held to
it: they keep undefined behaviour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.programs import run_lines
from harness.outcome import CallOutcome, Outcome, Ran, Returned
from harness.verdict import CLEAN, Kind, Verdict
from oracles.protocol import is_exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine import _native
    from harness.case import Case


class ExpectationOracle:
    """Compares exact runs with the run lines of a program in CLIF."""

    name = "expectation"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH` or `CLEAN`."""
        if not case.is_clif or case.calls is not None or case.is_confused:
            return CLEAN
        runs = run_lines(case.wasm)
        for name, outcome in outcomes.items():
            if is_exact(name) and isinstance(outcome, Ran):
                for run, call in zip(runs, outcome.calls, strict=False):
                    if not _holds(run, call):
                        return Verdict(Kind.MISMATCH, self.name, "run line", _evidence(name, run, call))
        return CLEAN


def _holds(run: _native.RunLine, call: CallOutcome) -> bool:
    """Whether a call came to what its run line says; a line that only prints says nothing but that it returns."""
    if not isinstance(call, Returned):
        return False
    if "results" not in run:
        return True
    values = [(value.type, value.bits) for value in call.values]
    expected = [(value["type"], value["bits"]) for value in run["results"]]
    return (values == expected) is run["equal"]


def _evidence(name: str, run: _native.RunLine, call: CallOutcome) -> str:
    values = ", ".join(f"{value['type']} {value['bits']:#x}" for value in run.get("results", ()))
    relation = "" if run["equal"] else "not "
    return f"{name}: line {run['line']}, %{run['function']}: {call}, expected {relation}{values or 'a return'}"

"""The engine agrees with Wasmtime on everything that both can show.

A confused program is none of Wasmtime's business: it never sees the confusion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Outcome, Ran
from harness.verdict import CLEAN, Verdict, worst
from oracles.comparison import compare
from oracles.differential import verdict_of
from oracles.protocol import is_exact, is_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.case import Case


class WasmtimeOracle:
    """Compares one run of the engine, an exact one if there is any, with every reference."""

    name = "wasmtime"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH`, `POISONED` or `CLEAN`."""
        runs = {name: run for name, run in outcomes.items() if isinstance(run, Ran)}
        ours = sorted((name for name in runs if not is_reference(name)), key=lambda name: not is_exact(name))
        if case.is_confused or not ours:
            return CLEAN
        references = (name for name in runs if is_reference(name))
        return worst(verdict_of(self.name, ours[0], name, compare(runs[ours[0]], runs[name])) for name in references)

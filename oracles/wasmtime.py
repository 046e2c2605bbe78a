"""The engine agrees with Wasmtime on everything that both can show.

A confused module is none of Wasmtime's business: it never sees the confusion; nor does it see
what a schedule writes to VM data. Of a program
in CLIF it runs the translation of what exact runs execute, confusion included, so exact
runs must agree with it, and show the same arena.
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
        ours = [name for name in runs if not is_reference(name) and (is_exact(name) or not case.is_clif)]
        if not ours or case.is_corrupted or (case.is_confused and not case.is_clif):
            return CLEAN
        best = min(ours, key=lambda name: not is_exact(name))
        references = (name for name in runs if is_reference(name))
        return worst(self._verdict(case, (best, runs[best]), (name, runs[name])) for name in references)

    def _verdict(self, case: Case, ours: tuple[str, Ran], theirs: tuple[str, Ran]) -> Verdict:
        images = theirs[1].arena_digest is not None
        difference = compare(ours[1], theirs[1], images=images, any_address=case.is_clif)
        return verdict_of(self.name, ours[0], theirs[0], difference)

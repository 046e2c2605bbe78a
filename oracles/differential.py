"""The executors of the arena engine agree among themselves.

Exact runs agree bit for bit, arena images included. As-shipped runs of a module that
nobody confused agree in what Wasm defines; others need not, since their flags do not tell
the truth: those of a confused program no longer, those of a program in CLIF whatever its
author wrote. Where only some executors make the writes of a schedule, nothing is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Outcome, Ran
from harness.verdict import CLEAN, Kind, Verdict, poisoned, worst
from oracles.comparison import Difference, compare
from oracles.protocol import is_exact, is_reference, original

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.case import Case


class DifferentialOracle:
    """Compares every run of the engine with the first of them, exact runs first."""

    name = "differential"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH`, `POISONED` or `CLEAN`."""
        if not case.is_corrupted_alike:
            return CLEAN
        runs = [(name, run) for name, run in outcomes.items() if isinstance(run, Ran) and _is_own(name)]
        if case.may_address_anything:
            runs = [(name, run) for name, run in runs if is_exact(name)]
        runs.sort(key=lambda entry: not is_exact(entry[0]))
        any_address = case.may_address_anything
        return worst(self._verdict(runs[0], run, any_address=any_address) for run in runs[1:])

    def _verdict(self, first: tuple[str, Ran], second: tuple[str, Ran], *, any_address: bool) -> Verdict:
        exact = is_exact(first[0]) and is_exact(second[0])
        difference = compare(first[1], second[1], same_depth=exact, images=exact, any_address=any_address)
        return verdict_of(self.name, first[0], second[0], difference)


def _is_own(name: str) -> bool:
    """Whether it is a run of the engine, and the first of its kind: others are compared with that one."""
    return not is_reference(name) and original(name) is None


def verdict_of(oracle: str, left: str, right: str, difference: Difference | None) -> Verdict:
    """The verdict on a comparison of the runs called ``left`` and ``right``."""
    if difference is None:
        return CLEAN
    evidence = f"{left} against {right}: {difference.evidence}"
    if difference.reason is not None:
        return poisoned(difference.reason, oracle, evidence)
    return Verdict(Kind.MISMATCH, oracle, difference.detail, evidence)

"""Containment: did any access or jump leave the arena, its guards or the code table?

This oracle judges every run, exact or as shipped, confused or not: it is the promise of
the design. Escapes seen afterwards (a changed canary, a decoy) count as those that
faulted. Trusted code that panicked is a finding of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Escape, Escaped, Outcome, Ran, RuntimeFault
from harness.verdict import Kind, Verdict, worst
from oracles.completion import generic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.case import Case


class ContainmentOracle:
    """Reports escapes and runtime faults."""

    name = "containment"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`ESCAPE`, `RUNTIME_FAULT` or `CLEAN`."""
        del case
        runs = ((name, outcome) for name, outcome in outcomes.items() if isinstance(outcome, Ran))
        return worst(verdict for name, run in runs for verdict in self._verdicts(name, run))

    def _verdicts(self, name: str, run: Ran) -> Iterator[Verdict]:
        for number, step in enumerate(run.steps):
            if isinstance(step, Escaped):
                yield self._escape(name, f"call {number}", step.escape)
            elif isinstance(step, RuntimeFault):
                evidence = f"{name}: call {number}: {step.message}"
                yield Verdict(Kind.RUNTIME_FAULT, self.name, generic(step.message), evidence)
        for escape in run.escapes:
            yield self._escape(name, "after the run", escape)

    def _escape(self, name: str, when: str, escape: Escape) -> Verdict:
        detail = " ".join(part for part in (escape.kind, escape.access) if part)
        return Verdict(Kind.ESCAPE, self.name, detail, f"{name}: {when}: {escape}")

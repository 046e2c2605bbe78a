"""Containment: did any access leave the arena and its guards?

This oracle judges every run, exact or as shipped, confused or not: it is the promise of
the design. Escapes seen afterwards (a changed canary, a decoy) count as those that
faulted. A confused program may hit anything inside the arena, the canaries between the
areas among it. Trusted code that panicked is a finding of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Escape, Escaped, Outcome, Ran, RuntimeFault
from harness.verdict import Kind, Verdict, worst
from oracles.completion import generic
from oracles.control_flow import EXECUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.case import Case

INSIDE = ("canary", "object")
"""Kinds of escape that do not leave the arena."""


class ContainmentOracle:
    """Reports escapes and runtime faults."""

    name = "containment"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`ESCAPE`, `RUNTIME_FAULT` or `CLEAN`."""
        inside = INSIDE if case.is_confused else ()
        runs = ((name, outcome) for name, outcome in outcomes.items() if isinstance(outcome, Ran))
        return worst(verdict for name, run in runs for verdict in self._verdicts(name, run, inside))

    def _verdicts(self, name: str, run: Ran, inside: Sequence[str]) -> Iterator[Verdict]:
        for number, step in enumerate(run.steps):
            if isinstance(step, Escaped) and step.escape.access != EXECUTE:
                yield self._escape(name, f"call {number}", step.escape)
            elif isinstance(step, RuntimeFault):
                evidence = f"{name}: call {number}: {step.message}"
                yield Verdict(Kind.RUNTIME_FAULT, self.name, generic(step.message), evidence)
        for escape in run.escapes:
            if escape.access != EXECUTE and escape.kind not in inside:
                yield self._escape(name, "after the run", escape)

    def _escape(self, name: str, when: str, escape: Escape) -> Verdict:
        detail = " ".join(part for part in (escape.kind, escape.access) if part)
        return Verdict(Kind.ESCAPE, self.name, detail, f"{name}: {when}: {escape}")

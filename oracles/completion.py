"""Did everything run that should? Compiler failures are findings, missing features are not.

Nor may a validator refuse what our front end took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import NotRun, Outcome
from harness.verdict import Kind, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.case import Case

KINDS = {
    "unsupported": Kind.INCOMPLETE,
    "compile-failure": Kind.COMPILE_FAILURE,
    "invalid": Kind.MISMATCH,
}
DETAIL_LENGTH = 80


class CompletionOracle:
    """Reports executors and references that could not run the case."""

    name = "completion"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH`, `COMPILE_FAILURE`, `INCOMPLETE` or `CLEAN`."""
        del case
        not_run = [(name, outcome) for name, outcome in outcomes.items() if isinstance(outcome, NotRun)]
        return worst(self._verdict(name, outcome) for name, outcome in not_run if outcome.kind in KINDS)

    def _verdict(self, name: str, outcome: NotRun) -> Verdict:
        """The detail is the reason's first line, without what differs from case to case."""
        return Verdict(KINDS[outcome.kind], self.name, generic(outcome.reason), f"{name}: {outcome.reason}")


def generic(message: str) -> str:
    """A message without its numbers, so that like messages have one key."""
    first = (message.splitlines() or [""])[0]
    return "".join("N" if char.isdigit() else char for char in first)[:DETAIL_LENGTH]

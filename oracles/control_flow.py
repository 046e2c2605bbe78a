"""Control flow: was only code of the code table entered, and only by those who may?

An indirect call must enter an entry of the code table whose signature is the one that the
call site expects, and a return must go back to the call that it belongs to. This oracle
judges every run, confused or not. Its evidence:

- The interpreter's monitor sees each indirect call, by the ids in the code table, and each
  return, by a list of callers of its own.
- Native code's monitor sees each indirect call that found an entry of another signature and
  went on; in exact runs, also calls that returned with another depth than they began with.
- The processor faults at a jump to what is not code of the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.outcome import Escape, Escaped, Outcome, Ran
from harness.verdict import Kind, Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.case import Case

EXECUTE = "execute"
"""The access of a jump; all others are for `oracles.containment`."""


class ControlFlowOracle:
    """Reports jumps, calls and returns that went where they must not."""

    name = "control flow"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`ESCAPE` or `CLEAN`."""
        del case
        runs = ((name, outcome) for name, outcome in outcomes.items() if isinstance(outcome, Ran))
        return worst(verdict for name, run in runs for verdict in self._verdicts(name, run))

    def _verdicts(self, name: str, run: Ran) -> Iterator[Verdict]:
        for number, step in enumerate(run.steps):
            if isinstance(step, Escaped) and step.escape.access == EXECUTE:
                yield self._verdict(f"{name}: call {number}", "jump", step.escape)
        for escape in run.escapes:
            if escape.access == EXECUTE:
                yield self._verdict(f"{name}: monitor", escape.kind, escape)

    def _verdict(self, where: str, detail: str, escape: Escape) -> Verdict:
        return Verdict(Kind.ESCAPE, self.name, detail, f"{where}: {escape}")

"""A run goes on from a snapshot as if it had never stopped.

A snapshot between two calls, written to bytes, read in another process, and gone on with at
another base: exact runs in another executor, as-shipped runs in the same one, whose flags need
not tell others the truth. The whole comes to what the uninterrupted run came to, arena
image included. So nothing that matters is kept anywhere but in the arena and in what a
snapshot says besides (`engine/src/run/snapshot.rs`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.verdict import worst
from oracles.repetition import repeated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.case import Case
    from harness.outcome import Outcome
    from harness.verdict import Verdict

WAY = "resumed"


class SnapshotOracle:
    """Compares each run that was taken apart with the one that was not."""

    name = "snapshot"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH`, `POISONED` or `CLEAN`."""
        return worst(repeated(self.name, case, outcomes, WAY))

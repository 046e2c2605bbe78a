"""Nothing depends on where the arena lies.

VM data holds offsets, no address. So a run whose arena lies elsewhere, where the bases differ
in every bit from 16 to 46, comes to the same, and leaves the same image bit for bit: an
address of the host that got into VM data, or into a value, would be another one.

This holds of every executor in every kind of run, of confused programs too: the same code runs
on the same bytes. As-shipped native code may run out of stack at the same call only, too,
since the stack is as long. What time or fuel ended is `poisoned`, as ever, and so is what a
null base ended in confused programs and CLIF. The interpreters reach no byte by address, and
lie wherever the allocator puts them.
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

WAY = "relocated"


class RelocationOracle:
    """Compares each run whose arena lay elsewhere with the one that it repeats."""

    name = "relocation"

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """`MISMATCH`, `POISONED` or `CLEAN`."""
        return worst(repeated(self.name, case, outcomes, WAY))

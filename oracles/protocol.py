"""What an oracle is.

Outcomes come by the name of who ran the case: ``interpreter/exact`` and the like for the
arena engine, a name without a slash for a reference. A third part says that the engine ran
the case again in another way, which must make no difference: ``jit/exact/relocated``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.case import Case
    from harness.outcome import Outcome
    from harness.verdict import Verdict


class Oracle(Protocol):
    """Decides one property of a case from its outcomes. Has no state."""

    @property
    def name(self) -> str:
        """Name in verdicts."""

    def judge(self, case: Case, outcomes: Mapping[str, Outcome]) -> Verdict:
        """The verdict, `CLEAN` where this oracle has nothing to say."""


def is_reference(name: str) -> bool:
    """Whether a reference made the outcome of this name."""
    return "/" not in name


def is_exact(name: str) -> bool:
    """Whether an exact run of the engine made the outcome of this name."""
    return name.endswith("/exact")


def original(name: str) -> tuple[str, str] | None:
    """Whom another run of the engine repeats, and in which way; `None` for the name of anything else."""
    executor, mode, way = (*name.split("/"), "", "")[:3]
    return (f"{executor}/{mode}", way) if way else None

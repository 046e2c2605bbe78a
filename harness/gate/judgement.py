"""What a gate makes of one verdict, given what was expected.

The rules, in order. A case whose header expects something must come to exactly that:
equal passes, different fails, whatever the difference. Any other case must not be a
finding, unless the baseline accepts the finding's key. `poisoned` and `incomplete` pass,
but stay visible as undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from harness.verdict import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.case import Expectation
    from harness.verdict import Verdict


class Status(StrEnum):
    """How a case passed, or that it did not."""

    PASSED = "passed"
    KNOWN = "known"
    UNDECIDED = "undecided"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict against what was expected.

    Attributes:
        expected: the key or verdict that the header expects; empty if it expects nothing.
        reason: why a known result is accepted, in the words of the header or baseline.
        by_baseline: whether it is the baseline that accepts it.
    """

    status: Status
    expected: str = ""
    reason: str = ""
    by_baseline: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One line of a gate's report: a replayed case, or all generated cases of one finding.

    Attributes:
        name: the case for people, a file or ``case I of seed S``.
        file: the file that holds the case; `None` if it could not be kept.
        cases: how many cases came to this; only the first is in `file`.
        seconds: how long the case took; 0 for generated cases.
    """

    name: str
    file: Path | None
    verdict: Verdict
    judgement: Judgement
    cases: int = 1
    seconds: float = 0.0

    @property
    def status(self) -> Status:
        """How it passed, or that it did not."""
        return self.judgement.status

    @property
    def words(self) -> str:
        """What it came to, with what was expected where that matters."""
        return words(self.verdict, self.judgement)


def judge(verdict: Verdict, expect: Expectation | None, accepted: Mapping[str, str]) -> Judgement:
    """Applies the rules.

    Args:
        verdict: what the case came to.
        expect: what its header expects.
        accepted: reasons by finding key, from a baseline.
    """
    if expect is not None:
        expected = expect.key or expect.verdict
        if verdict.kind is not Kind(expect.verdict) or expect.key not in ("", verdict.key):
            return Judgement(Status.FAILED, expected, expect.reason)
        return Judgement(Status.PASSED if verdict.kind is Kind.CLEAN else Status.KNOWN, expected, expect.reason)
    if verdict.kind is Kind.CLEAN:
        return Judgement(Status.PASSED)
    if not verdict.kind.is_finding:
        return Judgement(Status.UNDECIDED)
    if verdict.key in accepted:
        return Judgement(Status.KNOWN, reason=accepted[verdict.key], by_baseline=True)
    return Judgement(Status.FAILED)


def words(verdict: Verdict, judgement: Judgement) -> str:
    """A judged verdict in words."""
    reason = f" ({judgement.reason})" if judgement.reason else ""
    if judgement.by_baseline:
        return f"{verdict.key}, accepted by the baseline{reason}"
    if not judgement.expected:
        return verdict.key
    if judgement.status is Status.FAILED:
        return f"{verdict.key}, expected {judgement.expected}{reason}"
    if verdict.kind.is_finding and not reason:
        reason = " (no reason given)"
    return f"{verdict.key}, as expected{reason}"

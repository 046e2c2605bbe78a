"""Verdicts: what the oracles say about a case.

The kinds stand in order of precedence: of several verdicts on one case the first kind
wins. A verdict that is not a finding and not `clean` says why in `detail`; for `poisoned`
that is one of the closed list `PoisonReason`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """What a verdict says, most severe first."""

    ESCAPE = "escape"
    RUNTIME_FAULT = "runtime-fault"
    MISMATCH = "mismatch"
    COMPILE_FAILURE = "compile-failure"
    HANG = "hang"
    POISONED = "poisoned"
    INCOMPLETE = "incomplete"
    CLEAN = "clean"

    @property
    def is_finding(self) -> bool:
        """Whether a gate fails on it."""
        return self not in (Kind.POISONED, Kind.INCOMPLETE, Kind.CLEAN)

    @property
    def is_decided(self) -> bool:
        """Whether the question was answered, either way."""
        return self.is_finding or self is Kind.CLEAN


class PoisonReason(StrEnum):
    """Why two executors may legitimately differ. A closed list: each has a test."""

    STACK_DEPTH = "stack depth"  # one of them ran out of stack, the other did not
    OUT_OF_FUEL = "out of fuel"  # the interpreter stopped after its share of operations
    INTERRUPT = "interrupt"  # a deadline passed
    ALLOCATION_LIMIT = "allocation limit"  # a memory or table reached the limit of the run
    NULL_BASE = "null base"  # a confused program dereferenced null plus something
    NAN_PAYLOAD = "NaN payload"  # both gave a NaN, with other bits
    HOST_CHOICE = "choice of the host"  # a program asked WASI for the time, random bytes or numbers of files


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one oracle, or all of them, say about one case.

    Attributes:
        kind: the verdict.
        oracle: who says so; empty for `clean`.
        detail: a short, stable token that groups like findings: a trap pair, a poison
            reason, an unsupported feature.
        evidence: what was seen, for people; one or more lines.
    """

    kind: Kind
    oracle: str = ""
    detail: str = ""
    evidence: str = ""

    @property
    def key(self) -> str:
        """What findings are grouped by: verdict, oracle and detail."""
        return ":".join(part for part in (self.kind.value, self.oracle, self.detail) if part)

    @property
    def key8(self) -> str:
        """Eight hexadecimal digits of the key's hash, for folder names."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:8]


CLEAN = Verdict(Kind.CLEAN)


def poisoned(reason: PoisonReason, oracle: str, evidence: str = "") -> Verdict:
    """The verdict for a difference that is nobody's fault."""
    return Verdict(Kind.POISONED, oracle, reason.value, evidence)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that takes precedence; the first of equals; `CLEAN` of none."""
    order = list(Kind)
    return min(verdicts, key=lambda verdict: order.index(verdict.kind), default=CLEAN)


def exit_code(kinds: Iterable[Kind]) -> int:
    """The exit code of a command that came to these verdicts: 1 with a finding, else 0."""
    return int(any(kind.is_finding for kind in kinds))

"""Statistics of a campaign, and the figures that keep them honest.

A campaign that decides everything but touches no memory proves nothing, so the shares of
cases with a memory access, an indirect call and a trap, and the median of executed
operations, stand beside the share of decided cases.
"""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.verdict import Kind

if TYPE_CHECKING:
    from harness.record import Record

LOW_MEDIAN_OPS = 100
"""Below this the generator is broken: its programs do nothing."""


@dataclass(slots=True)
class Statistics:
    """Counts over the records of a campaign."""

    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    generators: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    ops: list[int] = field(default_factory=list)
    with_access: int = 0
    with_indirect_call: int = 0
    with_trap: int = 0
    with_fault: int = 0
    module_bytes: int = 0

    def add(self, record: Record) -> None:
        """Counts one case."""
        kind = record.verdict.kind
        self.verdicts[kind.value] += 1
        if kind in (Kind.POISONED, Kind.INCOMPLETE):
            self.reasons[f"{kind.value}: {record.verdict.detail}"] += 1
        if record.generator:
            self.generators[record.generator] += 1
        for stage, seconds in record.seconds.items():
            self.seconds[stage] += seconds  # type: ignore[assignment]  # a Counter of floats
        self.ops.append(record.counts.ops)
        self.with_access += record.counts.accesses > 0
        self.with_indirect_call += record.counts.indirect_calls > 0
        self.with_trap += record.trapped
        self.with_fault += record.fault_triggered
        self.module_bytes += record.module_bytes

    @property
    def cases(self) -> int:
        """Cases done."""
        return len(self.ops)

    @property
    def decided(self) -> int:
        """Cases with an answer, clean or a finding."""
        return sum(count for kind, count in self.verdicts.items() if Kind(kind).is_decided)

    @property
    def findings(self) -> int:
        """Cases with a finding."""
        return sum(count for kind, count in self.verdicts.items() if Kind(kind).is_finding)

    @property
    def median_ops(self) -> int:
        """Median of the operations that the interpreter executed in a case."""
        return int(statistics.median(self.ops)) if self.ops else 0

    def share(self, count: int) -> float:
        """``count`` as a share of all cases, from 0 to 1."""
        return count / self.cases if self.cases else 0.0

    def to_json(self, elapsed: float) -> dict[str, Any]:
        """Everything, for machines; ``elapsed`` is in seconds."""
        return {
            "elapsed": round(elapsed, 3),
            "cases": self.cases,
            "decided": self.decided,
            "decided_share": round(self.share(self.decided), 4),
            "decided_per_second": round(self.decided / elapsed, 1) if elapsed else 0.0,
            "findings": self.findings,
            "verdicts": dict(sorted(self.verdicts.items())),
            "reasons": dict(self.reasons.most_common()),
            "generators": dict(sorted(self.generators.items())),
            "honesty": {
                "memory_access_share": round(self.share(self.with_access), 4),
                "indirect_call_share": round(self.share(self.with_indirect_call), 4),
                "trap_share": round(self.share(self.with_trap), 4),
                "median_ops": self.median_ops,
            },
            "fault_triggered": self.with_fault,
            "mean_module_bytes": self.module_bytes // self.cases if self.cases else 0,
            "seconds_by_stage": {stage: round(seconds, 3) for stage, seconds in sorted(self.seconds.items())},
        }

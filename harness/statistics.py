"""Statistics of a campaign, and the figures that keep them honest.

A campaign that decides everything but touches no memory proves nothing, so the shares of
cases with a memory access, an indirect call and a trap, and the median of executed
operations, stand beside the share of decided cases, and so does the share of those that
collect garbage: for the campaign, and for each generator.
Memory is bounded: nothing here grows with the number of cases but the kinds of
findings, none of which may go unseen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.coverage import Coverage
from harness.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.record import Record

LOW_MEDIAN_OPS = 100
"""Below this the generator is broken: its programs do nothing."""

LOW_DECIDED_SHARE = 0.8
"""Below this a gate refuses to answer; a generator below it wastes its cases."""

MOST_REASONS = 100
"""More reasons than these are counted as one: they may hold what a module names."""

OTHER_REASONS = "other reasons"

ENOUGH_CASES = 50
"""A generator is judged from here on."""


@dataclass(slots=True)
class Tally:
    """What cases came to, and whether they did anything.

    Attributes:
        counted: cases that the interpreter had a part in. Only it counts what a program
            does, so shares of what programs do are shares of these.
    """

    cases: int = 0
    decided: int = 0
    findings: int = 0
    counted: int = 0
    with_access: int = 0
    with_indirect_call: int = 0
    with_collection: int = 0
    with_trap: int = 0
    with_plan: int = 0
    with_triggered_plan: int = 0
    planned: int = 0
    triggered: int = 0
    scheduled: int = 0
    written: int = 0
    to_translate: int = 0
    translated: int = 0
    module_bytes: int = 0
    ops: Histogram = field(default_factory=Histogram)

    def add(self, record: Record) -> None:
        """Counts one case."""
        self.cases += 1
        self.decided += record.verdict.kind.is_decided
        self.findings += record.verdict.kind.is_finding
        self.with_trap += record.trapped
        self.with_plan += record.planned > 0
        self.with_triggered_plan += record.triggered > 0
        self.planned += record.planned
        self.triggered += record.triggered
        self.scheduled += record.scheduled
        self.written += record.written
        self.to_translate += record.untranslated is not None
        self.translated += record.untranslated == ""
        self.module_bytes += record.module_bytes
        if record.counts is not None:
            self.counted += 1
            self.with_access += record.counts.accesses > 0
            self.with_indirect_call += record.counts.indirect_calls > 0
            self.with_collection += record.counts.collections > 0
            self.ops.add(record.counts.ops)

    def share(self, count: int) -> float:
        """``count`` as a share of all cases, from 0 to 1."""
        return count / self.cases if self.cases else 0.0

    @property
    def access_share(self) -> float:
        """Share of the counted cases that access memory, from 0 to 1."""
        return self.with_access / self.counted if self.counted else 0.0

    @property
    def indirect_call_share(self) -> float:
        """Share of the counted cases that call indirectly, from 0 to 1."""
        return self.with_indirect_call / self.counted if self.counted else 0.0

    @property
    def collection_share(self) -> float:
        """Share of the counted cases in which garbage was collected, from 0 to 1."""
        return self.with_collection / self.counted if self.counted else 0.0

    @property
    def does_little(self) -> bool:
        """Whether the programs do next to nothing."""
        return self.counted > 0 and self.ops.median < LOW_MEDIAN_OPS

    @property
    def weakness(self) -> str:
        """Why these cases are worth little, in words; empty while there is nothing to say."""
        if not self.cases:
            return "no case at all"
        if self.cases < ENOUGH_CASES:
            return ""
        if self.share(self.decided) < LOW_DECIDED_SHARE:
            return f"fewer than {LOW_DECIDED_SHARE:.0%} decided"
        if self.does_little:
            return f"fewer than {LOW_MEDIAN_OPS} ops"
        return ""

    def honesty(self) -> dict[str, Any]:
        """The figures that say whether the cases mean anything; some only where there are such cases."""
        plans = {
            "plan_triggered_share": round(self.with_triggered_plan / max(self.with_plan, 1), 4),
            "entry_triggered_share": round(self.triggered / max(self.planned, 1), 4),
        }
        schedules = {"written_share": round(self.written / max(self.scheduled, 1), 4)}
        translations = {"translated_share": round(self.translated / max(self.to_translate, 1), 4)}
        optional = (plans if self.with_plan else {}) | (schedules if self.scheduled else {})
        optional |= translations if self.to_translate else {}
        return optional | {
            "memory_access_share": round(self.access_share, 4),
            "indirect_call_share": round(self.indirect_call_share, 4),
            "collection_share": round(self.collection_share, 4),
            "trap_share": round(self.share(self.with_trap), 4),
            "median_ops": self.ops.median,
        }

    def to_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "cases": self.cases,
            "decided": self.decided,
            "decided_share": round(self.share(self.decided), 4),
            "findings": self.findings,
            "honesty": self.honesty(),
            "mean_module_bytes": self.module_bytes // self.cases if self.cases else 0,
        }


@dataclass(slots=True)
class FindingKey:
    """Findings that are told apart by nothing but their case.

    Attributes:
        first_case: index of the first.
        first_seen: seconds into the campaign.
    """

    first_case: int
    first_seen: float
    cases: int = 0


@dataclass(slots=True)
class Statistics:
    """Counts over the records of a campaign.

    Attributes:
        total: over all cases.
        generators: over the cases of each.
        oracles: cases that each oracle had the last word on, other than `clean`.
        reasons: why cases are undecided.
        untranslated: why programs in CLIF were not written as Wasm for a reference.
        keys: findings by key, the newest key last.
        seconds: by stage.
        corpus: how many seeds the generators draw from.
        native: where native code runs.
        ends: worker processes that were replaced, by cause; the pool counts them.
        elsewhere: runs that repeated another one, by the way in which they did, or did not.
    """

    total: Tally = field(default_factory=Tally)
    generators: dict[str, Tally] = field(default_factory=dict)
    verdicts: Counter[str] = field(default_factory=Counter)
    oracles: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    untranslated: Counter[str] = field(default_factory=Counter)
    keys: dict[str, FindingKey] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    coverage: Coverage = field(default_factory=Coverage)
    with_fault: int = 0
    corpus: int = 0
    native: str = "in-process"
    ends: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)

    def expect(self, generators: Iterable[str]) -> None:
        """Names the generators, so that one that makes nothing is seen."""
        for name in generators:
            self.generators.setdefault(name, Tally())

    def add(self, record: Record, elapsed: float = 0.0) -> None:
        """Counts one case, done ``elapsed`` seconds into the campaign."""
        verdict = record.verdict
        self.total.add(record)
        if record.generator:
            self.generators.setdefault(record.generator, Tally()).add(record)
        self.verdicts[verdict.kind.value] += 1
        if verdict.oracle:
            self.oracles[verdict.oracle] += 1
        if not verdict.kind.is_decided:
            _count(self.reasons, f"{verdict.kind.value}: {verdict.detail}")
        if record.untranslated:
            _count(self.untranslated, record.untranslated)
        if verdict.kind.is_finding:
            self.keys.setdefault(verdict.key, FindingKey(record.index, elapsed)).cases += 1
        for stage, seconds in record.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
        self.coverage.add(record.census)
        self.with_fault += record.fault_triggered
        self.elsewhere.update(record.elsewhere)

    @property
    def cases(self) -> int:
        """Cases done."""
        return self.total.cases

    @property
    def decided(self) -> int:
        """Cases with an answer, clean or a finding."""
        return self.total.decided

    @property
    def findings(self) -> int:
        """Cases with a finding."""
        return self.total.findings

    @property
    def newest_key(self) -> tuple[str, FindingKey] | None:
        """The key that was seen last for the first time."""
        return next(reversed(self.keys.items()), None)

    def weakness(self, generator: str) -> str:
        """Why a generator's cases are worth little, in words; empty while there is nothing to say."""
        return self.generators[generator].weakness if self.cases >= ENOUGH_CASES else ""

    def to_json(self, elapsed: float) -> dict[str, Any]:
        """Everything for machines: a line of `stats.jsonl`. ``elapsed`` is in seconds."""
        return {
            "elapsed": round(elapsed, 3),
            **self.total.to_json(),
            "decided_per_second": round(self.decided / elapsed, 1) if elapsed else 0.0,
            "verdicts": dict(sorted(self.verdicts.items())),
            "oracles": dict(sorted(self.oracles.items())),
            "reasons": dict(self.reasons.most_common()),
            "untranslated": dict(self.untranslated.most_common()),
            "generators": {
                name: tally.to_json() | {"weakness": self.weakness(name)}
                for name, tally in sorted(self.generators.items())
            },
            "keys": {key: _key_json(found) for key, found in self.keys.items()},
            "corpus": self.corpus,
            "native": self.native,
            "covered": {name: reached for name, (reached, _) in self.coverage.shares().items()},
            "fault_triggered": self.with_fault,
            "elsewhere": dict(sorted(self.elsewhere.items())),
            "workers_replaced": dict(sorted(self.ends.items())),
            "seconds_by_stage": {stage: round(seconds, 3) for stage, seconds in sorted(self.seconds.items())},
            "coverage": self.coverage.to_json(),
        }


def _count(reasons: Counter[str], reason: str) -> None:
    known = reason in reasons or len(reasons) < MOST_REASONS
    reasons[reason if known else OTHER_REASONS] += 1


def _key_json(found: FindingKey) -> dict[str, Any]:
    return {"cases": found.cases, "first_case": found.first_case, "first_seen": round(found.first_seen, 3)}

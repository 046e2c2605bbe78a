"""What a gate came to, as data; the writers beside this module say it in other formats.

A gate that could not look gives no answer: when it was interrupted, failed, ran no case,
or decided too few of them, its exit code is 3 whatever else it saw, since a green or red that
rests on less is not the same from run to run. What it saw is reported all the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from harness.gate.judgement import Status, judge
from harness.printable import printable
from harness.statistics import LOW_DECIDED_SHARE, Statistics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.gate.judgement import Result


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a gate.

    Attributes:
        results: replayed cases in the order of their files, then findings among the
            generated cases in the order of their first case.
        replayed: statistics of the replayed cases.
        fuzzed: statistics of the generated cases.
        seed: of the generated cases.
        folder: the output folder of the campaign; `None` if there was none.
        seconds: how long it all took.
        failure: the error of the environment that ended it, or kept it from storing
            what it found; empty if there was none.
        notes: what else a reader should know, a line each.
    """

    results: tuple[Result, ...] = ()
    replayed: Statistics = field(default_factory=Statistics)
    fuzzed: Statistics = field(default_factory=Statistics)
    seed: int = 0
    folder: Path | None = None
    seconds: float = 0.0
    interrupted: bool = False
    failure: str = ""
    notes: tuple[str, ...] = ()

    @property
    def cases(self) -> int:
        """Cases done."""
        return self.replayed.cases + self.fuzzed.cases

    @property
    def decided_share(self) -> float:
        """The share of cases that came to an answer, from 0 to 1; 0 of none."""
        return (self.replayed.decided + self.fuzzed.decided) / self.cases if self.cases else 0.0

    @property
    def failed(self) -> list[Result]:
        """What makes the gate red."""
        return [result for result in self.results if result.status is Status.FAILED]

    @property
    def acceptable(self) -> list[Result]:
        """Those failures that a baseline can accept: findings of cases that expect nothing."""
        return [result for result in self.failed if not result.judgement.expected]

    def accepting(self, accepted: Mapping[str, str]) -> Report:
        """The report as it is under another baseline."""
        judged = {id(result): judge(result.verdict, None, accepted) for result in self.acceptable}
        results = (replace(result, judgement=judged.get(id(result), result.judgement)) for result in self.results)
        return replace(self, results=tuple(results))

    @property
    def counts(self) -> Counter[str]:
        """Cases by status; generated cases without a finding count by their verdict."""
        counts: Counter[str] = Counter()
        for result in self.results:
            counts[result.status.value] += result.cases
        undecided = self.fuzzed.cases - self.fuzzed.decided
        counts[Status.UNDECIDED.value] += undecided
        counts[Status.PASSED.value] += self.fuzzed.cases - self.fuzzed.findings - undecided
        return +counts

    @property
    def shortfall(self) -> str:
        """Why the gate has no answer, in printable text; empty if it has one."""
        if self.interrupted:
            return "it was interrupted"
        if self.failure:
            return f"the machine failed it: {printable(self.failure)}"
        if not self.cases:
            return "it ran no case"
        if self.decided_share < LOW_DECIDED_SHARE:
            return f"it decided {self.decided_share:.1%} of the cases, fewer than {LOW_DECIDED_SHARE:.0%}"
        return ""

    @property
    def exit_code(self) -> int:
        """0 clean, 1 a finding or a changed case, 3 no answer."""
        return 3 if self.shortfall else int(bool(self.failed))

    @property
    def headline(self) -> str:
        """The outcome on one line."""
        if self.shortfall:
            return f"gate: no answer: {self.shortfall}"
        return f"gate: {'failed' if self.failed else 'passed'}"

"""Two contestants on the same jobs, turn by turn.

Turns alternate, so that whatever else the machine does hits both; medians stand for the
rounds, which are fewer where a program takes long. Both must give the same answer, else a
ratio would compare different work.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.engines import Contestant
    from tests.bench.programs import Job


LEAST_ROUNDS = 3
BUDGET_S = 10.0


@dataclass(frozen=True, slots=True)
class Score:
    """Medians of one job, in seconds."""

    job: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Our time as a multiple of theirs: below 1 is faster."""
        return self.ours / self.theirs


def duel(ours: Contestant, theirs: Contestant, jobs: Sequence[Job], rounds: int) -> Iterator[Score]:
    """Scores every job, after a round to warm up.

    Raises:
        ValueError: the contestants answer differently.
    """
    for job in jobs:
        answers = [contestant.time(job).answer for contestant in (ours, theirs)]
        if answers[0] != answers[1]:
            raise ValueError(f"{job.name}: {answers[0]} here, {answers[1]} in Wasmtime")
        turns: list[tuple[float, float]] = []
        while len(turns) < min(rounds, LEAST_ROUNDS) or (len(turns) < rounds and _spent(turns) < BUDGET_S):
            turns.append((ours.time(job).seconds, theirs.time(job).seconds))
        yield Score(job.name, *map(statistics.median, zip(*turns, strict=True)))


def _spent(turns: Sequence[tuple[float, float]]) -> float:
    return sum(map(sum, turns))


def geometric_mean(scores: Sequence[Score]) -> float:
    """The mean of the ratios, each as much as its inverse."""
    return math.exp(statistics.fmean(math.log(score.ratio) for score in scores))

"""Whole programs in our executors and in Wasmtime: time to compile, time to run, memory.

Turns alternate and each is a process of its own. The least of the turns stands for all, since a
busy machine only adds to a time. Programs that take long get fewer turns.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.contender import Cost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.whole_programs import WholeProgram

BUDGET_S = 15.0
TIMEOUT_S = 600
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ProgramScore:
    """What a program took of both, and the ratios: ours divided by theirs."""

    program: str
    ours: Cost
    theirs: Cost

    @property
    def compile(self) -> float:
        """Ratio of the times to compile."""
        return self.ours.compile / self.theirs.compile

    @property
    def run(self) -> float:
        """Ratio of the times to run."""
        return self.ours.run / self.theirs.run

    @property
    def memory(self) -> float:
        """Ratio of the peaks of memory."""
        return self.ours.memory / self.theirs.memory


def program_duel(ours: str, theirs: str, programs: Sequence[WholeProgram], turns: int) -> Iterator[ProgramScore]:
    """Scores every program that both run; what our engine does not support has no score.

    Raises:
        RuntimeError: a program printed something else than it should, or failed.
    """
    for program in programs:
        costs: list[tuple[Cost, Cost]] = []
        while not costs or (len(costs) < turns and _spent(costs) < BUDGET_S):
            costs.append((_cost(ours, program), _cost(theirs, program)))
        mine, other = zip(*costs, strict=True)
        yield ProgramScore(program.name, least(mine), least(other))


def least(costs: Sequence[Cost]) -> Cost:
    """The least of each."""
    return Cost(
        min(cost.compile for cost in costs), min(cost.run for cost in costs), min(cost.memory for cost in costs)
    )


def table(title: str, scores: Sequence[ProgramScore]) -> list[str]:
    """The scores as lines, with geometric means and the worst."""
    lines = [f"{title:<34}{'compile ms':>14}{'run ms':>18}{'memory MiB':>16}"]
    for score in scores:
        ours, theirs = score.ours, score.theirs
        lines.append(
            f"  {score.program:<20}"
            f"{ours.compile * 1e3:>9.1f}{theirs.compile * 1e3:>9.1f}{score.compile:>6.2f}"
            f"{ours.run * 1e3:>11.1f}{theirs.run * 1e3:>10.1f}{score.run:>6.2f}"
            f"{ours.memory / MIB:>8.1f}{theirs.memory / MIB:>8.1f}{score.memory:>6.2f}"
        )
    means = [_mean([getattr(score, name) for score in scores]) for name in ("compile", "run", "memory")]
    worst = max(scores, key=lambda score: score.run)
    lines += [
        f"  {'geometric mean':<20}{means[0]:>24.2f}{means[1]:>27.2f}{means[2]:>22.2f}",
        f"  worst to run: {worst.program}, {worst.run:.2f}",
    ]
    return lines


def _mean(ratios: Sequence[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def _spent(costs: Sequence[tuple[Cost, Cost]]) -> float:
    return sum(cost.compile + cost.run for pair in costs for cost in pair)


def _cost(name: str, program: WholeProgram) -> Cost:
    command = [sys.executable, "-m", "tests.bench.contender", name, program.name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{program.name} in {name}: {done.stderr.strip()}")
    return Cost(**json.loads(done.stdout))
